import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeenIndexes } from './consistency.ts';

const index = (cluster: string, local: number, replicated: number): string =>
  Buffer.from(`v1:${cluster}:${local}:${replicated}:signature`).toString('base64');

function after(...headers: readonly string[]): readonly string[] {
  const seen = new SeenIndexes();
  for (const header of headers) seen.note(header);
  return seen.headers;
}

describe('the newest state that was seen', () => {
  it('replaces an older one', () => assert.deepEqual(after(index('a', 1, 1), index('a', 2, 1)), [index('a', 2, 1)]));
  it('is kept when an older one arrives later', () =>
    assert.deepEqual(after(index('a', 2, 2), index('a', 1, 2)), [index('a', 2, 2)]));
  it('is not repeated', () => assert.deepEqual(after(index('a', 1, 1), index('a', 1, 1)), [index('a', 1, 1)]));
  it('stays beside one that is neither older nor newer', () =>
    assert.deepEqual(after(index('a', 2, 1), index('a', 1, 2)), [index('a', 2, 1), index('a', 1, 2)]));
  it('of another cluster stays beside it', () => assert.equal(after(index('a', 1, 1), index('b', 1, 1)).length, 2));
  it('survives nonsense', () => assert.deepEqual(after('nonsense', index('a', 1, 1), ''), [index('a', 1, 1)]));
});
