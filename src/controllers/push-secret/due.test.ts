import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideDue, untilNext, type DueInput } from './due.ts';

const HOUR = 3_600_000;
const NOW = 10 * HOUR;

const synced: DueInput = {
  version: 'v1',
  syncedVersion: 'v1',
  pushedAt: NOW - HOUR / 2,
  intervalMs: HOUR,
  unfinished: false,
};

const rows: readonly [what: string, input: Partial<DueInput>, expected: string | number | undefined][] = [
  ['it was never pushed', { syncedVersion: '', pushedAt: undefined }, 'changed'],
  ['spec, label or annotation changed', { version: 'v2' }, 'changed'],
  ['it changed, with interval 0', { version: 'v2', intervalMs: 0 }, 'changed'],
  ['the last pass failed', { unfinished: true }, 'unfinished'],
  ['the source changed, with interval 0', { unfinished: true, intervalMs: 0 }, 'unfinished'],
  ['the interval is over', { pushedAt: NOW - HOUR }, 'interval'],
  ['nothing is known of the last push', { pushedAt: undefined }, 'first'],
  ['half the interval is over: the rest is waited for', {}, HOUR / 2],
  ['interval 0 and nothing new: no time will make it due', { intervalMs: 0 }, undefined],
];

for (const [what, input, expected] of rows) {
  test(`is it due? ${what}`, () => {
    const due = decideDue({ ...synced, ...input }, NOW);
    assert.equal(due.due ? due.reason : due.againInMs, expected);
  });
}

test('the next pass is an interval after the last one began, however long that took', () => {
  assert.equal(untilNext(HOUR, NOW - 60_000, NOW), HOUR - 60_000);
  assert.equal(untilNext(HOUR, NOW - 2 * HOUR, NOW), 1);
  assert.equal(untilNext(0, NOW, NOW), undefined);
});
