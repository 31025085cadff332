/**
 * Where the running parts are: written to a file by whoever starts them, read by every test file. The path of that file
 * is in an environment variable, because each test file is a process of its own. There may be several sets of parts, so that as
 * many test files run at the same time; a test file takes one that is free and has it to its end.
 */
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { tryLock } from './lock.ts';

export interface RealParts {
  /** The API server, e.g. `https://127.0.0.1:40001`, and the file that proves its certificate. */
  readonly server: string;
  readonly caFile: string;
  /** A token with all rights. */
  readonly adminToken: string;
  readonly etcd: string;
  readonly vault: string;
  readonly vaultRootToken: string;
  readonly moto: string;
  /** Stops and starts parts on request, see `control.ts`. */
  readonly control: string;
  /** The kubectl program. */
  readonly kubectl: string;
  /** The helm programs by major version. */
  readonly helm: { readonly 3: string; readonly 4: string };
  /** What the operator's accounts asked the API server for, see `audit.ts`. */
  readonly auditLog: string;
  /** For files that last as long as the parts do. */
  readonly folder: string;
}

export const DESCRIPTION_VARIABLE = 'EXTERNAL_SECRETS_REAL_PARTS_FILE';

let taken: string | undefined;

/** @throws when the parts were not started by `npm run test:e2e`, or others have them all. */
export function readDescription(env: NodeJS.ProcessEnv = process.env): RealParts {
  const files = env[DESCRIPTION_VARIABLE];
  if (!files) throw new Error(`${DESCRIPTION_VARIABLE} is not set: start this through "npm run test:e2e"`);
  taken ??= takeOne(files.split(delimiter));
  return JSON.parse(readFileSync(taken, 'utf8')) as RealParts;
}

const LONGEST_WAIT_MS = 60_000;
const POLL_MS = 100;

/** Waits in vain for nobody: the test file before us may just be ending. */
function takeOne(files: readonly string[]): string {
  for (let waited = 0; waited < LONGEST_WAIT_MS; waited += POLL_MS) {
    const free = files.find((file) => tryLock(`${file}.lock`) === undefined);
    if (free !== undefined) return free;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  throw new Error('more test files run at the same time than there are sets of parts');
}
