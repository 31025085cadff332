import assert from 'node:assert/strict';
import { test } from 'node:test';
import { succeeded, withIntent, type Success } from './status.ts';

const entry = { match: { secretKey: 'key', remoteRef: { remoteKey: 'remote' } }, conversionStrategy: 'None' } as const;
const synced = { 'SecretStore/store': { remote: entry } };
/** The API server sorts the members of every object it gives back. */
const asGivenBack = {
  'SecretStore/store': {
    remote: { conversionStrategy: 'None', match: { remoteRef: { remoteKey: 'remote' }, secretKey: 'key' } },
  },
} as const;

const success: Success = {
  state: { reason: 'Synced', message: 'pushed' },
  startedAt: 60_000,
  version: '1-a',
  sourceVersion: '7',
  synced,
  heartbeatMs: 60_000,
};

test('what is about to be pushed is written down only when it is not there yet, whatever the order of its members', () => {
  const current = { syncedPushSecrets: asGivenBack };
  assert.equal(withIntent(current, synced), current);
  assert.deepEqual(withIntent(undefined, synced), { syncedPushSecrets: synced });
});

test('a success that changes nothing is written with the heartbeat only, whatever the order of members', () => {
  const stored = { ...succeeded(undefined, success), syncedPushSecrets: asGivenBack };
  assert.equal(succeeded(stored, { ...success, startedAt: 70_000 }), stored);
  assert.equal(succeeded(stored, { ...success, startedAt: 120_000 }).refreshTime, '1970-01-01T00:02:00Z');
});
