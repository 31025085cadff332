import assert from 'node:assert/strict';
import { test } from 'node:test';
import { providers } from '../providers/registry.ts';
import { objectReferences } from './object-references.ts';

function referencesOf(provider: string, settings: unknown): readonly string[] {
  const declaration = providers.find(({ name }) => name === provider);
  assert.ok(declaration !== undefined);
  return objectReferences(declaration.spec, settings, provider).map(
    ({ field, kind, namespace = '', name, key = '' }) => `${field}: ${kind} ${namespace}/${name} ${key}`,
  );
}

test('selectors are found wherever the schema has them, with kind, namespace and key', () => {
  const secretRef = {
    accessKeyIDSecretRef: { name: 'a', key: 'id' },
    secretAccessKeySecretRef: { name: 'a', key: 'key' },
  };
  assert.deepEqual(referencesOf('aws', { service: 'SecretsManager', region: 'x', auth: { secretRef } }), [
    'aws.auth.secretRef.accessKeyIDSecretRef: Secret /a id',
    'aws.auth.secretRef.secretAccessKeySecretRef: Secret /a key',
  ]);
  const kubernetes = { mountPath: 'k', role: 'r', serviceAccountRef: { name: 'robot', namespace: 'shop' } };
  const caProvider = { type: 'ConfigMap', name: 'ca', key: 'ca.crt' };
  assert.deepEqual(referencesOf('vault', { server: 'https://v', caProvider, auth: { kubernetes } }), [
    'vault.caProvider: ConfigMap /ca ca.crt',
    'vault.auth.kubernetes.serviceAccountRef: ServiceAccount shop/robot ',
  ]);
  assert.deepEqual(referencesOf('kubernetes', { authRef: { name: 'config', key: 'k' } }), [
    'kubernetes.authRef: Secret /config k',
  ]);
});

test('lists are gone through', () => {
  const secrets = [{ name: 'one', secretRef: { name: 's' } }];
  assert.deepEqual(referencesOf('webhook', { url: 'https://h', result: {}, secrets }), [
    'webhook.secrets[0].secretRef: Secret /s ',
  ]);
});

test('what is no reference, names nothing or does not fit is left out', () => {
  assert.deepEqual(referencesOf('fake', { data: [{ key: 'name', value: 'v' }] }), []);
  assert.deepEqual(referencesOf('vault', { server: 'https://v', auth: { tokenSecretRef: { key: 'k' } } }), []);
  assert.deepEqual(referencesOf('vault', { auth: 'nonsense' }), []);
  assert.deepEqual(referencesOf('vault', undefined), []);
});
