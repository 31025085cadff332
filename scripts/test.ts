/**
 * `npm test`: every *.test.ts of the tree but *.real.test.ts, integration tests on the sandbox. Arguments are passed to Node's runner, or name test files
 * to run instead of all, e.g. `npm test -- src/kube/reflector.test.ts` or `npm test -- --test-name-pattern=lanes`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('-') && existsSync(arg));
const flags = args.filter((arg) => !files.includes(arg));
const everything = ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/!(*.real).test.ts', 'scripts/**/*.test.ts'];

// Node leaves one core free, which on two cores is half the machine.
const AT_ONCE = `--test-concurrency=${availableParallelism()}`;
const run = spawnSync(
  process.execPath,
  ['--test', '--test-timeout=120000', AT_ONCE, ...flags, ...(files.length > 0 ? files : everything)],
  {
    stdio: 'inherit',
    env: { ...process.env, TZ: 'UTC' },
  },
);
process.exit(run.status ?? 1);
