import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecretSpec } from '../../src/api/external-secret.ts';
import { entry, externalSecret, extract, from, generatedBy, into, refreshEvery, secret, vaultAs } from './objects.ts';

test('parts add up to a spec that the schema takes', () => {
  const { spec } = externalSecret(
    'shop',
    'db',
    from('sm', 'ClusterSecretStore'),
    entry('password', 'shop/db', 'pass'),
    entry('user', 'shop/db', 'user', { version: '2' }),
    extract('shop/all', { rewrite: [{ regexp: { source: '^a', target: 'b' } }] }),
    generatedBy('Password', 'long'),
    into({ name: 'db-secret' }),
    into({ creationPolicy: 'Merge' }),
    refreshEvery('15m'),
  );
  assert.deepEqual(spec.data?.[1], {
    secretKey: 'user',
    remoteRef: { key: 'shop/db', property: 'user', version: '2' },
  });
  assert.deepEqual(spec.target, { name: 'db-secret', creationPolicy: 'Merge' });
  assert.equal(spec.dataFrom?.length, 2);
  assert.equal(externalSecretSpec.parse(spec).refreshInterval, '15m');
});

test('an object shows what the API server needs to know it by', () => {
  assert.deepEqual(secret('shop', 'db', { a: 'é', b: Uint8Array.of(0, 255) }), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'db' },
    type: 'Opaque',
    data: { a: 'w6k=', b: 'AP8=' },
  });
});

test('the account replaces the token of a Vault store', () => {
  const { vault } = vaultAs('http://v', 'shop', 'robot', { path: 'kv' }) as { vault: { auth: object; path: string } };
  assert.deepEqual(Object.keys(vault.auth), ['kubernetes']);
  assert.equal(vault.path, 'kv');
});
