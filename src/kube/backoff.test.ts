import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('pauses double from 0.8 s to 30 s and start again after a success', () => {
  const backoff = new Backoff({ random: () => 0 });
  const pauses = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(pauses, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  backoff.reset();
  assert.equal(backoff.next(), 800);
});

test('jitter shortens a pause by up to a quarter', () => {
  const backoff = new Backoff({ random: () => 0.999 });
  const pause = backoff.next();
  assert.ok(pause >= 600 && pause < 602, String(pause));
});
