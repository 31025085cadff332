import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanDuration, jsonPath, pathColumn } from './columns.ts';

const SECOND = 1000;
const DURATIONS: readonly (readonly [seconds: number, text: string])[] = [
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [200, '3m20s'],
  [3599, '59m'],
  [3600 * 5 + 600, '5h10m'],
  [3600 * 30, '30h'],
  [86400 * 3 + 3600 * 4, '3d4h'],
  [86400 * 100, '100d'],
  [86400 * 365 * 3, '3y'],
];

for (const [seconds, text] of DURATIONS) {
  test(`${seconds} seconds print as ${text}`, () => assert.equal(humanDuration(seconds * SECOND), text));
}

test('JSON paths follow members, indexes and conditions', () => {
  const object = {
    spec: { a: 'x' },
    list: [{ n: 1 }, { n: 2 }],
    status: { conditions: [{ type: 'Ready', reason: 'Good' }] },
  };
  assert.deepEqual(jsonPath('.spec.a')(object), ['x']);
  assert.deepEqual(jsonPath('.list[1].n')(object), [2]);
  assert.deepEqual(jsonPath('.list[*].n')(object), [1, 2]);
  assert.deepEqual(jsonPath('.status.conditions[?(@.type=="Ready")].reason')(object), ['Good']);
  assert.deepEqual(jsonPath('.none.at.all')(object), []);
});

test('a date column shows an age', () => {
  const column = pathColumn({ name: 'Last', type: 'date', jsonPath: '.status.time' });
  assert.equal(column.cell({ status: { time: '2030-01-01T00:00:00Z' } }, Date.UTC(2030, 0, 1, 0, 5)), '5m');
  assert.equal(column.cell({}, 0), null);
});
