import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { withSecondChance, type RunFiles } from './second-chance.ts';

/** A run in which `failing` of the files fail: at each try the next list. */
function runner(...failing: readonly (readonly string[])[]): {
  readonly run: RunFiles;
  readonly calls: (readonly [readonly string[], number])[];
} {
  const calls: [readonly string[], number][] = [];
  const run: RunFiles = async (flags, files, atOnce) => {
    const failed = failing[calls.length] ?? [];
    calls.push([files, atOnce]);
    const destinations = flags.filter((flag) => flag.startsWith('--test-reporter-destination='));
    const lines = failed.map((file) => JSON.stringify({ file }));
    writeFileSync(destinations.at(-1)!.split('=')[1]!, lines.map((line) => `${line}\n`).join(''));
    return failed.length === 0 ? 0 : 1;
  };
  return { run, calls };
}

test('what passes at once is run once', async () => {
  const { run, calls } = runner([]);
  assert.equal(await withSecondChance(run, ['a', 'b'], 2), 0);
  assert.deepEqual(calls, [[['a', 'b'], 2]]);
});

test('a file that fails is run again by itself, and that decides', async (t) => {
  t.mock.method(console, 'log', () => {});
  const lucky = runner(['b'], []);
  assert.equal(await withSecondChance(lucky.run, ['a', 'b'], 2), 0);
  assert.deepEqual(lucky.calls.at(-1), [['b'], 1]);
  const broken = runner(['b'], ['b']);
  assert.equal(await withSecondChance(broken.run, ['a', 'b'], 2), 1);
});

test('many failing files are no accident', async () => {
  const { run, calls } = runner(['a', 'b', 'c', 'd', 'e', 'f'], []);
  assert.equal(await withSecondChance(run, ['all'], 2), 1);
  assert.equal(calls.length, 1);
});
