/**
 * An installation of External Secrets Operator changes hands and back (D8, U1, U2, J25): nothing it left is written again, and what it
 * needs to go on is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../../src/api/resources.ts';
import type { PushSecret } from '../../src/api/push-secret.ts';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import type { SecretObject } from '../../src/controllers/external-secret/secret-object.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import {
  clusterExternalSecret,
  entry,
  externalSecret,
  fake,
  from,
  labelled,
  pushSecret,
  secret,
  secretStore,
  templated,
} from '../builders/objects.ts';
import {
  PEER,
  peerFieldManager,
  peerHash,
  peerPushSecretStatus,
  peerTarget,
  peerVersion,
} from '../builders/peer-objects.ts';
import { useEnv } from './current-env.ts';
import type { Env } from './env.ts';
import { installPeer } from './peer-installation.ts';
import { seeWrites, type SeenWrite } from './seen-writes.ts';
import { isSynced, isValid, readyOf } from './views.ts';

const { externalSecrets, secrets, secretStores, clusterSecretStores, pushSecrets, clusterExternalSecrets } = api;
const KINDS = [
  externalSecrets,
  secrets,
  secretStores,
  clusterSecretStores,
  pushSecrets,
  clusterExternalSecrets,
  api.namespaces,
];
const env = await useEnv();
const isFast = env.supports('fast-time');
const COUNT = isFast ? 1000 : 40;

const HEARTBEAT = 'status.refreshTime';
const isHeartbeat = ({ changed }: SeenWrite): boolean => changed.length === 1 && changed[0] === HEARTBEAT;

function perObject(writes: readonly SeenWrite[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, key } of writes) counts.set(`${kind} ${key}`, (counts.get(`${kind} ${key}`) ?? 0) + 1);
  return counts;
}

/** Where time is real, the first objects fall due within the seconds we wait. */
async function firstHour(writes: readonly SeenWrite[]): Promise<void> {
  const steps = isFast ? { count: 60, ms: 60_000 } : { count: 1, ms: 15_000 };
  for (let step = 0; step < steps.count; step += 1) await env.advance(steps.ms);
  await env.eventually(() => assert.ok(writes.some(isHeartbeat), 'nothing was refreshed yet'));
  await env.advance(1000);
}

async function requestsSent(...methods: readonly string[]): Promise<number> {
  const { samples } = parseExposition(await env.metrics());
  const sent = samples.filter(
    ({ name, labels }) => name === 'rest_client_requests_total' && methods.includes(labels['method'] ?? ''),
  );
  return sent.reduce((sum, { value }) => sum + value, 0);
}

test(`the first hour with ${COUNT} objects of the peer writes no Secret, and no object more than once beyond its heartbeats`, async () => {
  const { namespace, served } = await installPeer(env, COUNT, isFast ? 0 : 2000);
  const seen = await seeWrites(env, KINDS);
  const operator = await env.startOperator();
  const ours = (): readonly SeenWrite[] =>
    seen.writes.filter(({ key }) => [namespace, served].includes(key.split('/')[0] ?? ''));
  await firstHour(seen.writes);
  // The last wave may still be writing: what is counted must be what is seen, now and after the stop.
  let sent = 0;
  if (isFast) {
    await env.eventually(async () => {
      sent = await requestsSent('PATCH', 'PUT', 'DELETE');
      assert.equal(sent, ours().length, 'a write that changes nothing was sent');
    });
  }
  await operator.stop();
  await seen.stop();
  const here = ours();

  for (const kind of ['Secret', 'Namespace']) {
    assert.deepEqual(
      here.filter((write) => write.kind === kind).map(({ key, changed }) => [key, changed]),
      [],
    );
  }
  const beyond = here.filter((write) => !isHeartbeat(write));
  assert.deepEqual(
    [...perObject(beyond)].filter(([, writes]) => writes > 1),
    [],
  );
  for (const { key, object } of here) {
    const { status } = object as { status?: { conditions?: readonly { status: string }[] } };
    assert.equal(status?.conditions?.[0]?.status, 'True', `${key} is not ready any more`);
  }
  if (!isFast) return;
  assert.equal(sent, here.length, 'a write that changes nothing was sent');
  const beats = perObject(here.filter(({ changed }) => changed.includes(HEARTBEAT)));
  const refreshed = [...beats].filter(([key]) => key.startsWith(`ExternalSecret ${namespace}/es-`));
  assert.equal(refreshed.length, COUNT);
  // Twice: the first period was shortened to join the others of its SecretStore (D53).
  assert.ok(refreshed.every(([, times]) => times <= 2));
});

test('what the peer needs to take its installation back is there, to the byte', async () => {
  await env.startOperator();
  const namespace = await env.namespace('back', { team: 'back' });
  const long = 'es-with-a-name-beyond-the-limit-of-field-managers';
  const parts = [from('store'), entry('user', 'user')] as const;
  const template = { metadata: { labels: { app: 'db' } }, data: { url: '{{ .user }}@db' } };
  await env.apply(
    secretStore(namespace, 'store', fake({ user: 'app' })),
    secret(namespace, 'source', { 'api-key': 'k1' }),
  );
  await isValid(env, namespace, 'store');
  await env.apply(
    labelled({ team: 'back' }, externalSecret(namespace, 'plain', ...parts)),
    externalSecret(namespace, long, ...parts),
    externalSecret(namespace, 'rendered', ...parts, templated(template)),
    pushSecret(namespace, 'push', 'source', 'store', { 'api-key': 'remote' }, { deletionPolicy: 'Delete' }),
    clusterExternalSecret(namespace, { namespaceSelectors: [{ matchLabels: { team: 'back' } }] }, ...parts),
  );
  await isTheirs(env, namespace, 'plain', { user: 'app' });
  await isTheirs(env, namespace, long, { user: 'app' });
  await isTheirs(env, namespace, 'rendered', { url: 'app@db' }, template.metadata);
  await isTheirs(env, namespace, namespace, { user: 'app' });
  await pushIsTheirs(env, namespace);
  await fanOutIsTheirs(env, namespace);
});

/** The peer finds an ExternalSecret that is not due and a target that is valid: it will not write either. */
async function isTheirs(
  world: Env,
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
  template?: { readonly labels: Readonly<Record<string, string>> },
): Promise<void> {
  await isSynced(world, namespace, name);
  const es = await world.kube.get<ExternalSecret & KubeObject>(externalSecrets, { namespace, name });
  assert.equal(es.status?.syncedResourceVersion, peerVersion(es));
  assert.match(es.status?.refreshTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(es.status?.binding?.name, name);
  const expected = peerTarget(es, { data, ...(template === undefined ? {} : { template }) });
  const found = await world.kube.get<SecretObject>(secrets, { namespace, name });
  const { labels, annotations = {}, ownerReferences, managedFields = [] } = found.metadata;
  const wanted = expected.metadata;
  assert.deepEqual({ labels, annotations, ownerReferences }, pick(wanted));
  assert.deepEqual(found.data, expected.data);
  const owner = managedFields.find(({ fieldsV1 }) => fieldsV1?.['f:data'] !== undefined);
  assert.equal(owner?.manager, peerFieldManager(name));
}

function pick({ labels, annotations, ownerReferences }: KubeObject['metadata']) {
  return { labels, annotations, ownerReferences };
}

async function pushIsTheirs(world: Env, namespace: string): Promise<void> {
  const pushed = async () => assert.match(await readyOf(world, pushSecrets, namespace, 'push'), /^True Synced/);
  await world.eventually(pushed);
  const ps = await world.kube.get<PushSecret & KubeObject>(pushSecrets, { namespace, name: 'push' });
  const wanted = peerPushSecretStatus(ps, 0, 'store', { remote: 'api-key' });
  assert.deepEqual(ps.status?.syncedPushSecrets, wanted.syncedPushSecrets);
  assert.equal(ps.status?.syncedResourceVersion, wanted.syncedResourceVersion);
  assert.deepEqual(ps.metadata.finalizers, [PEER.pushSecretFinalizer]);
  await world.eventually(async () => {
    const { metadata } = await world.kube.get(secretStores, { namespace, name: 'store' });
    assert.deepEqual(metadata.finalizers, [PEER.storeFinalizer]);
  });
}

async function fanOutIsTheirs(world: Env, namespace: string): Promise<void> {
  await world.eventually(async () => {
    const { status } = await world.kube.get<KubeObject & { status?: object }>(clusterExternalSecrets, {
      name: namespace,
    });
    const conditions = [{ type: 'Ready', status: 'True' }];
    assert.deepEqual(status, { conditions, externalSecretName: namespace, provisionedNamespaces: [namespace] });
  });
  const child = await world.kube.get(externalSecrets, { namespace, name: namespace });
  const [owner] = child.metadata.ownerReferences ?? [];
  assert.partialDeepStrictEqual(owner, { kind: 'ClusterExternalSecret', name: namespace, controller: true });
  const target = await world.kube.get(secrets, { namespace, name: namespace });
  assert.equal(target.metadata.labels?.[PEER.createdByLabel], peerHash(`${namespace}/${namespace}`));
}
