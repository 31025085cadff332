/**
 * `npm test`: every *.test.ts of the tree but *.real.test.ts, integration tests on the sandbox. Arguments are passed to Node's runner, or name test files
 * to run instead of all, e.g. `npm test -- src/kube/reflector.test.ts` or `npm test -- --test-name-pattern=lanes`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { compileCache } from './compile-cache.ts';
import { withSecondChance, type RunFiles } from './second-chance.ts';

const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('-') && existsSync(arg));
const flags = args.filter((arg) => !named.includes(arg));
const everything = ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/!(*.real).test.ts', 'scripts/**/*.test.ts'];
const files = named.length > 0 ? named : everything;

const env = { ...process.env, ...compileCache, TZ: 'UTC' };

const runFiles: RunFiles = async (more, chosen, atOnce) => {
  const runner = ['--test', '--test-timeout=120000', `--test-concurrency=${atOnce}`, ...flags, ...more, ...chosen];
  return spawnSync(process.execPath, runner, { stdio: 'inherit', env }).status ?? 1;
};

// All cores, where Node would leave one free, and one more: every file waits for something now and then.
const atOnce = availableParallelism() + 1;
process.exit(await (process.env['CI'] ? withSecondChance(runFiles, files, atOnce) : runFiles([], files, atOnce)));
