/**
 * A namespace that terminates is emptied by Kubernetes in no particular order: targets, sources, credentials and stores vanish before
 * what needs them. Nobody is alarmed, and no value is touched before the PushSecret's own clean-up.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, namespaces, pushSecrets } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { configMap, entry, externalSecret, from } from '../builders/objects.ts';
import { crowdedNamespaces, timeToGo } from './crowded-namespaces.ts';
import { requires, useEnv } from './current-env.ts';
import type { Env } from './env.ts';
import { isGone, pushes, pushShop } from './push-shop.ts';
import { secretOf, isSynced } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator();
const faults = requires(env, 'kube-faults', 'a watch that falls silent');

/** From then on: what alarms people about an object of a kind. Stays of pushed values are told on purpose. */
async function alarms(...kinds: readonly string[]): Promise<() => Promise<readonly string[]>> {
  const [from, counted] = [operator.logs().length, await failures(kinds)];
  return async () => {
    const lines = operator.logs().slice(from);
    const bad = lines.filter(({ level, controller }) => level === 'error' && kinds.some((kind) => kind === controller));
    const more = (await failures(kinds)) - counted;
    return [...bad.map((line) => JSON.stringify(line)), ...(more === 0 ? [] : [`${more} failures counted`])];
  };
}

/** Of these kinds, in the metrics that alerts are made of. */
async function failures(kinds: readonly string[]): Promise<number> {
  const counted = (name: string, controller: string | undefined): boolean =>
    kinds.some(
      (kind) =>
        name === `${kind}_sync_calls_error` ||
        (name === 'controller_runtime_reconcile_errors_total' && controller === kind),
    );
  const { samples } = parseExposition(await env.metrics());
  return samples
    .filter(({ name, labels }) => counted(name, labels['controller']))
    .reduce((sum, { value }) => sum + value, 0);
}

type Loaded = KubeObject & { readonly status?: unknown };

/** Keeps the namespace from going until it is called. */
async function hold(env: Env, namespace: string): Promise<() => Promise<void>> {
  const { metadata, ...held } = configMap(namespace, 'held', {});
  await env.kube.create(configMaps, { ...held, metadata: { ...metadata, finalizers: ['test.example/held'] } });
  return async () => {
    const release = { metadata: { finalizers: null } };
    await env.kube.patch(configMaps, { namespace, name: 'held' }, release, { type: 'merge' });
  };
}

test('eight namespaces full of objects go, slowly: no error is logged or counted, nothing is tried again', async () => {
  await env.vault.put('secret', 'crowded', { value: 'v' });
  const names = await crowdedNamespaces(env, 8, 'everything');
  const alarmed = await alarms('externalsecret', 'pushsecret', 'secretstore');
  const releases = await Promise.all(names.map((name) => hold(env, name)));
  const going = timeToGo(env, names, 90_000);
  await env.advance(5_000);
  await Promise.all(releases.map((release) => release()));
  await going;
  await env.advance(2_000);
  assert.deepEqual(await alarmed(), []);
});

test('a target that vanishes before its ExternalSecret cannot be made again: nobody hears of it', faults, async () => {
  const it = await pushShop(env, 'target');
  await env.vault.put('secret', 'target', { value: 'v' });
  await env.apply(externalSecret(it.namespace, 'db', from('vault'), entry('value', 'target', 'value')));
  await isSynced(env, it.namespace, 'db');
  const release = await hold(env, it.namespace);
  const alarmed = await alarms('externalsecret', 'secretstore');
  await env.kubeFaults.silence(/\/(externalsecrets|namespaces)\?/);
  const refused = await refusals();
  await env.kube.delete(namespaces, { name: it.namespace });
  await env.eventually(async () => assert.equal(await refusals(), refused + 1));
  await env.advance(30_000);
  assert.equal(await secretOf(env, it.namespace, 'db'), undefined);
  await release();
  await isGone(env, namespaces, undefined, it.namespace);
  // Now the namespace is gone altogether.
  await env.advance(30_000);
  await env.kubeFaults.dropWatches('reset');
  await env.advance(10_000);
  assert.deepEqual(await alarmed(), []);
  assert.ok((await refusals()) <= refused + 5, 'it is hardly tried again');
});

async function refusals(): Promise<number> {
  const { samples } = parseExposition(await env.metrics());
  return samples
    .filter(({ name, labels }) => name === 'rest_client_requests_total' && labels['code'] === '403')
    .reduce((sum, { value }) => sum + value, 0);
}

test('a source that vanishes before its PushSecret starts no removal and no complaint', faults, async () => {
  const it = await pushShop(env, 'source');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, { deletionPolicy: 'Delete' }));
  await it.says('push', /^True Synced/);
  const statusOf = async (): Promise<unknown> =>
    (await env.kube.get<Loaded>(pushSecrets, { namespace: it.namespace, name: 'push' })).status;
  const before = await statusOf();
  const alarmed = await alarms('pushsecret');
  await env.kubeFaults.silence(/\/(pushsecrets|namespaces)\?/);
  await env.vault.resetCalls();
  await env.kube.delete(namespaces, { name: it.namespace });
  await env.eventually(async () => assert.equal(await secretOf(env, it.namespace, 'build-key'), undefined));
  await env.advance(5_000);
  assert.deepEqual(await statusOf(), before);
  assert.deepEqual(
    [...(await env.vault.calls()).keys()].filter((call) => call.includes(it.namespace)),
    [],
    'the backend hears nothing',
  );
  await env.kubeFaults.dropWatches('reset');
  await env.advance(10_000);
  await isGone(env, namespaces, undefined, it.namespace, 20_000);
  const told = (await env.events(undefined, it.namespace)).some(({ reason }) => reason === 'PushedValuesLeft');
  assert.equal((await it.remote('a')) !== undefined, told);
  assert.deepEqual(await alarmed(), []);
});
