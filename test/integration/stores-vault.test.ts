/**
 * Vault stores as people write them: Kubernetes auth with a tenant's account (J08), with the operator's own (J09), and the mistakes
 * that are usual with mounts and paths (Q04 to Q06).
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
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
  vaultAs,
  type Provider,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { dataOf, failsWith, holds, isSynced, isValid, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator();
const host = new URL(env.vault.address).host.replaceAll('.', '\\.');

before(async () => {
  await env.vault.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await env.vault.api('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } });
  // A fresh KV v2 mount answers after a moment only.
  await env.eventually(() => env.vault.put('apps', 'ready', { yes: '1' }));
  await env.enableKubernetesAuth();
});

interface World {
  readonly namespace: string;
  /** A store that logs in with the role and the account, both `shop-vault`; `more` adds or replaces fields. */
  readonly store: (more?: Provider) => Provider;
}

/** The role is the namespace's, bound to its account `shop-vault`, with `read` on exactly these API paths. */
async function shop(
  prefix: string,
  paths: (namespace: string) => readonly string[] = (namespace) => [`apps/data/${namespace}/db`],
  role: Readonly<Record<string, unknown>> = {},
): Promise<World> {
  const namespace = await env.namespace(prefix);
  const rules = paths(namespace).map((path) => `path "${path}" { capabilities = ["read"] }`);
  await env.vault.api('PUT', `sys/policies/acl/${namespace}`, { policy: rules.join('\n') });
  await env.vault.api('POST', `auth/kubernetes/role/${namespace}`, {
    bound_service_account_names: ['shop-vault'],
    bound_service_account_namespaces: [namespace],
    policies: [namespace],
    ttl: '15m',
    ...role,
  });
  await env.vault.put('apps', `${namespace}/db`, { username: 'app', password: 'p&<>"é', port: 6432 });
  await env.apply(serviceAccount(namespace, 'shop-vault'));
  return {
    namespace,
    store: (more = {}) => vaultAs(env.vault.address, namespace, 'shop-vault', { path: 'apps', ...more }),
  };
}

/** A world whose store `vault` is ready. */
async function ready(...args: Parameters<typeof shop>): Promise<World> {
  const world = await shop(...args);
  await env.apply(secretStore(world.namespace, 'vault', world.store()));
  await isValid(env, world.namespace, 'vault');
  return world;
}

async function force(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
}

async function countOf(call: string): Promise<number> {
  return (await env.vault.calls()).get(call) ?? 0;
}

// ---- J08: the account of the tenant

test('manifests of seed S1, v1beta1: two entries of one key become one Secret by one read, after a real login', async () => {
  const { namespace, store } = await shop('kv2');
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
  const { namespace, store } = await shop('least');
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
  const { namespace, store } = await shop('wrong-account', undefined, { bound_service_account_names: ['other'] });
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
});

test('a role that does not exist, a mount that does not exist', async () => {
  const { namespace, store } = await shop('wrong-role');
  const login = (role: string, mountPath: string) =>
    store({ auth: { kubernetes: { mountPath, role, serviceAccountRef: { name: 'shop-vault' } } } });
  await env.apply(secretStore(namespace, 'no-role', login('nobody', 'kubernetes')));
  await env.apply(secretStore(namespace, 'no-mount', login(namespace, 'kubernetes-eu')));
  await storeFailsWith(env, namespace, 'no-role', /400 invalid role name "nobody"/, /role "nobody"/);
  await storeFailsWith(env, namespace, 'no-mount', /auth\/kubernetes-eu/, /40[34]/, /nothing is mounted there/);
});

test('a role that wants another audience than the token has', async () => {
  const { namespace, store } = await shop('wrong-audience', undefined, { audience: 'vault' });
  await env.apply(secretStore(namespace, 'vault', store()));
  await storeFailsWith(env, namespace, 'vault', /403 .*audience/, /audience/);
  const serviceAccountRef = { name: 'shop-vault', audiences: ['vault'] };
  const auth = { kubernetes: { mountPath: 'kubernetes', role: namespace, serviceAccountRef } };
  await env.apply(secretStore(namespace, 'vault', store({ auth })));
  await isValid(env, namespace, 'vault');
});

test('a store is mended by what it missed: its account appears, its role is corrected in Vault', async () => {
  const { namespace, store } = await shop('late', undefined, { bound_service_account_names: ['late-vault'] });
  const auth = {
    kubernetes: { mountPath: 'kubernetes', role: namespace, serviceAccountRef: { name: 'late-vault' } },
  };
  await env.apply(secretStore(namespace, 'vault', store({ auth })));
  await storeFailsWith(env, namespace, 'vault', /ServiceAccount "late-vault" not found in namespace/);
  await env.apply(serviceAccount(namespace, 'late-vault'));
  await isValid(env, namespace, 'vault');
});

test('a path outside the policy: the ExternalSecret says 403, the path, the missing right and the version hint', async () => {
  const { namespace } = await ready('policy');
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
    const { namespace } = await ready('short');
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
    const { namespace } = await ready('tokens');
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
  const { namespace, store } = await shop('own-tenant');
  await env.vault.resetCalls();
  const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
  await env.apply(secretStore(namespace, 'vault', store({ auth })));
  await storeFailsWith(env, namespace, 'vault', /operator’s own token/, /serviceAccountRef/, /ClusterSecretStore/);
  assert.equal(await countOf('PUT auth/kubernetes/login'), 0);
});

// ---- Q04 to Q06: mounts, paths, versions

test('a key that repeats the mount, or mount and data, means the same secret (Q04)', async () => {
  const { namespace } = await ready('repeat');
  const key = `${namespace}/db`;
  await env.apply(
    externalSecret(
      namespace,
      'db',
      from('vault'),
      entry('plain', key, 'username'),
      entry('mount', `apps/${key}`, 'username'),
      entry('data', `apps/data/${key}`, 'username'),
    ),
  );
  await holds(env, namespace, 'db', { plain: 'app', mount: 'app', data: 'app' });
});

test('a key that begins with data/ is taken literally, and the error says how to write it (Q05)', async () => {
  const everything = (namespace: string) => [`apps/data/${namespace}/db`, `apps/data/data/${namespace}/db`];
  const { namespace } = await ready('literal', everything);
  await env.apply(externalSecret(namespace, 'db', from('vault'), entry('user', `data/${namespace}/db`, 'username')));
  await failsWith(
    env,
    namespace,
    'db',
    new RegExp(`apps/data/data/${namespace}/db`),
    /404/,
    /begins with "data\/".*leave it off/,
  );
});

test('a v2 store on a v1 mount names the path and the version to set (Q06)', async () => {
  const { namespace, store } = await shop('v2-on-v1', (name) => [`old/${name}/db`, `old/data/${name}/db`]);
  await env.vault.put('old', `${namespace}/db`, { username: 'app' }, 'v1');
  await env.apply(
    secretStore(namespace, 'vault', store({ path: 'old' })),
    externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'username')),
  );
  await failsWith(env, namespace, 'db', new RegExp(`old/data/${namespace}/db`), /404/, /set "version: v1"/);
  await env.apply(secretStore(namespace, 'vault', store({ path: 'old', version: 'v1' })));
  await holds(env, namespace, 'db', { user: 'app' });
});

test('a v1 store on a v2 mount does the same (Q06)', async () => {
  const { namespace, store } = await shop('v1-on-v2', (name) => [`apps/${name}/db`, `apps/data/${name}/db`]);
  await env.apply(
    secretStore(namespace, 'vault', store({ version: 'v1' })),
    externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'username')),
  );
  await failsWith(
    env,
    namespace,
    'db',
    new RegExp(`GET apps/${namespace}/db`),
    /KV version 2, the store says v1: set "version: v2"/,
  );
});

test('a secret that is not there names key, path and store; a property that is not there names both', async () => {
  const { namespace } = await ready('absent', (name) => [`apps/data/${name}/*`]);
  await env.apply(
    externalSecret(namespace, 'no-key', from('vault'), entry('x', `${namespace}/nope`)),
    externalSecret(namespace, 'no-property', from('vault'), entry('x', `${namespace}/db`, 'nope')),
  );
  await failsWith(env, namespace, 'no-key', new RegExp(`key "${namespace}/nope"`), /404/, /SecretStore "vault"/);
  await failsWith(env, namespace, 'no-property', /property "nope"/, new RegExp(`key "${namespace}/db"`));
  assert.equal(await secretOf(env, namespace, 'no-property'), undefined);
});

// ---- network

test('a server that is not there, speaks no TLS, or may not be called', async () => {
  const { namespace, store } = await shop('network');
  const tls = env.vault.address.replace('http:', 'https:');
  await env.apply(
    secretStore(namespace, 'no-listener', store({ server: 'http://127.0.0.1:1' })),
    secretStore(namespace, 'no-name', store({ server: 'http://vault.does-not-exist.invalid:8200' })),
    secretStore(namespace, 'no-tls', store({ server: tls })),
    secretStore(namespace, 'metadata', store({ server: 'http://169.254.169.254' })),
  );
  await storeFailsWith(env, namespace, 'no-listener', /127\.0\.0\.1:1/, /ECONNREFUSED/);
  await storeFailsWith(env, namespace, 'no-name', /vault\.does-not-exist\.invalid/, /ENOTFOUND|EAI_AGAIN/);
  await storeFailsWith(env, namespace, 'no-tls', new RegExp(host), /TLS failed: wrong version number/);
  await storeFailsWith(env, namespace, 'metadata', /169\.254\.169\.254/, /--allow-targets/);
});

test(
  'Vault goes away and comes back: the Secret stays, the host is told, all recovers by itself',
  requires(env, 'restart', 'Vault stops'),
  async () => {
    const { namespace } = await ready('outage');
    await env.apply(externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'username')));
    await isSynced(env, namespace, 'db');
    await env.vault.stop();
    try {
      await force(namespace, 'db');
      await failsWith(env, namespace, 'db', new RegExp(host), /ECONNREFUSED|ECONNRESET|closed/);
      assert.deepEqual(await dataOf(env, namespace, 'db'), { user: 'app' });
    } finally {
      await env.vault.start();
    }
    if (env.supports('fast-time')) await env.advance(40_000);
    await isSynced(env, namespace, 'db', 60_000);
  },
);

test(
  'a sealed Vault and a Vault that limits its callers say so',
  requires(env, 'vault-faults', 'Vault answers 503 and 429'),
  async () => {
    const { namespace } = await ready('sealed');
    for (const [status, words] of [
      [503, /sealed/],
      [429, /rate|too many|throttl/i],
    ] as const) {
      const name = `db-${status}`;
      await env.vault.fault(`apps/data/${namespace}/db`, status);
      await env.apply(externalSecret(namespace, name, from('vault'), entry('user', `${namespace}/db`, 'username')));
      await failsWith(env, namespace, name, new RegExp(String(status)), words);
      await env.vault.heal();
    }
  },
);

test('an operator without a mounted token says so in the store (serviceAccount.automount=false)', async () => {
  await operator.stop();
  await env.startOperator(['--service-account-token-file=/does/not/exist']);
  const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
  const provider = { vault: { server: env.vault.address, path: 'apps', version: 'v2', auth } };
  await env.apply(clusterSecretStore('no-token', provider));
  await storeFailsWith(env, undefined, 'no-token', /\/does\/not\/exist/, /serviceAccount\.automount/);
});
