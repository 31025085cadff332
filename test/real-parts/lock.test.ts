import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));
after(() => rmSync(folder, { recursive: true }));

test('only one holds the lock at a time, and the other is told who has it', async () => {
  const file = join(folder, 'one.lock');
  const order: string[] = [];
  const told: number[] = [];
  const release = Promise.withResolvers<void>();
  const first = withLock(file, async () => {
    order.push('first in');
    await release.promise;
    order.push('first out');
  });
  const second = withLock(
    file,
    async () => void order.push('second in'),
    (pid) => {
      told.push(pid);
      release.resolve();
    },
  );
  await Promise.all([first, second]);
  assert.deepEqual(order, ['first in', 'first out', 'second in']);
  assert.deepEqual(told, [process.pid]);
  assert.equal(existsSync(file), false);
});

test('a lock whose owner is gone is taken over', async () => {
  const file = join(folder, 'dead.lock');
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(file, String(pid));
  assert.equal(await withLock(file, async () => 'done'), 'done');
});

test('the lock is released when the work fails', async () => {
  const file = join(folder, 'failing.lock');
  await assert.rejects(
    withLock(file, () => Promise.reject(new Error('no disk'))),
    /no disk/,
  );
  assert.equal(existsSync(file), false);
});
