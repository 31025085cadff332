/**
 * Pushing to Vault with no more rights than docs/providers.md asks for (J19): what is written, what is left alone, and what a policy
 * that lacks something looks like to whoever made the PushSecret.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { pushSecrets, secrets } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  clusterSecretStore,
  pushSecret,
  secret,
  secretStore,
  serviceAccount,
  vaultAs,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { rule } from '../conformance/vault-push.ts';
import { useEnv } from './current-env.ts';
import { isGone } from './push-shop.ts';
import { isValid, readyOf } from './views.ts';
import { prepareVault } from './vault-shop.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug']);
before(() => prepareVault(env));

type Remote = readonly [secretKey: string, remoteKey: string, property?: string];

/** A namespace whose account may write below its own folder of `apps` and `old`, with store `vault` and source `build-key`. */
async function team(prefix: string, policyOf = folderPolicy): Promise<string> {
  const namespace = await env.namespace(prefix);
  await allow(namespace, policyOf(namespace));
  await env.vault.api('POST', `auth/kubernetes/role/${namespace}`, {
    bound_service_account_names: ['shop-vault'],
    bound_service_account_namespaces: [namespace],
    policies: [namespace],
    ttl: '15m',
  });
  await env.apply(
    serviceAccount(namespace, 'shop-vault'),
    secretStore(namespace, 'vault', storeOf(namespace)),
    secret(namespace, 'build-key', { 'api-key': 'k1', user: 'u1' }),
  );
  await isValid(env, namespace, 'vault');
  return namespace;
}

const storeOf = (namespace: string, more: Readonly<Record<string, unknown>> = {}) =>
  vaultAs(env.vault.address, namespace, 'shop-vault', { path: 'apps', ...more });

/** The policy that the documentation tells people to write, for the namespace's folder, and the same for version 1. */
function folderPolicy(namespace: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/providers.md'), 'utf8');
  const [, policy] = /### Pushing to Vault\n+```hcl\n([^`]+)```/.exec(text) ?? [];
  assert.ok(policy !== undefined);
  const v1 = rule('old/shop/*', 'create', 'read', 'update', 'delete');
  return `${policy}\n${v1}`.replaceAll('/shop/*', `/${namespace}/*`);
}

async function allow(namespace: string, policy: string): Promise<void> {
  await env.vault.api('PUT', `sys/policies/acl/${namespace}`, { policy });
}

function pushOf(
  namespace: string,
  name: string,
  remotes: readonly Remote[],
  more: Partial<PushSecretSpecInput> = {},
): KubeObject {
  const data = remotes.map(([secretKey, remoteKey, property]) => ({
    match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
  }));
  return pushSecret(namespace, name, 'build-key', 'vault', {}, { data, ...more });
}

async function says(namespace: string, name: string, expected: RegExp): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), expected));
}

async function arrived(path: string, expected: unknown): Promise<void> {
  await env.eventually(async () => assert.deepEqual(await read(path), expected));
}

/** The data of the answer, with all rights; undefined: nothing is there. */
async function read(path: string): Promise<Record<string, unknown> | undefined> {
  const headers = { 'X-Vault-Token': env.vault.rootToken };
  const answer = await fetch(`${env.vault.address}/v1/${path}`, { headers });
  if (answer.status === 404) return undefined;
  const { data } = (await answer.json()) as { data: Record<string, unknown> };
  return 'metadata' in data ? (data['data'] as Record<string, unknown>) : data;
}

const metadata = (key: string) => read(`apps/metadata/${key}`);
/** Writes below this path that were not the test's own. */
async function writes(part: string): Promise<readonly string[]> {
  const calls = [...(await env.vault.calls()).keys()];
  return calls.filter((call) => !/^(?:GET|LIST) /.test(call) && call.includes(part));
}

async function forced(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(pushSecrets, { namespace, name }, { metadata: { annotations } });
}

describe('a push to Vault', () => {
  test('makes the secret, marked as ours, with the rights the documentation names; the columns say so', async () => {
    const namespace = await team('vpush');
    await env.apply(pushOf(namespace, 'push', [['api-key', `${namespace}/ci`, 'value']]));
    await says(namespace, 'push', /^True Synced/);
    assert.deepEqual(await read(`apps/data/${namespace}/ci`), { value: 'k1' });
    const { custom_metadata, current_version } = (await metadata(`${namespace}/ci`)) ?? {};
    assert.deepEqual([custom_metadata, current_version], [{ 'managed-by': 'external-secrets' }, 1]);
    const [head, row] = (await env.kubectl('get', 'ps', '-n', namespace)).split('\n');
    assert.deepEqual(head?.split(/\s{2,}/), ['NAME', 'AGE', 'STATUS', 'LAST SYNC']);
    assert.match(row ?? '', /^push\s+\S+\s+Synced\s+\S+/);
  });

  test('a changed source is one new version; an unchanged one is none, however often it is pushed', async () => {
    const namespace = await team('vchange');
    const key = `${namespace}/ci`;
    await env.apply(
      pushOf(namespace, 'push', [
        ['api-key', key, 'value'],
        ['user', key, 'user'],
      ]),
    );
    await arrived(`apps/data/${key}`, { value: 'k1', user: 'u1' });
    await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2', user: 'u2' }));
    await arrived(`apps/data/${key}`, { value: 'k2', user: 'u2' });
    await says(namespace, 'push', /^True Synced/);
    await env.vault.resetCalls();
    for (let round = 1; round <= 10; round++) {
      await forced(namespace, 'push');
      await env.eventually(async () =>
        assert.ok(((await env.vault.calls()).get(`GET apps/data/${key}`) ?? 0) >= round),
      );
    }
    assert.deepEqual(await writes(key), []);
    assert.equal((await metadata(key))?.['current_version'], 2);
  });

  test('a property joins those that are there; the whole Secret replaces them', async () => {
    const namespace = await team('vprop');
    const key = `${namespace}/ci`;
    await env.apply(pushOf(namespace, 'one', [['api-key', key, 'value']]));
    await arrived(`apps/data/${key}`, { value: 'k1' });
    await env.apply(pushOf(namespace, 'two', [['user', key, 'user']]));
    await arrived(`apps/data/${key}`, { value: 'k1', user: 'u1' });
    await env.apply(pushOf(namespace, 'whole', [['', `${namespace}/whole`]]));
    await arrived(`apps/data/${namespace}/whole`, { 'api-key': 'k1', user: 'u1' });
  });

  test('the key may repeat the mount and "data", for pushing and for removing (Q04)', async () => {
    const namespace = await team('vspell');
    const policy = { deletionPolicy: 'Delete' } as const;
    await env.apply(pushOf(namespace, 'push', [['api-key', `apps/data/${namespace}/ci`, 'value']], policy));
    await arrived(`apps/data/${namespace}/ci`, { value: 'k1' });
    await says(namespace, 'push', /^True Synced/);
    await env.kube.delete(pushSecrets, { namespace, name: 'push' });
    await isGone(env, pushSecrets, namespace, 'push');
    assert.equal(await metadata(`${namespace}/ci`), undefined);
  });

  test('a secret without our mark is neither changed nor removed, and the PushSecret says whose it is not', async () => {
    const namespace = await team('vforeign');
    await env.vault.put('apps', `${namespace}/ci`, { value: 'theirs' });
    const policy = { deletionPolicy: 'Delete' } as const;
    await env.apply(pushOf(namespace, 'push', [['api-key', `${namespace}/ci`, 'value']], policy));
    await says(namespace, 'push', /^False Errored: .*SecretStore "vault": .*\/ci".*not managed by external-secrets/);
    await env.kube.delete(pushSecrets, { namespace, name: 'push' });
    await isGone(env, pushSecrets, namespace, 'push');
    assert.deepEqual(await read(`apps/data/${namespace}/ci`), { value: 'theirs' });
  });

  for (const [deletionPolicy, left] of [
    ['Delete', undefined],
    ['None', { value: 'k1' }],
  ] as const)
    test(`with deletionPolicy ${deletionPolicy} the value ${left === undefined ? 'goes with' : 'outlives'} the PushSecret`, async () => {
      const namespace = await team('vdelete');
      const key = `${namespace}/ci`;
      await env.apply(pushOf(namespace, 'push', [['api-key', key, 'value']], { deletionPolicy }));
      await says(namespace, 'push', /^True Synced/);
      await env.kube.delete(pushSecrets, { namespace, name: 'push' });
      await isGone(env, pushSecrets, namespace, 'push');
      assert.deepEqual(await read(`apps/data/${key}`), left);
      assert.equal((await metadata(key)) === undefined, left === undefined);
    });

  test('with Delete one property goes and the others stay', async () => {
    const namespace = await team('vtake');
    const key = `${namespace}/ci`;
    const both: readonly Remote[] = [
      ['api-key', key, 'value'],
      ['user', key, 'user'],
    ];
    await env.apply(pushOf(namespace, 'push', both, { deletionPolicy: 'Delete' }));
    await arrived(`apps/data/${key}`, { value: 'k1', user: 'u1' });
    await says(namespace, 'push', /^True Synced/);
    await env.apply(pushOf(namespace, 'push', both.slice(1), { deletionPolicy: 'Delete' }));
    await arrived(`apps/data/${key}`, { user: 'u1' });
  });

  test('KV version 1 carries the mark in the secret', async () => {
    const namespace = await team('vold');
    await env.apply(secretStore(namespace, 'vault', storeOf(namespace, { path: 'old', version: 'v1' })));
    await isValid(env, namespace, 'vault');
    await env.apply(pushOf(namespace, 'push', [['api-key', `${namespace}/ci`, 'value']]));
    await arrived(`old/${namespace}/ci`, { value: 'k1', custom_metadata: { 'managed-by': 'external-secrets' } });
  });

  test('a store that says the wrong KV version leaves nothing behind, and is told (Q06)', async () => {
    const namespace = await team('vversion');
    const wide = [
      rule('old/*', 'create', 'read', 'update', 'delete'),
      rule('apps/*', 'create', 'read', 'update', 'delete'),
    ];
    await allow(namespace, wide.join('\n'));
    await env.apply(secretStore(namespace, 'vault', storeOf(namespace, { path: 'old', version: 'v2' })));
    await isValid(env, namespace, 'vault');
    await env.apply(pushOf(namespace, 'push', [['api-key', `${namespace}/ci`, 'value']]));
    await says(namespace, 'push', /^False Errored: .*the answer is not one of KV v2: .*set "version: v1"/);
    for (const path of ['data', 'metadata']) assert.equal(await read(`old/${path}/${namespace}/ci`), undefined);
  });
});

describe('who may push where', () => {
  test('a team cannot push into the folder of another one, and is told path and capability', async () => {
    const [blue, green] = [await team('vblue'), await team('vgreen')];
    for (const key of [`${green}/ci`, `apps/data/${green}/ci`]) {
      await env.apply(pushOf(blue, 'push', [['api-key', key, 'value']]));
      await says(blue, 'push', new RegExp(`^False Errored: .*403.*needs "read" on apps/data/${green}/ci`));
    }
    await env.apply(pushOf(blue, 'climb', [['api-key', `${blue}/../${green}/ci`, 'value']]));
    await says(blue, 'climb', /^False Errored: .*must not contain "\." or "\.\." segments/);
    assert.equal(await metadata(`${green}/ci`), undefined);
  });

  test('with a ClusterSecretStore each namespace pushes with its own rights', async () => {
    const [blue, green] = [await team('vblue'), await team('vgreen')];
    const store = `shared-${blue}`;
    // The role is that of blue: only its account may take it.
    await env.apply(clusterSecretStore(store, storeOf(blue)));
    await isValid(env, undefined, store);
    const secretStoreRefs = [{ name: store, kind: 'ClusterSecretStore' as const }];
    for (const namespace of [blue, green])
      await env.apply(pushOf(namespace, 'push', [['api-key', `${blue}/${namespace}`, 'value']], { secretStoreRefs }));
    await says(blue, 'push', /^True Synced/);
    await says(green, 'push', /^False Errored: /);
    assert.deepEqual(await read(`apps/data/${blue}/${blue}`), { value: 'k1' });
    assert.equal(await metadata(`${blue}/${green}`), undefined);
  });

  test('rights that are missing are named, show no value anywhere, and once granted need nobody’s help', async () => {
    const namespace = await team('vrights');
    const key = `${namespace}/ci`;
    const value = canary('pushed to vault');
    await allow(
      namespace,
      [rule(`apps/data/${key}`, 'read'), rule(`apps/metadata/${key}`, 'read', 'create', 'update')].join('\n'),
    );
    await env.apply(
      secret(namespace, 'build-key', { 'api-key': value }),
      pushOf(namespace, 'push', [['api-key', key, 'value']]),
    );
    const missing = `403.*the role's policy needs "create" and "update" on apps/data/${key}`;
    await says(namespace, 'push', new RegExp(`^False Errored: .*${missing}`));
    await env.eventually(async () => {
      const told = (await env.events(namespace, 'push')).filter(({ type }) => type === 'Warning');
      assert.match(told.map(({ message }) => message).join('\n'), new RegExp(missing));
    });
    const seen = JSON.stringify([
      await env.kube.get(pushSecrets, { namespace, name: 'push' }),
      await env.events(namespace, 'push'),
      operator.logs(),
      await env.metrics(),
    ]);
    assert.deepEqual(tracesOf(value, seen), []);
    await allow(namespace, folderPolicy(namespace));
    await forced(namespace, 'push');
    await says(namespace, 'push', /^True Synced/);
    assert.deepEqual(await read(`apps/data/${key}`), { value });
  });

  test('the source is never changed by a push', async () => {
    const namespace = await team('vsource');
    const before = await env.kube.get(secrets, { namespace, name: 'build-key' });
    await env.apply(pushOf(namespace, 'push', [['api-key', `${namespace}/ci`, 'value']]));
    await says(namespace, 'push', /^True Synced/);
    const after = await env.kube.get(secrets, { namespace, name: 'build-key' });
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});
