/**
 * The examples of `docs/providers.md`, each applied as it stands in `examples/providers` and synced from a backend: names of
 * namespaces, servers and roles are replaced by the test's own, nothing else.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { startGitlab } from '../../sandbox/gitlab/server.ts';
import { startHttp } from '../../sandbox/http/server.ts';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { findProvider, providers } from '../../src/providers/registry.ts';
import { configMap, labelled, secret } from '../builders/objects.ts';
import { TEST_CERTIFICATE } from '../builders/http-server.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { resourceOf } from './cluster.ts';
import { holds, isValid } from './views.ts';

const folder = join(import.meta.dirname, '../../examples/providers');
const env = await useEnvWithStrictAws();
const [gitlab, http] = await Promise.all([startGitlab({ clock: systemClock }), startHttp()]);
after(() => Promise.all([gitlab.stop(), http.stop()]));
await env.startOperator();

/** Where the API server is and whom to trust, as Vault was told. */
const apiServer = { url: '', ca: '' };

before(async () => {
  await env.vault.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await env.eventually(() => env.vault.put('apps', 'ready', { yes: '1' }));
  await env.enableKubernetesAuth();
  const answer = await env.vault.api('GET', 'auth/kubernetes/config');
  const { data } = answer as { readonly data: Readonly<Record<'kubernetes_host' | 'kubernetes_ca_cert', string>> };
  Object.assign(apiServer, { url: data.kubernetes_host, ca: data.kubernetes_ca_cert });
});

interface Example {
  /** Texts of the file that are replaced, e.g. the URL of a server. */
  readonly replace?: Readonly<Record<string, string>>;
  /** What somebody else prepared. */
  readonly prepare?: (this: void, namespace: string) => Promise<unknown>;
  /** What the ExternalSecret then gives. */
  readonly gives: Readonly<Record<string, string>>;
}

const ROLE = 'arn:aws:iam::111122223333:role/shop-secrets';
const trustRole = (namespace: string) =>
  env.aws.trustRole(ROLE, { subjects: [`system:serviceaccount:${namespace}:shop-aws`] });

const EXAMPLES: Readonly<Record<string, () => Example>> = {
  'aws-secrets-manager': () => ({
    async prepare(namespace) {
      await trustRole(namespace);
      await env.aws.putSecret('shop/database', '{"username":"shop","password":"pw"}');
    },
    gives: { username: 'shop', password: 'pw' },
  }),
  'aws-parameter-store': () => ({
    async prepare(namespace) {
      await trustRole(namespace);
      await env.aws.putParameter('/shop/api-key', 'k1', { type: 'SecureString' });
    },
    gives: { 'api-key': 'k1' },
  }),
  vault: () => ({
    replace: { 'https://vault.example.com:8200': env.vault.address },
    async prepare(namespace) {
      await env.vault.put('apps', 'shop/payments', { username: 'shop', password: 'pw' });
      await env.vault.api('PUT', 'sys/policies/acl/shop', { policy: vaultPolicy() });
      await env.vault.api('POST', 'auth/kubernetes/role/shop', {
        bound_service_account_names: ['shop-vault'],
        bound_service_account_namespaces: [namespace],
        policies: ['shop'],
        ttl: '15m',
      });
    },
    gives: { username: 'shop', password: 'pw' },
  }),
  kubernetes: () => ({
    replace: { 'https://kubernetes.default': apiServer.url, 'kube-root-ca.crt': 'api-server-ca' },
    prepare: (namespace) =>
      env.apply(
        configMap(namespace, 'api-server-ca', { 'ca.crt': apiServer.ca === '' ? TEST_CERTIFICATE : apiServer.ca }),
        secret(`${namespace}-platform`, 'registry', { password: 'pw' }),
      ),
    gives: { password: 'pw' },
  }),
  gitlab: () => ({
    replace: { 'https://gitlab.example.com': gitlab.url },
    async prepare(namespace) {
      gitlab.addGroup('shop');
      gitlab.addProject('shop/backend');
      gitlab.setVariable('shop', 'DB_HOST', 'db.shop');
      gitlab.setVariable('shop/backend', 'API_KEY', 'any');
      gitlab.setVariable('shop/backend', 'API_KEY', 'k1', { scope: 'production' });
      gitlab.setToken('glpat-example', { roles: { shop: 'Owner' } });
      await env.apply(secret(namespace, 'gitlab', { token: 'glpat-example' }));
    },
    gives: { 'api-key': 'k1', DB_HOST: 'db.shop' },
  }),
  webhook: () => ({
    replace: { 'https://secrets.example.com': http.url },
    async prepare(namespace) {
      http.require(['authorization', 'Bearer api-token']);
      http.put('/v1/smtp-password', '{"data":{"value":"pw"}}');
      const credentials = secret(namespace, 'secrets-api', { token: 'api-token' });
      await env.apply(labelled({ 'external-secrets.io/type': 'webhook' }, credentials));
    },
    gives: { password: 'pw' },
  }),
  fake: () => ({ gives: { german: 'hallo' } }),
};

/** The policy that the documentation tells people to write. */
function vaultPolicy(): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/providers.md'), 'utf8');
  const [, policy] = /```hcl\n([^`]+)```/.exec(text) ?? [];
  assert.ok(policy !== undefined);
  return policy;
}

test('there is an example for every provider, and a test for every example', () => {
  const files = globSync('*.yaml', { cwd: folder }).map((file) => basename(file, '.yaml'));
  assert.deepEqual(files.toSorted(), Object.keys(EXAMPLES).toSorted());
  const shown = new Set(files.flatMap((file) => manifests(file).flatMap(providerOf)));
  assert.deepEqual([...shown].toSorted(), providers.map(({ name }) => name).toSorted());
});

for (const [name, makeExample] of Object.entries(EXAMPLES)) {
  test(`the example ${name} is accepted as it is, and syncs`, async () => {
    const { replace = {}, prepare, gives } = makeExample();
    const namespace = await env.namespace(`example-${name}`);
    await env.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${namespace}-platform` } });
    const texts = {
      ...replace,
      'namespace: shop': `namespace: ${namespace}`,
      'amespace: platform': `amespace: ${namespace}-platform`,
    };
    const objects = manifests(name, texts);
    await prepare?.(namespace);
    for (const object of objects) {
      // The sandbox allows everybody everything and knows no roles.
      if (env.kind === 'sandbox' && object.apiVersion?.startsWith('rbac.') === true) continue;
      const [stored] = await env.apply(object);
      assertKept(object, stored, `${name}: ${object.kind}`);
    }
    const [store] = objects.filter(({ kind }) => kind === secretStores.kind);
    const [consumer] = objects.filter(({ kind }) => kind === externalSecrets.kind);
    assert.deepEqual(checked(store), []);
    await isValid(env, namespace, store?.metadata.name ?? '');
    await holds(env, namespace, consumer?.metadata.name ?? '', gives);
  });
}

test('AWS was asked for nothing that the documented policies do not allow', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/providers.md'), 'utf8');
  const actions = env.aws.recorded().map(({ action }) => action);
  assert.ok(actions.length > 0);
  for (const action of new Set(actions)) assert.match(text, new RegExp(`"(secretsmanager|ssm|sts):${action}"`));
});

function manifests(name: string, replace: Readonly<Record<string, string>> = {}): readonly KubeObject[] {
  const text = Object.entries(replace).reduce(
    (left, [from, to]) => left.replaceAll(from, to),
    readFileSync(join(folder, `${name}.yaml`), 'utf8'),
  );
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, []);
    const object = document.toJS() as KubeObject;
    assert.ok(resourceOf(object));
    return object;
  });
}

interface StoreObject extends KubeObject {
  readonly spec?: { readonly provider?: Readonly<Record<string, unknown>> };
}

function providerOf(object: StoreObject): readonly string[] {
  return object.kind === secretStores.kind ? Object.keys(object.spec?.provider ?? {}) : [];
}

/** What admission would say. */
function checked(store: StoreObject | undefined): readonly string[] {
  const { declaration, spec } = findProvider(store?.spec?.provider);
  const { errors, warnings } = declaration.check(spec, {
    kind: 'SecretStore',
    namespace: store?.metadata.namespace ?? '',
  });
  // Tests have no TLS.
  return [...errors, ...warnings.filter((warning) => !warning.startsWith('url: the token is sent without'))];
}

/** The API server may add defaults, but must not have dropped a field. */
function assertKept(wanted: unknown, stored: unknown, where: string): void {
  if (typeof wanted !== 'object' || wanted === null) {
    assert.deepEqual(stored, wanted, where);
    return;
  }
  for (const [key, value] of Object.entries(wanted))
    assertKept(value, (stored as Readonly<Record<string, unknown>> | undefined)?.[key], `${where}.${key}`);
}
