/**
 * Pushing into another namespace of an API server, under the rights of a ServiceAccount of the PushSecret's own namespace: what is
 * written, which Secrets are never touched (D32), and that no store writes where its account may not.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { pushSecrets, secrets, secretStores } from '../../src/api/resources.ts';
import type { PushSecret } from '../../src/api/push-secret.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  clusterSecretStore,
  configMap,
  labelled,
  pushSecret,
  secret,
  secretStore,
  serviceAccount,
  type Provider,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { TEST_CERTIFICATE } from '../builders/http-server.ts';
import { requires, useEnv } from './current-env.ts';
import { isGone } from './push-shop.ts';
import { dataOf, isValid, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug']);

/** Where the API server is and whom to trust, as Vault was told. */
const apiServer = { url: '', ca: '' };
before(async () => {
  await env.enableKubernetesAuth();
  const answer = await env.vault.api('GET', 'auth/kubernetes/config');
  const { data } = answer as { readonly data: Readonly<Record<'kubernetes_host' | 'kubernetes_ca_cert', string>> };
  Object.assign(apiServer, { url: data.kubernetes_host, ca: data.kubernetes_ca_cert });
});

/** The sandbox lets everybody do everything. */
const onRealRights = { skip: env.kind === 'sandbox' ? 'the sandbox knows no roles' : false } as const;

interface Pair {
  /** Of the PushSecrets, the store `cluster` and its account `pusher`. */
  readonly own: string;
  /** Where the account may write Secrets. */
  readonly remote: string;
}

async function pair(prefix: string, verbs = ['get', 'create', 'update', 'delete']): Promise<Pair> {
  const [own, remote] = [await env.namespace(prefix), await env.namespace(`${prefix}-remote`)];
  const ca = apiServer.ca === '' ? TEST_CERTIFICATE : apiServer.ca;
  await env.apply(
    serviceAccount(own, 'pusher'),
    configMap(own, 'api-server', { 'ca.crt': ca }),
    secretStore(own, 'cluster', provider(remote, {})),
    secret(own, 'build-key', { 'api-key': 'k1', user: 'u1' }),
  );
  await grant(own, remote, verbs);
  await isValid(env, own, 'cluster');
  return { own, remote };
}

/** Lets the account `pusher` of `own` do this with Secrets of `remote`. */
async function grant(own: string, remote: string, verbs: readonly string[]): Promise<void> {
  if (env.kind === 'sandbox') return;
  const metadata = { namespace: remote, name: `pusher-of-${own}` };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const subjects = [{ kind: 'ServiceAccount', namespace: own, name: 'pusher' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs }];
  await env.apply(
    { apiVersion, kind: 'Role', metadata, rules } as KubeObject,
    { apiVersion, kind: 'RoleBinding', metadata, subjects, roleRef } as KubeObject,
  );
}

/** A provider that writes to `remote` as `pusher`; `where` names the namespace of its account and CA. */
function provider(remote: string, where: { readonly namespace?: string }): Provider {
  const caProvider = { type: 'ConfigMap', name: 'api-server', key: 'ca.crt', ...where };
  const auth = { serviceAccount: { name: 'pusher', ...where } };
  return { kubernetes: { server: { url: apiServer.url, caProvider }, auth, remoteNamespace: remote } };
}

type Remote = readonly [secretKey: string, remoteKey: string, property?: string, metadata?: object];

function pushOf(
  own: string,
  name: string,
  remotes: readonly Remote[],
  more: Partial<PushSecretSpecInput> = {},
): KubeObject {
  const data = remotes.map(([secretKey, remoteKey, property, spec]) => ({
    match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
    ...(spec === undefined ? {} : { metadata: envelope(spec) }),
  }));
  return pushSecret(own, name, 'build-key', 'cluster', {}, { data, ...more });
}

function envelope(spec: object): object {
  return { apiVersion: 'kubernetes.external-secrets.io/v1alpha1', kind: 'PushSecretMetadata', spec };
}

async function says(own: string, name: string, expected: RegExp): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, own, name), expected));
}

async function arrived(namespace: string, name: string, expected: Record<string, string> | undefined): Promise<void> {
  await env.eventually(async () => assert.deepEqual(await dataOf(env, namespace, name), expected));
}

async function forced(own: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(pushSecrets, { namespace: own, name }, { metadata: { annotations } });
}

/** Names the spec and the annotations that were last pushed: each forced push has its own. */
async function pushedVersion(own: string, name: string): Promise<string | undefined> {
  const { status } = await env.kube.get<PushSecret & KubeObject>(pushSecrets, { namespace: own, name });
  return status?.syncedResourceVersion;
}

describe('a push to a cluster', () => {
  test('makes the Secret with the source’s type and labels; its changes and hand edits are put right', async () => {
    const { own, remote } = await pair('kpush');
    const source = { ...secret(own, 'build-key', { 'tls.crt': 'c', 'tls.key': 'k' }), type: 'kubernetes.io/tls' };
    await env.kube.delete(secrets, { namespace: own, name: 'build-key' });
    await env.apply(labelled({ app: 'shop' }, source), pushOf(own, 'push', [['', 'copy']]));
    await arrived(remote, 'copy', { 'tls.crt': 'c', 'tls.key': 'k' });
    const made = await secretOf(env, remote, 'copy');
    assert.deepEqual([made?.type, made?.metadata.labels], ['kubernetes.io/tls', { app: 'shop' }]);
    assert.equal(made?.metadata.ownerReferences, undefined);
    const data = { ...source.data, 'tls.key': Buffer.from('k2').toString('base64') };
    await env.apply({ ...source, data } as KubeObject);
    await arrived(remote, 'copy', { 'tls.crt': 'c', 'tls.key': 'k2' });
    await env.kube.patch(secrets, { namespace: remote, name: 'copy' }, { data: { 'tls.key': '', extra: '' } });
    await forced(own, 'push');
    await arrived(remote, 'copy', { 'tls.crt': 'c', 'tls.key': 'k2' });
  });

  test('an unchanged push is no write, however often it is made', async () => {
    const { own, remote } = await pair('kquiet');
    await env.apply(pushOf(own, 'push', [['api-key', 'copy', 'key']]));
    await says(own, 'push', /^True Synced/);
    const before = await secretOf(env, remote, 'copy');
    for (let round = 0; round < 10; round++) {
      const last = await pushedVersion(own, 'push');
      await forced(own, 'push');
      await env.eventually(async () => assert.notEqual(await pushedVersion(own, 'push'), last));
    }
    assert.equal((await secretOf(env, remote, 'copy'))?.metadata.resourceVersion, before?.metadata.resourceVersion);
  });

  test('keys of several PushSecrets share one Secret, and each takes only its own away', async () => {
    const { own, remote } = await pair('kshare');
    const policy = { deletionPolicy: 'Delete' } as const;
    await env.apply(
      pushOf(own, 'one', [['api-key', 'copy', 'key']], policy),
      pushOf(own, 'two', [['user', 'copy', 'user']], policy),
    );
    await arrived(remote, 'copy', { key: 'k1', user: 'u1' });
    for (const name of ['one', 'two']) await says(own, name, /^True Synced/);
    await env.kube.delete(pushSecrets, { namespace: own, name: 'one' });
    await arrived(remote, 'copy', { user: 'u1' });
    await env.kube.delete(pushSecrets, { namespace: own, name: 'two' });
    await arrived(remote, 'copy', undefined);
  });

  test('a Secret that an ExternalSecret or another controller owns is refused, and its owner is named', async () => {
    const { own, remote } = await pair('kowned');
    const [owner] = await env.apply(configMap(remote, 'owner', {}));
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner!.metadata.uid, controller: true },
    ];
    const theirs = secret(remote, 'copy', { key: 'theirs' });
    await env.apply({ ...theirs, metadata: { ...theirs.metadata, ownerReferences } });
    await env.apply(pushOf(own, 'push', [['api-key', 'copy', 'key']], { deletionPolicy: 'Delete' }));
    await says(own, 'push', /^False Errored: .*"copy" is not overwritten: ConfigMap "owner" controls it/);
    await env.kube.delete(pushSecrets, { namespace: own, name: 'push' });
    await isGone(env, pushSecrets, own, 'push');
    assert.deepEqual(await dataOf(env, remote, 'copy'), { key: 'theirs' });
  });

  test('updatePolicy IfNotExists keeps what is there, Replace writes into it', async () => {
    const { own, remote } = await pair('kexists');
    await env.apply(secret(remote, 'copy', { key: 'theirs' }));
    const remotes: readonly Remote[] = [['api-key', 'copy', 'key']];
    await env.apply(pushOf(own, 'push', remotes, { updatePolicy: 'IfNotExists' }));
    await says(own, 'push', /^True Synced: .*what exists/);
    assert.deepEqual(await dataOf(env, remote, 'copy'), { key: 'theirs' });
    await env.apply(pushOf(own, 'push', remotes, { updatePolicy: 'Replace' }));
    await arrived(remote, 'copy', { key: 'k1' });
  });

  test('a token of a ServiceAccount is pushed nowhere', async () => {
    const { own, remote } = await pair('ktoken');
    await env.kube.delete(secrets, { namespace: own, name: 'build-key' });
    const type = 'kubernetes.io/service-account-token';
    const annotations = { 'kubernetes.io/service-account.name': 'pusher' };
    const source = secret(own, 'build-key', { 'api-key': 'k1' });
    await env.apply({ ...source, type, metadata: { ...source.metadata, annotations } } as KubeObject);
    await env.apply(pushOf(own, 'push', [['', 'copy']]));
    await says(own, 'push', /^False Errored: .*service-account-token are not pushed/);
    assert.equal(await secretOf(env, remote, 'copy'), undefined);
  });
});

describe('which namespace a push may reach', () => {
  test('a SecretStore’s is its own remoteNamespace: the metadata cannot name another', async () => {
    const { own, remote } = await pair('kstay');
    const third = await env.namespace('kstay-third');
    await grant(own, third, ['get', 'create', 'update', 'delete']);
    await env.apply(pushOf(own, 'push', [['api-key', 'copy', 'key', { remoteNamespace: third }]]));
    await says(
      own,
      'push',
      new RegExp(`^False Errored: .*"${third}" can be named with a ClusterSecretStore only.*"${remote}"`),
    );
    assert.equal(await secretOf(env, third, 'copy'), undefined);
  });

  test('a ClusterSecretStore’s entries go where they say, and with Delete they are taken away there', async () => {
    const { own, remote } = await pair('kroam');
    const third = await env.namespace('kroam-third');
    await grant(own, third, ['get', 'create', 'update', 'delete']);
    const store = `cluster-${own}`;
    await env.apply(clusterSecretStore(store, provider(remote, { namespace: own })));
    await isValid(env, undefined, store);
    const remotes: readonly Remote[] = [
      ['api-key', 'copy', 'key', { remoteNamespace: third, labels: { from: 'push' } }],
      ['user', 'copy', 'user'],
    ];
    const secretStoreRefs = [{ name: store, kind: 'ClusterSecretStore' as const }];
    await env.apply(pushOf(own, 'push', remotes, { secretStoreRefs, deletionPolicy: 'Delete' }));
    await arrived(third, 'copy', { key: 'k1' });
    await arrived(remote, 'copy', { user: 'u1' });
    assert.deepEqual((await secretOf(env, third, 'copy'))?.metadata.labels, { from: 'push' });
    await says(own, 'push', /^True Synced/);
    await env.kube.delete(pushSecrets, { namespace: own, name: 'push' });
    await isGone(env, pushSecrets, own, 'push');
    for (const namespace of [remote, third]) assert.equal(await secretOf(env, namespace, 'copy'), undefined);
  });

  test('IfNotExists looks where the entry goes', async () => {
    const { own, remote } = await pair('klook');
    const third = await env.namespace('klook-third');
    await grant(own, third, ['get', 'create', 'update', 'delete']);
    await env.apply(secret(third, 'copy', { key: 'theirs' }));
    const store = `cluster-${own}`;
    await env.apply(clusterSecretStore(store, provider(remote, { namespace: own })));
    await isValid(env, undefined, store);
    await env.apply(
      pushOf(own, 'push', [['api-key', 'copy', 'key', { remoteNamespace: third }]], {
        secretStoreRefs: [{ name: store, kind: 'ClusterSecretStore' as const }],
        updatePolicy: 'IfNotExists',
      }),
    );
    await says(own, 'push', /^True Synced/);
    assert.deepEqual(await dataOf(env, third, 'copy'), { key: 'theirs' });
    assert.equal(await secretOf(env, remote, 'copy'), undefined);
  });

  test(
    'no store writes where its account has no role, and the answer names verb, namespace and role',
    onRealRights,
    async () => {
      const { own } = await pair('kdenied');
      const third = await env.namespace('kdenied-third');
      const store = `cluster-${own}`;
      await env.apply(secretStore(own, 'third', provider(third, {})));
      await storeFailsWith(env, own, 'third', new RegExp(`${own}/pusher" may not get secrets in namespace "${third}"`));
      await env.apply(clusterSecretStore(store, provider(`${own}-x`, { namespace: own })));
      await storeFailsWith(env, undefined, store, /may not get secrets/);
      await env.apply(
        pushOf(own, 'push', [['api-key', 'copy', 'key']], {
          secretStoreRefs: [{ name: 'third', kind: 'SecretStore' }],
        }),
      );
      await says(
        own,
        'push',
        new RegExp(
          `^False Errored: .*get secrets "copy" in namespace "${third}": 403.*needs a role with verb "get" on secrets`,
        ),
      );
      assert.equal(await secretOf(env, third, 'copy'), undefined);
    },
  );

  test(
    'a store whose account may not ask for its rights is ValidationUnknown, with a warning, and is used all the same',
    requires(env, 'kube-faults', 'everybody may ask a real API server'),
    async () => {
      const { own, remote } = await pair('kunknown');
      await env.kubeFaults.respond({ method: 'POST', path: /selfsubjectrulesreviews/ }, { status: 403 }, 1);
      await env.apply(secretStore(own, 'silent', provider(remote, {})));
      const expected = /ValidationUnknown: cannot be checked before something is read: .*403.*selfsubjectrulesreviews/;
      await env.eventually(async () => assert.match(await readyOf(env, secretStores, own, 'silent'), expected));
      assert.match(await readyOf(env, secretStores, own, 'silent'), /^True/);
      await env.eventually(async () => {
        const told = (await env.events(own, 'silent')).map(({ type, reason }) => `${type} ${reason}`);
        assert.ok(told.includes('Warning ValidationUnknown'), told.join());
      });
      const secretStoreRefs = [{ name: 'silent', kind: 'SecretStore' as const }];
      await env.apply(pushOf(own, 'push', [['api-key', 'copy', 'key']], { secretStoreRefs }));
      await arrived(remote, 'copy', { key: 'k1' });
    },
  );

  for (const [missing, verbs] of [
    ['create', ['get', 'update']],
    ['update', ['get', 'create']],
  ] as const)
    test(`a role without "${missing}" is told as such, and shows no value`, onRealRights, async () => {
      const { own, remote } = await pair('krights', [...verbs]);
      const value = canary(`pushed without ${missing}`);
      if (missing === 'update') await env.apply(secret(remote, 'copy', { key: 'old' }));
      await env.apply(
        secret(own, 'build-key', { 'api-key': value }),
        pushOf(own, 'push', [['api-key', 'copy', 'key']]),
      );
      await says(
        own,
        'push',
        new RegExp(`^False Errored: .*403.*needs a role with verb "${missing}" on secrets in namespace "${remote}"`),
      );
      const seen = JSON.stringify([
        await env.kube.get(pushSecrets, { namespace: own, name: 'push' }),
        await env.events(own, 'push'),
        operator.logs(),
        await env.metrics(),
      ]);
      assert.deepEqual(tracesOf(value, seen), []);
      await grant(own, remote, ['get', 'create', 'update']);
      await forced(own, 'push');
      await arrived(remote, 'copy', { key: value });
    });
});
