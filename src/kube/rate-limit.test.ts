import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { RateLimit } from './rate-limit.ts';

test('lets a burst pass at once and the rest in turn', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit({ qps: 10, burst: 2, clock });
  const passed: number[] = [];
  for (let i = 0; i < 5; i++) void limit.take().then(() => passed.push(i));
  await clock.advance(0);
  assert.deepEqual(passed, [0, 1]);
  await clock.advance(100);
  assert.deepEqual(passed, [0, 1, 2]);
  await clock.advance(200);
  assert.deepEqual(passed, [0, 1, 2, 3, 4]);
});

test('fills up again while nothing happens, never beyond the burst', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit({ qps: 1, burst: 2, clock });
  assert.deepEqual([limit.tryTake(), limit.tryTake(), limit.tryTake()], [true, true, false]);
  await clock.advance(60_000);
  assert.deepEqual([limit.tryTake(), limit.tryTake(), limit.tryTake()], [true, true, false]);
});

test('who gives up waiting leaves no timer and hands the turn back', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit({ qps: 1, burst: 1, clock });
  const abort = new AbortController();
  await limit.take();
  const waiting = limit.take(abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  assert.equal(clock.pendingTimers, 0);
  await clock.advance(1000);
  assert.equal(limit.tryTake(), true);
});
