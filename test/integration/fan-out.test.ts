/** One object for many namespaces: children made, followed and taken away, and namespaces that nothing holds up (D2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterExternalSecrets, externalSecrets, namespaces } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { clusterExternalSecret, clusterSecretStore, entry, externalSecret, fake, from } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
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
  await env.kube.delete(externalSecrets, { namespace, name: 'team-b' });
  await env.eventually(async () => assert.deepEqual((await statusOf('team-b'))['provisionedNamespaces'], [namespace]));
});

test('what the peer left on a namespace and on the object holds nothing up', async () => {
  const namespace = await env.namespace('peer', { team: 'c' });
  await env.apply(fanOut('team-c', { team: 'none' }));
  const finalizers = ['externalsecrets.external-secrets.io/ces-team-c'];
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { finalizers } });
  await env.kube.delete(namespaces, { name: namespace });
  await env.eventually(() => assert.rejects(env.kube.get(namespaces, { name: namespace }), NotFoundError));
  const own = ['externalsecrets.external-secrets.io/clusterexternalsecret-cleanup'];
  await env.kube.patch(clusterExternalSecrets, { name: 'team-c' }, { metadata: { finalizers: own } });
  await env.kube.delete(clusterExternalSecrets, { name: 'team-c' });
  await env.eventually(() => assert.rejects(env.kube.get(clusterExternalSecrets, { name: 'team-c' }), NotFoundError));
});
