import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExternalSecretStatus } from '../../api/external-secret.ts';
import { failedWith, READY, succeeded, type Success } from './status.ts';

const T0 = Date.UTC(2030, 0, 1);
const MINUTE = 60_000;
const success = (at: number, change: Partial<Success> = {}): Success => ({
  state: READY.synced,
  refreshedAt: at,
  version: '1-abc',
  boundTo: 'orders',
  heartbeatMs: 0.9 * MINUTE,
  moveTransition: false,
  ...change,
});
const ready = (status: ExternalSecretStatus): unknown => status.conditions?.[0];

test('the first success fills refresh time, version, binding and the condition', () => {
  assert.deepEqual(succeeded(undefined, success(T0)), {
    refreshTime: '2030-01-01T00:00:00Z',
    syncedResourceVersion: '1-abc',
    binding: { name: 'orders' },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'SecretSynced',
        message: 'secret synced',
        lastTransitionTime: '2030-01-01T00:00:00Z',
      },
    ],
  });
});

test('an unchanged refresh is written no more often than the heartbeat', () => {
  const first = succeeded(undefined, success(T0));
  assert.equal(succeeded(first, success(T0 + 10_000)), first);
  assert.equal(succeeded(first, success(T0 + 55_000)).refreshTime, '2030-01-01T00:00:55Z');
});

test('a changed version is written at once', () => {
  const first = succeeded(undefined, success(T0));
  assert.equal(succeeded(first, success(T0 + 1000, { version: '2-abc' })).syncedResourceVersion, '2-abc');
});

test('the transition time moves with the state only, except under OnChange where it moves with the refresh time', () => {
  const first = succeeded(undefined, success(T0));
  const later = succeeded(first, success(T0 + MINUTE));
  assert.equal(later.conditions?.[0]?.lastTransitionTime, '2030-01-01T00:00:00Z');
  const onChange = succeeded(first, success(T0 + MINUTE, { moveTransition: true }));
  assert.equal(onChange.conditions?.[0]?.lastTransitionTime, onChange.refreshTime);
});

test('a failure touches the condition only and an equal failure touches nothing', () => {
  const first = succeeded(undefined, success(T0));
  const failed = failedWith(first, 'could not get secret data from provider: x', T0 + MINUTE);
  assert.deepEqual({ ...failed, conditions: undefined }, { ...first, conditions: undefined });
  assert.deepEqual(ready(failed), {
    type: 'Ready',
    status: 'False',
    reason: 'SecretSyncedError',
    message: 'could not get secret data from provider: x',
    lastTransitionTime: '2030-01-01T00:01:00Z',
  });
  assert.equal(failedWith(failed, 'could not get secret data from provider: x', T0 + 2 * MINUTE), failed);
});

test('a success after a failure is written even within the heartbeat', () => {
  const failed = failedWith(succeeded(undefined, success(T0)), 'x', T0 + 1000);
  assert.equal(succeeded(failed, success(T0 + 2000)).conditions?.[0]?.status, 'True');
});

test('Ready stays the first condition', () => {
  const other = { type: 'Deleted', status: 'False' } as const;
  const status = succeeded({ conditions: [other] }, success(T0));
  assert.deepEqual(
    status.conditions?.map((condition) => condition.type),
    ['Ready', 'Deleted'],
  );
});
