import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('quickstart.ts', import.meta.url));

test('the quickstart shows a secret synced, rotated and explained, plainly in a pipe and without a value', () => {
  const run = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(run.status, 0, run.stderr);
  for (const expected of [
    /database .*aws +5s +SecretSynced +True/,
    /\(14 bytes\)[\s\S]*\(25 bytes\)/,
    /property "pasword"/,
    /sync_calls_total/,
  ]) {
    assert.match(run.stdout, expected);
  }
  assert.ok(!run.stdout.includes('\u001b'), 'colours in a pipe');
  assert.doesNotMatch(run.stdout, /first-password|a-new-and-longer-password|pk_live/);
});

test('values are shown when asked for', () => {
  const run = spawnSync(process.execPath, [script, '--show-values'], { encoding: 'utf8', timeout: 60_000 });
  assert.match(run.stdout, /first-password[\s\S]*a-new-and-longer-password/);
});
