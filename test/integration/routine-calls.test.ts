/** A wave of refreshes whose calls to the API server are slow holds up itself, and nobody who waits for something new. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, entry, externalSecret, from, type ExternalSecretSpecInput } from '../builders/objects.ts';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import { externalSecrets } from '../../src/api/resources.ts';
import { requires, useEnv } from './current-env.ts';
import { fakeWorld } from './fake-store.ts';
import { holds, isSynced } from './views.ts';

const env = await useEnv();
await env.startOperator();
const faults = requires(env, 'kube-faults', 'calls that hang');

const MINUTE = 60_000;
const names = Array.from({ length: 40 }, (_, index) => `old-${index}`);

async function refreshTimes(namespace: string): Promise<readonly unknown[]> {
  const { items } = await env.kube.list<ExternalSecret>(externalSecrets, { namespace });
  const times = new Map(items.map(({ metadata, status }) => [metadata.name, status?.refreshTime]));
  return names.map((name) => times.get(name));
}

/** `template`: values come by way of a ConfigMap, which each refresh reads. */
async function wave(prefix: string, slow: { readonly method: string; readonly path: RegExp }, template = false) {
  const namespace = await fakeWorld(env, prefix, { token: 'one' });
  if (template) await env.apply(configMap(namespace, 'templates', { made: 'made: {{ .token }}' }));
  const templateFrom = [{ configMap: { name: 'templates', items: [{ key: 'made' }] } }];
  const target = template ? { target: { template: { templateFrom } } } : {};
  const routine = (spec: ExternalSecretSpecInput): ExternalSecretSpecInput => ({
    ...spec,
    ...target,
    refreshInterval: '2m',
  });
  for (const name of names)
    await env.apply(externalSecret(namespace, name, from('store'), entry('token', 'token'), routine));
  for (const name of names) await isSynced(env, namespace, name);
  // The first period may be shorter, to join the wave (D53).
  for (let minute = 0; minute < 4; minute++) await env.advance(MINUTE);
  await env.eventually(async () => assert.equal(new Set(await refreshTimes(namespace)).size, 1));
  const before = await refreshTimes(namespace);
  await env.kubeFaults.delay(slow, 10 * MINUTE, 16);
  await env.advance(2 * MINUTE);
  await env.apply(externalSecret(namespace, 'new', from('store'), entry('token', 'token')));
  await isSynced(env, namespace, 'new');
  await holds(env, namespace, 'new', { token: 'one' });
  assert.deepEqual(await refreshTimes(namespace), before, 'routine calls went on beside those that hang');
  env.kubeFaults.heal();
  await env.advance(10 * MINUTE);
  await env.eventually(async () =>
    assert.ok((await refreshTimes(namespace)).every((time, index) => time !== before[index])),
  );
}

test('status writes that hang hold up a new object no more than sixteen of them do', faults, () =>
  wave('slow-status', { method: 'PATCH', path: /externalsecrets\/old-\d+\/status/ }),
);

test('neither do templates that are slow to come', faults, () =>
  wave('slow-template', { method: 'GET', path: /configmaps\/templates/ }, true),
);
