import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkKubernetes, dependsOnNamespace } from './check.ts';
import { kubernetesSpec } from './spec.ts';

const OWN = { kind: 'SecretStore', namespace: 'shop' } as const;
const CLUSTER = { kind: 'ClusterSecretStore', namespace: '' } as const;
const CA = { server: { caBundle: 'Y2E=' } };
const parse = (spec: object) => kubernetesSpec.parse(spec);
const errors = (spec: object, store: typeof OWN | typeof CLUSTER) => checkKubernetes(parse(spec), store).errors;
const warnings = (spec: object) => checkKubernetes(parse(spec), OWN).warnings;

const token = (selector: object): object => ({ ...CA, auth: { token: { bearerToken: selector } } });
const cert = (clientCert: object, clientKey: object = { name: 'c', key: 'k' }): object => ({
  ...CA,
  auth: { cert: { clientCert, clientKey } },
});
const ca = (namespace?: string): object => ({
  server: { caProvider: { type: 'Secret', name: 'ca', key: 'ca.crt', namespace } },
  auth: { serviceAccount: { name: 'reader' } },
});

test('defaults are those of the peer', () => {
  assert.deepEqual(parse({ server: {} }), { server: { url: 'kubernetes.default' }, remoteNamespace: 'default' });
  assert.equal(parse({}).server, undefined);
});

test('exactly one way to log in', () => {
  assert.equal(kubernetesSpec.safeParse({ auth: {} }).success, false);
  const both = { serviceAccount: { name: 'a' }, token: { bearerToken: { name: 'a', key: 'k' } } };
  assert.equal(kubernetesSpec.safeParse({ auth: both }).success, false);
});

describe('strict selectors', () => {
  const table: readonly (readonly [title: string, spec: object, found: readonly RegExp[]])[] = [
    ['a token without name and key', token({ namespace: 'a' }), [/bearerToken\.name/, /bearerToken\.key/]],
    ['a certificate without key', cert({ name: 'c', namespace: 'a' }), [/clientCert\.key/]],
    ['a token without namespace', token({ name: 'c', key: 'k' }), [/bearerToken: cluster scope needs a namespace/]],
    ['a certificate without namespace', cert({ name: 'c', key: 'k' }), [/clientCert: cluster scope needs/]],
    ['a complete token', token({ name: 'c', key: 'k', namespace: 'a' }), []],
  ];
  for (const [title, spec, found] of table)
    test(`${title} in a ClusterSecretStore`, () => {
      const all = errors(spec, CLUSTER);
      assert.equal(all.length, found.length, all.join('; '));
      for (const [index, pattern] of found.entries()) assert.match(all[index]!, pattern);
    });
  test('need no namespace in a SecretStore', () => assert.deepEqual(errors(token({ name: 'c', key: 'k' }), OWN), []));
});

describe('caProvider', () => {
  test('of a ClusterSecretStore needs its namespace', () => {
    assert.match(errors(ca(), CLUSTER)[0]!, /caProvider\.namespace is missing/);
    assert.deepEqual(errors(ca('a'), CLUSTER), []);
  });
  test('of a SecretStore must not have one', () => {
    assert.match(errors(ca('shop'), OWN)[0]!, /caProvider\.namespace must not be set/);
    assert.deepEqual(errors(ca(), OWN), []);
  });
});

describe('warnings', () => {
  const auth = { serviceAccount: { name: 'reader' } };
  test('without any authority the system’s is used', () =>
    assert.match(warnings({ server: {}, auth })[0]!, /system’s root certificates/));
  test('auth and authRef exclude each other, and one is needed', () => {
    assert.match(warnings({ ...CA, auth, authRef: { name: 'a' } })[0]!, /exclude each other/);
    assert.match(warnings(CA)[0]!, /neither auth nor authRef/);
  });
  test('auth needs a server', () => assert.match(warnings({ auth }).join('; '), /server is not set/));
  test('a complete store has none', () => {
    assert.deepEqual(warnings({ ...CA, auth }), []);
    assert.deepEqual(warnings({ authRef: { name: 'a', key: 'config' } }), []);
  });
});

test('a reference without namespace makes a ClusterSecretStore one identity per namespace', () => {
  assert.equal(dependsOnNamespace(parse({ auth: { serviceAccount: { name: 'a' } } })), true);
  assert.equal(dependsOnNamespace(parse({ auth: { serviceAccount: { name: 'a', namespace: 'b' } } })), false);
  assert.equal(dependsOnNamespace(parse({ authRef: { name: 'a' } })), true);
});
