import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLocks } from './key-locks.ts';

const { signal } = new AbortController();

test('work for one key runs one after another, in order, also after a failure', async () => {
  const locks = new KeyLocks();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = locks.run('a', signal, async () => {
    seen.push('first in');
    await gate.promise;
    seen.push('first out');
    throw new Error('first fails');
  });
  const second = locks.run('a', signal, async () => void seen.push('second'));
  await locks.run('b', signal, async () => void seen.push('other key'));
  gate.resolve();
  await assert.rejects(first, /first fails/);
  await second;
  assert.deepEqual(seen, ['first in', 'other key', 'first out', 'second']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(locks.size, 0);
});

test('who gives up waiting is told why, and those behind still wait for the first', async () => {
  const locks = new KeyLocks();
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const seen: string[] = [];
  const first = locks.run('a', signal, () => gate.promise);
  const second = locks.run('a', controller.signal, async () => void seen.push('second'));
  const third = locks.run('a', signal, async () => void seen.push('third'));
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(second, reason);
  assert.deepEqual(seen, []);
  gate.resolve();
  await Promise.all([first, third]);
  assert.deepEqual(seen, ['third']);
});
