import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRetried, nextWaitMs, retryPolicy } from './retry.ts';

describe('retries', () => {
  it('are two by default, with 1.0 to 1.5 s between them', () => {
    const policy = retryPolicy(undefined);
    assert.equal(policy.maxRetries, 2);
    assert.deepEqual(
      [0, 1].map((draw) => nextWaitMs(policy, undefined, () => draw)),
      [1000, 1500],
    );
  });

  it('follow retrySettings: none without maxRetries, a fixed wait with retryInterval', () => {
    assert.equal(retryPolicy({}).maxRetries, 0);
    assert.equal(retryPolicy({ retryIntervalMs: 10 }).maxRetries, 0);
    assert.equal(
      nextWaitMs(retryPolicy({ maxRetries: 4, retryIntervalMs: 300 }), undefined, () => 0.7),
      300,
    );
  });

  it('wait as long as Vault asks, but hold no slot for long', () => {
    const policy = retryPolicy(undefined);
    assert.equal(
      nextWaitMs(policy, 3000, () => 0),
      3000,
    );
    assert.equal(
      nextWaitMs(policy, 60_000, () => 0),
      undefined,
    );
  });

  for (const [status, expected] of [
    [200, false],
    [400, false],
    [403, false],
    [404, false],
    [412, true],
    [429, true],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
  ] as const)
    it(`${status}: ${expected ? 'again' : 'not again'}`, () => assert.equal(isRetried(status), expected));
});
