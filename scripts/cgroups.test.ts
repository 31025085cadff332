import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { removeCgroups } from './cgroups.ts';

/** A folder of groups; one that holds something cannot be removed, like a group with a process. */
function groups(t: TestContext, ...names: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'groups-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of names) mkdirSync(join(root, 'k8s.io', name), { recursive: true });
  return join(root, 'k8s.io');
}

test('groups without processes go at once, and then what held them', async (t) => {
  const parent = groups(t, 'one', 'two');
  await removeCgroups([parent], () => assert.fail('nothing to wait for'));
  assert.ok(!existsSync(parent));
});

test('a group whose last process is just ending goes a moment later', async (t) => {
  const parent = groups(t, 'ending/process', 'empty');
  let pauses = 0;
  await removeCgroups([parent], async () => {
    if (++pauses === 3) rmdirSync(join(parent, 'ending', 'process'));
  });
  assert.equal(pauses, 3);
  assert.ok(!existsSync(parent));
});

test('a group in use stays, and so does one that somebody else makes meanwhile', async (t) => {
  const parent = groups(t, 'used/process');
  let pauses = 0;
  await removeCgroups([parent], async () => {
    if (++pauses === 1) mkdirSync(join(parent, 'new'));
  });
  assert.ok(pauses > 1 && pauses < 20);
  assert.ok(existsSync(join(parent, 'used')) && existsSync(join(parent, 'new')));
});

test('a machine without containerd’s groups is left at once', () =>
  removeCgroups([join(tmpdir(), 'no-such-folder')], () => assert.fail('nothing to wait for')));
