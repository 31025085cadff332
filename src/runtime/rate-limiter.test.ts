import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureScale, outageScale, RateLimiter } from './rate-limiter.ts';

describe('the backoff of a key', () => {
  it('doubles from one second to seven minutes', () => {
    const limiter = new RateLimiter(failureScale, () => 0);
    const delays = Array.from({ length: 11 }, () => limiter.next('a') / 1000);
    assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 420, 420]);
    assert.equal(limiter.failures('a'), 11);
  });

  it('is its own: another key starts at one second', () => {
    const limiter = new RateLimiter(failureScale, () => 0);
    limiter.next('a');
    limiter.next('a');
    assert.equal(limiter.next('b'), 1000);
  });

  it('starts again when the key is forgotten', () => {
    const limiter = new RateLimiter(failureScale, () => 0);
    limiter.next('a');
    limiter.next('a');
    limiter.forget('a');
    assert.equal(limiter.failures('a'), 0);
    assert.equal(limiter.next('a'), 1000);
  });

  it('is shortened by at most a tenth by chance', () => {
    assert.equal(new RateLimiter(failureScale, () => 0.5).next('a'), 950);
    assert.ok(new RateLimiter(failureScale, () => 0.999_999).next('a') > 900);
  });

  it('stays finite after very many failures', () => {
    const limiter = new RateLimiter(failureScale, () => 0);
    for (let i = 0; i < 2000; i++) limiter.next('a');
    assert.equal(limiter.next('a'), 420_000);
  });

  it('never exceeds 20 s during an outage', () => {
    const limiter = new RateLimiter(outageScale, () => 0);
    const delays = Array.from({ length: 7 }, () => limiter.next('a') / 1000);
    assert.deepEqual(delays, [1, 2, 4, 8, 16, 20, 20]);
  });
});
