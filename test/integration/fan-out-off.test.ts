/** The cluster-wide kinds switched off: nothing of theirs is touched, and nothing of it is missing to anybody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterExternalSecrets, externalSecrets, namespaces } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { clusterExternalSecret, clusterSecretStore, entry, externalSecret, fake, from } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { holds, isValid } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator([
  '--enable-cluster-external-secret-reconciler=false',
  '--enable-cluster-push-secret-reconciler=false',
]);

test('no child, no status, no finalizer taken away, no series; ExternalSecrets are synced as ever', async () => {
  const namespace = await env.namespace('off', { team: 'a' });
  const finalizers = ['externalsecrets.external-secrets.io/ces-team-a'];
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { finalizers } });
  const parts = [from('shared', 'ClusterSecretStore'), entry('token', 'token')] as const;
  await env.apply(clusterSecretStore('shared', fake({ token: 't1' })));
  await isValid(env, undefined, 'shared');
  await env.apply(
    clusterExternalSecret('team-a', { namespaceSelectors: [{ matchLabels: { team: 'a' } }] }, ...parts),
    externalSecret(namespace, 'own', ...parts),
  );
  await holds(env, namespace, 'own', { token: 't1' });
  const { items } = await env.kube.list(externalSecrets, { namespace });
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['own'],
  );
  type WithStatus = KubeObject & { readonly status?: object };
  assert.equal((await env.kube.get<WithStatus>(clusterExternalSecrets, { name: 'team-a' })).status, undefined);
  assert.deepEqual((await env.kube.get(namespaces, { name: namespace })).metadata.finalizers, finalizers);
  assert.doesNotMatch(await env.metrics(), /^clusterexternalsecret_|^clusterpushsecret_/m);
  assert.deepEqual(
    operator.logs().filter(({ level }) => level === 'error'),
    [],
  );
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { finalizers: null } });
});
