/**
 * Where the running parts are: written to a file by whoever starts them, read by every test file. The path of that file
 * is in an environment variable, because each test file is a process of its own.
 */
import { readFileSync } from 'node:fs';

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

/** @throws when the parts were not started by `npm run test:e2e`. */
export function readDescription(env: NodeJS.ProcessEnv = process.env): RealParts {
  const file = env[DESCRIPTION_VARIABLE];
  if (!file) throw new Error(`${DESCRIPTION_VARIABLE} is not set: start this through "npm run test:e2e"`);
  return JSON.parse(readFileSync(file, 'utf8')) as RealParts;
}
