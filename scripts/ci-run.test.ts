/** `.ci/run` with an npm that only pretends: what it runs, what it adds up, what it says and how it ends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const SCRIPT = new URL('../.ci/run', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ci-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// `npm test` is asked as `test`, scripts as `run [--silent] <script>`; what a script does is a shell function's body in a variable.
const NPM = `#!/bin/sh
for script; do :; done
variable=$(echo "$script" | tr ':' '_')
eval "behaviour=\\\${$variable-}"
eval "$behaviour"
`;
mkdirSync(join(folder, '.ci'));
mkdirSync(join(folder, 'bin'));
cpSync(SCRIPT, join(folder, '.ci/run'));
writeFileSync(join(folder, 'bin/npm'), NPM, { mode: 0o755 });
spawnSync('git', ['init', '--quiet'], { cwd: folder });

const counts = (pass: number, fail: number): string =>
  `printf 'ℹ tests ${pass + fail}\\nℹ pass ${pass}\\nℹ fail ${fail}\\nℹ cancelled 0\\n';`;
const good = { test: counts(100, 0), test_e2e: counts(20, 0), test_cluster: counts(3, 0) };

/** @param scripts what each of npm's scripts does, in shell; one without counts is only its exit status */
function ci(scripts: Readonly<Record<string, string>>): { status: number | null; said: string; last: string } {
  const env = { ...process.env, ...scripts, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
  const { status, stdout } = spawnSync('bash', ['.ci/run'], { cwd: folder, env, encoding: 'utf8' });
  return { status, said: stdout, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

test('all suites and three steps are added up in the last line', () => {
  const { status, last } = ci(good);
  assert.deepEqual([status, last], [0, '126 passed, 0 failed']);
});

test('each suite and each step can fail the run, and the others go on', () => {
  assert.deepEqual(
    [
      { test: `${counts(98, 2)} exit 1` },
      { types: 'exit 2' },
      { generate: 'touch changed' },
      { test_e2e: 'echo cannot start; exit 1' },
      { test_cluster: `${counts(2, 1)} exit 1` },
      { test_cluster: 'exit 1' },
      { test_cluster: counts(0, 0) },
    ].map((bad) => {
      const { status, last } = ci({ ...good, ...bad });
      rmSync(join(folder, 'changed'), { force: true });
      return [status, last];
    }),
    [
      [1, '124 passed, 2 failed'],
      [1, '125 passed, 1 failed'],
      [1, '125 passed, 1 failed'],
      [1, '106 passed, 1 failed'],
      [1, '125 passed, 1 failed'],
      [1, '123 passed, 1 failed'],
      [1, '123 passed, 1 failed'],
    ],
  );
});

test('a machine that cannot run a node has that suite skipped, loudly', () => {
  const { status, said, last } = ci({ ...good, test_cluster: 'echo needs Linux; exit 75' });
  assert.deepEqual([status, last], [0, '123 passed, 0 failed']);
  assert.match(said, /needs Linux\n== npm run test:cluster SKIPPED/);
});

test('the suites that wait run side by side, and are read one after the other', () => {
  const meet = (own: string, other: string): string =>
    `touch ${own}; for i in $(seq 400); do [ -e ${other} ] && break; sleep 0.05; done; [ -e ${other} ] || exit 1;`;
  const { status, said } = ci({
    ...good,
    test_cluster: `${meet('c', 'e')} echo cluster speaks; ${good.test_cluster}`,
    test_e2e: `${meet('e', 'c')} echo e2e speaks; ${good.test_e2e}`,
  });
  assert.equal(status, 0);
  assert.match(said, /== npm run test:e2e\ne2e speaks\n[^=]*== npm run test:cluster\ncluster speaks/);
});
