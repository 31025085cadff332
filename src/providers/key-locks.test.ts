import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLocks, LostRaceError } from './key-locks.ts';

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

test('work that loses its race begins anew, in its turn, and gives up in the end', async () => {
  const locks = new KeyLocks();
  const seen: string[] = [];
  const racing = locks.compareAndSet('k', signal, async () => {
    seen.push('first');
    if (seen.length < 3) throw new LostRaceError('somebody else');
    return seen.length;
  });
  const next = locks.run('k', signal, async () => seen.push('second'));
  assert.equal(await racing, 3);
  await next;
  assert.deepEqual(seen, ['first', 'first', 'first', 'second']);
  let tries = 0;
  const hopeless = locks.compareAndSet('k', signal, async () => {
    tries++;
    throw new LostRaceError('somebody else');
  });
  await assert.rejects(hopeless, LostRaceError);
  assert.equal(tries, 10);
});

test('work that fails otherwise is not begun anew', async () => {
  let tries = 0;
  const work = async (): Promise<never> => {
    tries++;
    throw new Error('denied');
  };
  await assert.rejects(new KeyLocks().compareAndSet('k', signal, work), /denied/);
  assert.equal(tries, 1);
});
