/**
 * Rights of the controller that its requests do not show in the audit log of a usual day, each taken away and given back: the finalizers of
 * owners (the admission plugin OwnerReferencesPermissionEnforcement asks for them), and the look at an object whose status was refused.
 * All other rights are held against the audit log of all tests by `npm run test:e2e` (`rights-used.ts`).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  externalSecrets,
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
import { resourceOf } from '../integration/cluster.ts';
import { useEnv } from '../integration/current-env.ts';
import { isSynced, isValid, readyOf } from '../integration/views.ts';
import type { Rule } from './rights-used.ts';

const env = await useEnv();
await env.startOperator();
const ROLE = { name: 'external-secrets-controller' };
const ACCOUNT = 'system:serviceaccount:external-secrets:external-secrets';
const roles = resourceOf({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: {} });

interface Wanted {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
}

async function isAllowed({ verb, resource, subresource }: Wanted): Promise<boolean> {
  const resourceAttributes = { group: 'external-secrets.io', verb, resource, subresource };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: ACCOUNT, resourceAttributes },
  };
  const answer = await env.kube.raw('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
  return (answer as { status: { allowed: boolean } }).status.allowed;
}

/** Does `act` while exactly that entry is missing. */
async function without(right: Wanted, act: () => Promise<void>): Promise<void> {
  const { rules } = await env.kube.get<KubeObject & { rules: readonly Rule[] }>(roles, ROLE);
  const full = right.subresource === undefined ? right.resource : `${right.resource}/${right.subresource}`;
  await setRules(rules.flatMap((rule) => minus(rule, full, right.verb)));
  try {
    await env.eventually(async () => assert.equal(await isAllowed(right), false));
    await act();
  } finally {
    await setRules(rules);
    await env.eventually(async () => assert.equal(await isAllowed(right), true));
  }
}

function setRules(rules: readonly Rule[]): Promise<unknown> {
  return env.kube.patch(roles, ROLE, { rules });
}

/** The rule without one verb on one resource; the verb stays for the others. */
function minus(rule: Rule, resource: string, verb: string): readonly Rule[] {
  const { resources = [], verbs } = rule;
  if (!resources.includes(resource) || !verbs.includes(verb)) return [rule];
  const others = resources.filter((each) => each !== resource);
  const left = verbs.filter((each) => each !== verb);
  return [
    ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
    ...(left.length === 0 ? [] : [{ ...rule, resources: [resource], verbs: left }]),
  ];
}

const finalizers = (resource: string): Wanted => ({ verb: 'update', resource, subresource: 'finalizers' });

test('without the finalizers of ExternalSecrets no Secret can belong to one', async () => {
  const namespace = await env.namespace('owner');
  await env.apply(secretStore(namespace, 'store', fake({ user: 'u' })));
  await isValid(env, namespace, 'store');
  await without(finalizers('externalsecrets'), async () => {
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
    await without(finalizers(parents.plural), async () => {
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
    await without({ verb: 'get', resource: resource.plural }, () => assert.rejects(write, DeniedError));
  }
  await client.close();
});
