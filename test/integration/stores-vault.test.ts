/**
 * Vault stores as people write them: Kubernetes auth with a tenant's account (J08), with the operator's own (J09).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import {
  clusterSecretStore,
  entry,
  externalSecret,
  extract,
  from,
  refreshEvery,
  secretStore,
  serviceAccount,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { prepareVault, readyVaultShop, vaultShop } from './vault-shop.ts';
import { failsWith, holds, isSynced, isValid, readyOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator();

await prepareVault(env);

/** What keeps failing tries to log in again and again, while other tests count logins. */
async function remove(namespace: string, ...stores: readonly string[]): Promise<void> {
  for (const name of stores) await env.kube.delete(secretStores, { namespace, name });
}

async function countOf(call: string): Promise<number> {
  return (await env.vault.calls()).get(call) ?? 0;
}

// ---- J08: the account of the tenant

test('manifests of seed S1, v1beta1: two entries of one key become one Secret by one read, after a real login', async () => {
  const { namespace, store } = await vaultShop(env, 'kv2');
  await env.vault.resetCalls();
  await env.apply({ ...secretStore(namespace, 'vault', store()), apiVersion: 'external-secrets.io/v1beta1' });
  await isValid(env, namespace, 'vault');
  assert.ok((await countOf('PUT auth/kubernetes/login')) >= 1);
  await env.apply({
    ...externalSecret(
      namespace,
      'payments-db',
      from('vault'),
      entry('DB_USERNAME', `${namespace}/db`, 'username'),
      entry('DB_PASSWORD', `${namespace}/db`, 'password'),
      refreshEvery('1h'),
    ),
    apiVersion: 'external-secrets.io/v1beta1',
  });
  await holds(env, namespace, 'payments-db', { DB_USERNAME: 'app', DB_PASSWORD: 'p&<>"é' });
  assert.equal(await countOf(`GET apps/data/${namespace}/db`), 1);
  await env.eventually(async () =>
    assert.deepEqual(
      (await env.events(namespace, 'payments-db')).map(({ reason }) => reason),
      ['Created'],
    ),
  );
});

test('a policy with nothing but read on the path is enough: nothing else is asked for', async () => {
  const { namespace, store } = await vaultShop(env, 'least');
  await env.vault.resetCalls();
  await env.apply(
    secretStore(namespace, 'vault', store()),
    externalSecret(namespace, 'db', from('vault'), extract(`${namespace}/db`)),
  );
  await holds(env, namespace, 'db', { username: 'app', password: 'p&<>"é', port: '6432' });
  const asked = [...(await env.vault.calls()).keys()].filter((call) => !/auth\/token\/(renew|revoke)-self/.test(call));
  assert.deepEqual(asked.toSorted(), [`GET apps/data/${namespace}/db`, 'PUT auth/kubernetes/login']);
});

test('a role that is bound to another account: status, Vault’s words, role, mount and account are told', async () => {
  const { namespace, store } = await vaultShop(env, 'wrong-account', undefined, {
    bound_service_account_names: ['other'],
  });
  await env.apply(secretStore(namespace, 'vault', store()));
  await storeFailsWith(
    env,
    namespace,
    'vault',
    /403 service account name not authorized/,
    new RegExp(`role "${namespace}"`),
    /auth\/kubernetes/,
    new RegExp(`${namespace}/shop-vault`),
    /bound to that account/,
  );
  await remove(namespace, 'vault');
});

test('a role that does not exist, a mount that does not exist', async () => {
  const { namespace, store } = await vaultShop(env, 'wrong-role');
  const login = (role: string, mountPath: string) =>
    store({ auth: { kubernetes: { mountPath, role, serviceAccountRef: { name: 'shop-vault' } } } });
  await env.apply(secretStore(namespace, 'no-role', login('nobody', 'kubernetes')));
  await env.apply(secretStore(namespace, 'no-mount', login(namespace, 'kubernetes-eu')));
  await storeFailsWith(env, namespace, 'no-role', /400 invalid role name "nobody"/, /role "nobody"/);
  await storeFailsWith(env, namespace, 'no-mount', /auth\/kubernetes-eu/, /40[34]/, /nothing is mounted there/);
  await remove(namespace, 'no-role', 'no-mount');
});

test('a role that wants another audience than the token has', async () => {
  const { namespace, store } = await vaultShop(env, 'wrong-audience', undefined, { audience: 'vault' });
  await env.apply(secretStore(namespace, 'vault', store()));
  await storeFailsWith(env, namespace, 'vault', /403 .*audience/, /audience/);
  const serviceAccountRef = { name: 'shop-vault', audiences: ['vault'] };
  const auth = { kubernetes: { mountPath: 'kubernetes', role: namespace, serviceAccountRef } };
  await env.apply(secretStore(namespace, 'vault', store({ auth })));
  await isValid(env, namespace, 'vault');
});

test('a store is mended by what it missed: its account appears, its role is corrected in Vault', async () => {
  const { namespace, store } = await vaultShop(env, 'late', undefined, { bound_service_account_names: ['late-vault'] });
  const auth = {
    kubernetes: { mountPath: 'kubernetes', role: namespace, serviceAccountRef: { name: 'late-vault' } },
  };
  await env.apply(secretStore(namespace, 'vault', store({ auth })));
  await storeFailsWith(env, namespace, 'vault', /ServiceAccount "late-vault" not found in namespace/);
  await env.apply(serviceAccount(namespace, 'late-vault'));
  await isValid(env, namespace, 'vault');
});

test('a path outside the policy: the ExternalSecret says 403, the path, the missing right and the version hint', async () => {
  const { namespace } = await readyVaultShop(env, 'policy');
  await env.apply(externalSecret(namespace, 'other', from('vault'), entry('x', 'somebody/else')));
  await failsWith(
    env,
    namespace,
    'other',
    /data\[0\] \(key "somebody\/else"\)/,
    /GET apps\/data\/somebody\/else: 403 permission denied/,
    /policy needs "read" on apps\/data\/somebody\/else/,
    /version v2.*"version: v1"/,
  );
  assert.match(await readyOf(env, secretStores, namespace, 'vault'), /^True Valid/);
});

test(
  'a token of 15 minutes and a refresh each hour: every refresh works (Q35)',
  requires(env, 'fast-time', 'hours pass'),
  async () => {
    const { namespace } = await readyVaultShop(env, 'short');
    await env.apply(
      externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'username'), refreshEvery('1h')),
    );
    await holds(env, namespace, 'db', { user: 'app' });
    for (const username of ['app2', 'app3', 'app4']) {
      await env.vault.put('apps', `${namespace}/db`, { username });
      await env.advance(61 * 60_000);
      await holds(env, namespace, 'db', { user: username });
      assert.match(await readyOf(env, externalSecrets, namespace, 'db'), /^True/);
    }
    const failures = (await env.events(namespace, 'db')).filter(({ type }) => type === 'Warning');
    assert.deepEqual(failures, []);
  },
);

test(
  'one token serves all objects of a store, and is given back when nobody needs it',
  requires(env, 'fast-time', 'minutes pass'),
  async () => {
    await env.advance(3_600_000);
    const { namespace } = await readyVaultShop(env, 'tokens');
    await env.vault.resetCalls();
    for (const name of ['a', 'b', 'c'])
      await env.apply(externalSecret(namespace, name, from('vault'), extract(`${namespace}/db`), refreshEvery('24h')));
    for (const name of ['a', 'b', 'c']) await isSynced(env, namespace, name);
    assert.equal(await countOf('PUT auth/kubernetes/login'), 0);
    await env.kube.delete(secretStores, { namespace, name: 'vault' });
    await env.eventually(async () => assert.equal(await countOf('PUT auth/token/revoke-self'), 1));
  },
);

// ---- J09: the operator's own account

test('a ClusterSecretStore without any account logs in as the operator, with the manifests of seed S0', async () => {
  const namespace = await env.namespace('own');
  await env.vault.api('PUT', 'sys/policies/acl/own', { policy: 'path "apps/*" { capabilities = ["read", "list"] }' });
  await env.vault.api('POST', 'auth/kubernetes/role/operator', {
    bound_service_account_names: OPERATOR_ACCOUNT,
    bound_service_account_namespaces: OPERATOR_NAMESPACE,
    policies: 'own',
    ttl: '24h',
  });
  await env.vault.put('apps', `${namespace}/db`, { user: 'u', pass: 'p' });
  const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
  const provider = { vault: { server: env.vault.address, path: 'apps', version: 'v2', auth } };
  await env.apply(clusterSecretStore('hashicorp-vault', provider));
  await isValid(env, undefined, 'hashicorp-vault');
  const source = {
    extract: {
      conversionStrategy: 'Default',
      decodingStrategy: 'None',
      key: `apps/data/${namespace}/db`,
      metadataPolicy: 'None',
    },
  } as const;
  const wanted = externalSecret(namespace, 'vault-secret', from('hashicorp-vault', 'ClusterSecretStore'));
  await env.apply({
    ...wanted,
    spec: {
      ...wanted.spec,
      dataFrom: [source],
      refreshInterval: '2m0s',
      target: { creationPolicy: 'Owner', deletionPolicy: 'Retain', name: 'vault-secret' },
    },
  } as typeof wanted);
  await holds(env, namespace, 'vault-secret', { user: 'u', pass: 'p' });
});

test('a SecretStore may not use the operator’s account: it is told what to set (D71)', async () => {
  const { namespace, store } = await vaultShop(env, 'own-tenant');
  const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
  // Nobody listens there: had anything been sent, that would be told.
  await env.apply(secretStore(namespace, 'vault', store({ auth, server: 'http://127.0.0.1:1' })));
  await storeFailsWith(env, namespace, 'vault', /operator’s own token/, /serviceAccountRef/, /ClusterSecretStore/);
});

test('the operator’s token is read at each login: missing (serviceAccount.automount=false), then there', async () => {
  await operator.stop();
  const folder = mkdtempSync(join(tmpdir(), 'stores-vault-'));
  try {
    const file = join(folder, 'token');
    await env.startOperator([`--service-account-token-file=${file}`]);
    const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
    const provider = { vault: { server: env.vault.address, path: 'apps', version: 'v2', auth } };
    await env.apply(clusterSecretStore('late-token', provider));
    await storeFailsWith(env, undefined, 'late-token', new RegExp(file), /serviceAccount\.automount/);
    const account = { namespace: OPERATOR_NAMESPACE, name: OPERATOR_ACCOUNT };
    writeFileSync(file, (await env.kube.createToken(account, { expirationSeconds: 3_600 })).token);
    await isValid(env, undefined, 'late-token');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
