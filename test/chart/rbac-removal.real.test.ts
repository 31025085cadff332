/**
 * Rights of the controller that its requests do not show in the audit log of a usual day, each taken away and given back: the finalizers of
 * owners (the admission plugin OwnerReferencesPermissionEnforcement asks for them), and the look at an object whose status was refused.
 * That every right is needed is what the audit log of all tests, these among them, must show at the end (`rights-judge.ts`).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  externalSecrets,
  GROUP,
  namespaces,
  pushSecrets,
  secretStores,
} from '../../src/api/resources.ts';
import { patchStatus } from '../../src/controllers/status-patch.ts';
import { systemClock } from '../../src/clock.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { ConflictError, DeniedError, NotFoundError } from '../../src/kube/errors.ts';
import { connect } from '../../src/kube/http-client.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import {
  clusterExternalSecret,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  pushSecret,
  type PushSecretSpecInput,
  secret,
  secretStore,
} from '../builders/objects.ts';
import { useEnv } from '../integration/current-env.ts';
import { without as takenAway } from '../integration/taken-rights.ts';
import { isSynced, isValid, readyOf } from '../integration/views.ts';

const env = await useEnv();
await env.startOperator();
const CONTROLLER = { role: 'external-secrets-controller', account: 'external-secrets' };

/** Does `act` while the controller lacks exactly that right. */
function without(verb: string, resource: string, act: () => Promise<void>): Promise<void> {
  return takenAway(env, CONTROLLER, { group: GROUP, resource, verb, name: undefined }, act);
}

test('without the finalizers of ExternalSecrets no Secret can belong to one', async () => {
  const namespace = await env.namespace('owner');
  await env.apply(secretStore(namespace, 'store', fake({ user: 'u' })));
  await isValid(env, namespace, 'store');
  await without('update', 'externalsecrets/finalizers', async () => {
    await env.apply(externalSecret(namespace, 'es', from('store'), entry('user', 'user')));
    await env.eventually(async () =>
      assert.match(await readyOf(env, externalSecrets, namespace, 'es'), /^False .*blockOwnerDeletion/),
    );
  });
  await isSynced(env, namespace, 'es');
});

test('without the finalizers of cluster kinds they can have no children', async () => {
  const namespace = await env.namespace('child', { team: 'child' });
  const where = { namespaceSelectors: [{ matchLabels: { team: 'child' } }] };
  const { spec } = pushSecret(namespace, 'x', 'source', 'store', { key: 'remote' });
  const cps = {
    apiVersion: 'external-secrets.io/v1alpha1',
    kind: 'ClusterPushSecret',
    metadata: { name: namespace },
    spec: { ...where, pushSecretSpec: spec },
  };
  const ces = clusterExternalSecret(namespace, where, from('store'), entry('user', 'user'));
  for (const [parents, parent, children] of [
    [clusterExternalSecrets, ces, externalSecrets],
    [clusterPushSecrets, cps, pushSecrets],
  ] as const) {
    await without('update', `${parents.plural}/finalizers`, async () => {
      await env.apply(parent);
      await env.eventually(async () => {
        const found = await env.kube.get<KubeObject & { status?: object }>(parents, { name: namespace });
        assert.match(JSON.stringify(found.status ?? {}), /blockOwnerDeletion/);
      });
    });
    await env.kube.patch(parents, { name: namespace }, { metadata: { annotations: { again: 'please' } } });
    await env.eventually(() => env.kube.get(children, { namespace, name: namespace }));
  }
});

/** Part of the spec of a PushSecret that is cleaned up. */
function pushedTo(store: string): Partial<PushSecretSpecInput> {
  return { secretStoreRefs: [{ name: store, kind: 'ClusterSecretStore' }], deletionPolicy: 'Delete' };
}

test('children of cluster kinds are changed and taken away, and a ClusterSecretStore waits for what was pushed to it', async () => {
  const namespace = await env.namespace('grown', { team: 'grown' });
  const where = { namespaceSelectors: [{ matchLabels: { team: 'grown' } }] };
  const cps = (key: string) => ({
    apiVersion: 'external-secrets.io/v1alpha1',
    kind: 'ClusterPushSecret',
    metadata: { name: namespace },
    spec: { ...where, pushSecretSpec: pushSecret(namespace, 'x', 'source', '', { key }, pushedTo(namespace)).spec },
  });
  const ces = (key: string): KubeObject =>
    clusterExternalSecret(namespace, where, from(namespace, 'ClusterSecretStore'), entry(key, 'user'));
  await env.apply(clusterSecretStore(namespace, fake({ user: 'u' })), secret(namespace, 'source', { key: 'k' }));
  await isValid(env, undefined, namespace);
  for (const key of ['one', 'two']) {
    await env.apply(cps(key), ces(key));
    await env.eventually(async () => {
      for (const children of [pushSecrets, externalSecrets]) {
        const child = await env.kube.get(children, { namespace, name: namespace });
        assert.match(JSON.stringify(child), new RegExp(`"${key}"`));
      }
    });
  }
  await env.eventually(async () => {
    const { metadata } = await env.kube.get(clusterSecretStores, { name: namespace });
    assert.deepEqual(metadata.finalizers, ['secretstore.externalsecrets.io/finalizer']);
  });
  await env.kube.patch(namespaces, { name: namespace }, { metadata: { labels: { team: null } } });
  for (const children of [pushSecrets, externalSecrets]) {
    await env.eventually(() => assert.rejects(env.kube.get(children, { namespace, name: namespace }), NotFoundError));
  }
});

/** A status is refused when the object was made anew meanwhile; to tell that from a status that is not valid it is looked at. */
test('without get an operator cannot tell why a status was refused', async () => {
  const namespace = await env.namespace('anew');
  const client = connect(
    await loadKubeConfig({ kubeconfig: env.machine.environment['KUBECONFIG'], clock: systemClock }),
  );
  const where = { namespaceSelectors: [{ matchLabels: { team: 'nobody' } }] };
  const ps = pushSecret(namespace, 'x', 'source', 'store', { key: 'remote' });
  const cps = {
    apiVersion: 'external-secrets.io/v1alpha1',
    kind: 'ClusterPushSecret',
    metadata: { name: namespace },
    spec: { ...where, pushSecretSpec: ps.spec },
  };
  const made: readonly (readonly [Resource, KubeObject])[] = [
    [externalSecrets, externalSecret(namespace, 'x', from('store'), entry('user', 'user'))],
    [secretStores, secretStore(namespace, 'x', fake({}))],
    [clusterSecretStores, clusterSecretStore(namespace, fake({}))],
    [clusterExternalSecrets, clusterExternalSecret(namespace, where, from('store'), entry('user', 'user'))],
    [pushSecrets, ps],
    [clusterPushSecrets, cps],
  ];
  for (const [resource, object] of made) {
    const [stored] = await env.apply(object);
    const earlier = { metadata: { ...stored!.metadata, uid: 'the-one-before' } };
    const write = (): Promise<unknown> => patchStatus(client, resource, earlier, {}, new AbortController().signal);
    await assert.rejects(write, ConflictError);
    await without('get', resource.plural, () => assert.rejects(write, DeniedError));
  }
  await client.close();
});
