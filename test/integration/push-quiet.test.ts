/** What a PushSecret does not do: write, anywhere, when nothing has changed (D9, D31, D55); and how it is measured (J22). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushSecrets, secretStores, secrets } from '../../src/api/resources.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { useEnv } from './current-env.ts';
import { pushes, pushShop } from './push-shop.ts';
import { seeWrites } from './seen-writes.ts';

const env = await useEnv();
await env.startOperator();

/** On the real parts as many as ten seconds allow. */
const [rounds, intervalMs] = env.supports('fast-time') ? [100, 10_000] : [10, 1_000];

test(`${rounds} refreshes of an unchanged source: Vault is only read, the API server gets the heartbeat, nobody is told`, async () => {
  const it = await pushShop(env, 'quiet');
  const refreshInterval = `${intervalMs / 1000}s`;
  await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, { deletionPolicy: 'Delete', refreshInterval }));
  await it.says('push', /^True Synced/);
  const told = async (): Promise<readonly unknown[]> =>
    (await env.events(it.namespace, 'push')).map(({ reason, count }) => [reason, count]);
  await env.eventually(async () => assert.deepEqual(await told(), [['Synced', 1]]));
  const seen = await seeWrites(env, [pushSecrets, secretStores, secrets]);
  await env.vault.resetCalls();
  for (let round = 0; round < rounds; round++) await env.advance(intervalMs);
  const calls = [...(await env.vault.calls())].filter(([call]) => call.includes(it.namespace));
  const reads = calls.find(([call]) => call === `GET secret/data/${it.key('a')}`)?.[1] ?? 0;
  assert.ok(reads >= rounds * 0.8, `${reads} refreshes`);
  assert.deepEqual(
    calls.filter(([call]) => !call.startsWith('GET ')),
    [],
  );
  await seen.stop();
  const ours = seen.writes.filter(({ key }) => key.startsWith(`${it.namespace}/`));
  assert.deepEqual(
    [...new Set(ours.flatMap(({ changed }) => changed))],
    ours.length === 0 ? [] : ['status.refreshTime'],
  );
  const heartbeatMs = 54_000; // --status-heartbeat less a tenth
  assert.ok(ours.length <= (rounds * intervalMs) / heartbeatMs + 1, `${ours.length} heartbeats`);
  assert.deepEqual(await told(), [['Synced', 1]]);
});

test('condition and duration are measured from the first pass, and gone with the PushSecret', async () => {
  const it = await pushShop(env, 'measured');
  const series = async (name: string): Promise<Readonly<Record<string, number>>> => {
    const { samples } = parseExposition(await env.metrics());
    const mine = samples.filter(({ name: each, labels }) => each === name && labels['namespace'] === it.namespace);
    return Object.fromEntries(mine.map(({ labels, value }) => [labels['status'] ?? '', value]));
  };
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }));
  await it.says('push', /^True Synced/);
  await env.eventually(async () => {
    assert.deepEqual(await series('pushsecret_status_condition'), { True: 1, False: 0 });
    assert.equal(Object.keys(await series('pushsecret_reconcile_duration')).length, 1);
  });
  await env.apply(pushes(it, 'push', { nope: 'a' }));
  await it.says('push', /^False Errored/);
  await env.eventually(async () =>
    assert.deepEqual(await series('pushsecret_status_condition'), { True: 0, False: 1 }),
  );
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
  await env.eventually(async () => {
    assert.deepEqual(await series('pushsecret_status_condition'), {});
    assert.deepEqual(await series('pushsecret_reconcile_duration'), {});
  });
});
