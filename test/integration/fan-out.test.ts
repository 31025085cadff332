/** One object for many namespaces: children made, followed and taken away, and namespaces that nothing holds up (D2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import { clusterExternalSecrets, externalSecrets, namespaces } from '../../src/api/resources.ts';
import type { ObjectName } from '../../src/kube/client.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import {
  aws,
  clusterExternalSecret,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  secret,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { holds, isValid } from './views.ts';

const env = await useEnv();
await env.startOperator();
await env.apply(clusterSecretStore('shared', fake({ token: 't1' })));
await isValid(env, undefined, 'shared');

function fanOut(name: string, labels: Record<string, string>): KubeObject {
  const where = { namespaceSelectors: [{ matchLabels: labels }] };
  return clusterExternalSecret(name, where, from('shared', 'ClusterSecretStore'), entry('token', 'token'));
}

async function statusOf(name: string): Promise<Record<string, unknown>> {
  type WithStatus = KubeObject & { readonly status?: Record<string, unknown> };
  return (await env.kube.get<WithStatus>(clusterExternalSecrets, { name })).status ?? {};
}

/** The series of the Ready condition with that status. */
async function series(name: string, status: string): Promise<number | undefined> {
  const { samples } = parseExposition(await env.metrics());
  return samples.find(
    ({ name: metric, labels }) =>
      metric === 'clusterexternalsecret_status_condition' && labels['name'] === name && labels['status'] === status,
  )?.value;
}

test('selected namespaces have a child, a new one within 2 s, and one that leaves loses it', async () => {
  const first = await env.namespace('fan', { team: 'a' });
  await env.apply(fanOut('team-a', { team: 'a' }));
  await holds(env, first, 'team-a', { token: 't1' });
  const second = await env.namespace('fan', { team: 'a' });
  await env.eventually(() => env.kube.get(externalSecrets, { namespace: second, name: 'team-a' }), 2_000);
  const both = [first, second].sort();
  await env.eventually(async () => assert.deepEqual((await statusOf('team-a'))['provisionedNamespaces'], both));
  assert.deepEqual((await statusOf('team-a'))['conditions'], [{ type: 'Ready', status: 'True' }]);
  assert.equal((await env.kube.get(namespaces, { name: first })).metadata.finalizers, undefined);
  await env.kube.patch(namespaces, { name: second }, { metadata: { labels: { team: null } } });
  await env.eventually(() =>
    assert.rejects(env.kube.get(externalSecrets, { namespace: second, name: 'team-a' }), NotFoundError),
  );
});

test('somebody else’s object of that name is left alone and told, and replaced when it goes', async () => {
  const namespace = await env.namespace('taken', { team: 'b' });
  await env.apply(externalSecret(namespace, 'team-b', from('shared', 'ClusterSecretStore'), entry('mine', 'token')));
  await env.apply(fanOut('team-b', { team: 'b' }));
  await env.eventually(async () => {
    const [failed] = (await statusOf('team-b'))['failedNamespaces'] as { namespace: string; reason: string }[];
    assert.equal(failed?.namespace, namespace);
    assert.match(failed?.reason ?? '', /already exists/);
  });
  await env.eventually(async () => assert.equal(await series('team-b', 'False'), 1));
  assert.equal(await series('team-b', 'True'), 0);
  await env.kube.delete(externalSecrets, { namespace, name: 'team-b' });
  await env.eventually(async () => assert.deepEqual((await statusOf('team-b'))['provisionedNamespaces'], [namespace]));
  await env.eventually(async () => assert.equal(await series('team-b', 'True'), 1));
});

test('children are written once, and put right when somebody changes or deletes them', async () => {
  const namespace = await env.namespace('drift', { team: 'd' });
  await env.apply(fanOut('team-d', { team: 'd' }));
  await holds(env, namespace, 'team-d', { token: 't1' });
  await env.eventually(async () => assert.deepEqual((await statusOf('team-d'))['provisionedNamespaces'], [namespace]));
  const name = { namespace, name: 'team-d' };
  // What the API server adds to a child it adds to the ClusterExternalSecret as well: nothing to write twice.
  assert.equal((await env.kube.get(externalSecrets, name)).metadata.generation, 1);
  await env.kube.patch(externalSecrets, name, {
    metadata: { labels: { by: 'hand' } },
    spec: { refreshInterval: '9h' },
  });
  await env.eventually(async () => {
    const { metadata, spec } = await env.kube.get<ExternalSecret>(externalSecrets, name);
    assert.equal(spec?.refreshInterval, '1h0m0s');
    assert.equal(metadata.labels, undefined);
  });
  const { uid } = (await env.kube.get(externalSecrets, name)).metadata;
  await env.kube.delete(externalSecrets, name);
  await env.eventually(async () => assert.notEqual((await env.kube.get(externalSecrets, name)).metadata.uid, uid));
  assert.match(
    await env.kubectl('get', 'clusterexternalsecrets', 'team-d', '--no-headers'),
    /team-d +shared +(<none> +)?True/,
  );
});

const ASKED = ['GetSecretValue', 'BatchGetSecretValue'];
const MANY = 50;

async function reads(): Promise<number> {
  const calls = await env.aws.calls();
  return ASKED.reduce((sum, action) => sum + (calls.get(action) ?? 0), 0);
}

test('fifty namespaces cost the backend one read', async () => {
  const home = await env.namespace('home');
  const id = { namespace: home, name: 'account' };
  await env.aws.addAccessKey('AKIAFANOUT', 'static-secret-key');
  await env.aws.putSecret('fan-out/db', '{"user":"u1"}');
  const secretRef = {
    accessKeyIDSecretRef: { ...id, key: 'id' },
    secretAccessKeySecretRef: { ...id, key: 'key' },
  };
  await env.apply(
    secret(home, 'account', { id: 'AKIAFANOUT', key: 'static-secret-key' }),
    clusterSecretStore('fan-out-aws', aws('account', { auth: { secretRef } })),
  );
  await isValid(env, undefined, 'fan-out-aws');
  const served = await Promise.all(Array.from({ length: MANY }, () => env.namespace('many', { team: 'e' })));
  await env.aws.resetCalls();
  const where = { namespaceSelectors: [{ matchLabels: { team: 'e' } }] };
  await env.apply(
    clusterExternalSecret(
      'team-e',
      where,
      from('fan-out-aws', 'ClusterSecretStore'),
      entry('user', 'fan-out/db', 'user'),
    ),
  );
  for (const namespace of served) await holds(env, namespace, 'team-e', { user: 'u1' });
  await env.eventually(async () =>
    assert.deepEqual((await statusOf('team-e'))['provisionedNamespaces'], served.toSorted()),
  );
  assert.equal(await reads(), 1);
});

test('and one each hour after that', requires(env, 'fast-time', 'hours pass'), async () => {
  await env.advance(3_600_000);
  await env.aws.resetCalls();
  for (let hour = 0; hour < 5; hour++) await env.advance(3_600_000);
  assert.ok((await reads()) <= 6, `${await reads()} reads in five hours`);
});

const PEER = 'externalsecrets.external-secrets.io';

test('what the peer left on a namespace that terminates does not hold it', async () => {
  const namespace = await env.namespace('peer', { team: 'c' });
  await env.apply(fanOut('team-c', { team: 'none' }));
  const finalizers = [`${PEER}/ces-team-c`, `${PEER}/ces-long-gone`];
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { finalizers } });
  await env.kube.delete(namespaces, { name: namespace });
  await isGone(namespaces, { name: namespace });
});

test('what the peer left on a ClusterExternalSecret and its namespaces goes with the object, so that nothing hangs without us', async () => {
  const namespace = await env.namespace('peer', { team: 'f' });
  await env.apply(fanOut('team-f', { team: 'f' }));
  await holds(env, namespace, 'team-f', { token: 't1' });
  const left = async (): Promise<unknown> => (await env.kube.get(namespaces, { name: namespace })).metadata.finalizers;
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { finalizers: [`${PEER}/ces-team-f`] } });
  const child = { metadata: { finalizers: [`${PEER}/externalsecret-cleanup`] } };
  await env.kube.patch(externalSecrets, { namespace, name: 'team-f' }, child);
  const own = { metadata: { finalizers: [`${PEER}/clusterexternalsecret-cleanup`] } };
  await env.kube.patch(clusterExternalSecrets, { name: 'team-f' }, own);
  await env.kube.delete(clusterExternalSecrets, { name: 'team-f' });
  await isGone(clusterExternalSecrets, { name: 'team-f' });
  await isGone(externalSecrets, { namespace, name: 'team-f' });
  await env.eventually(async () => assert.equal(await left(), undefined));
});

test('with --cascade=orphan the children stay, as nobody’s', async () => {
  const namespace = await env.namespace('orphan', { team: 'g' });
  await env.apply(fanOut('team-g', { team: 'g' }));
  await holds(env, namespace, 'team-g', { token: 't1' });
  await env.kube.delete(clusterExternalSecrets, { name: 'team-g' }, { propagationPolicy: 'Orphan' });
  await isGone(clusterExternalSecrets, { name: 'team-g' });
  const { metadata } = await env.kube.get(externalSecrets, { namespace, name: 'team-g' });
  assert.deepEqual([metadata.ownerReferences ?? [], metadata.deletionTimestamp], [[], undefined]);
  await holds(env, namespace, 'team-g', { token: 't1' });
});

async function isGone(resource: Resource, name: ObjectName): Promise<void> {
  await env.eventually(() => assert.rejects(env.kube.get(resource, name), NotFoundError));
}
