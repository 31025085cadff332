/**
 * Where a key of a Vault store leads (Q04 to Q06), and what is told of a Vault that is away, sealed, or not where the store says (J21).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, externalSecret, from, secretStore } from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { force } from './force-sync.ts';
import { prepareVault, readyVaultShop, vaultShop } from './vault-shop.ts';
import { dataOf, failsWith, holds, isSynced, secretOf, storeFailsWith } from './views.ts';

const env = await useEnv();
await env.startOperator();
await prepareVault(env);
const host = new URL(env.vault.address).host.replaceAll('.', '\\.');

// ---- Q04 to Q06: mounts, paths, versions

test('a key that repeats the mount, or mount and data, means the same secret (Q04)', async () => {
  const { namespace } = await readyVaultShop(env, 'repeat');
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
  const { namespace } = await readyVaultShop(env, 'literal', everything);
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
  const { namespace, store } = await vaultShop(env, 'v2-on-v1', (name) => [`old/${name}/db`, `old/data/${name}/db`]);
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
  const { namespace, store } = await vaultShop(env, 'v1-on-v2', (name) => [`apps/${name}/db`, `apps/data/${name}/db`]);
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
  const { namespace } = await readyVaultShop(env, 'absent', (name) => [`apps/data/${name}/*`]);
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
  const { namespace, store } = await vaultShop(env, 'network');
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
    const { namespace } = await readyVaultShop(env, 'outage');
    await env.apply(externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'username')));
    await isSynced(env, namespace, 'db');
    await env.vault.stop();
    try {
      await force(env, namespace, 'db');
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
    const { namespace } = await readyVaultShop(env, 'sealed');
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
