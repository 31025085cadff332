import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { configMaps, secrets } from '../../src/api/resources.ts';
import { InvalidProviderConfigError, PropertyNotFoundError } from '../../src/providers/errors.ts';
import { kubernetesSpec } from '../../src/providers/kubernetes/spec.ts';
import { checkKubernetes } from '../../src/providers/kubernetes/check.ts';
import { kubernetes } from '../../src/providers/kubernetes/spec.ts';
import type { StoreKind } from '../../src/providers/provider.ts';
import { selfSigned } from '../../src/telemetry/self-signed.ts';
import { kubernetesBackend, kubernetesFaults, putSecret, type KubernetesBackend } from './kubernetes.ts';
import { providerConformance } from './provider.ts';
import { openAs } from './tenant.ts';

providerConformance(
  'the kubernetes provider',
  {
    largest: 0,
    binary: false,
    empty: false,
    versions: false,
    missingProperty: PropertyNotFoundError,
    objectsOnly: true,
  },
  kubernetesBackend,
  kubernetesFaults,
);

describe('references of a kubernetes store and namespaces', () => {
  let backend: KubernetesBackend;
  before(async () => {
    backend = await kubernetesBackend();
    const { cert, key } = selfSigned(['client'], backend.clock.now());
    const { token } = await backend.kube.createToken({ namespace: 'shop', name: 'reader' }, {});
    const data = { token, cert, key, kubeconfig: backend.cluster.kubeconfig() };
    const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
    for (const namespace of ['shop', 'blue']) {
      await backend.kube.create(secrets, { metadata: { namespace, name: 'mine' }, data: Object.fromEntries(encoded) });
      await backend.kube.create(configMaps, { metadata: { namespace, name: 'mine' }, data: { cert } });
    }
    await backend.kube.create(
      { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
      { metadata: { namespace: 'blue', name: 'reader' } },
    );
    await putSecret(backend.kube, 'db', { user: Buffer.from('u1') });
  });
  after(() => backend.close());

  type Place = { readonly namespace?: string };
  type Spec = Readonly<Record<string, unknown>>;
  const own = { name: 'mine', key: 'key' };
  const fields: readonly (readonly [field: string, spec: (place: Place) => Spec])[] = [
    [
      'auth.token.bearerToken',
      (place) => ({ auth: { token: { bearerToken: { name: 'mine', key: 'token', ...place } } } }),
    ],
    [
      'auth.cert.clientCert',
      (place) => ({
        auth: { cert: { clientCert: { name: 'mine', key: 'cert', ...place }, clientKey: { ...own, ...named(place) } } },
      }),
    ],
    [
      'auth.cert.clientKey',
      (place) => ({
        auth: { cert: { clientCert: { name: 'mine', key: 'cert', ...named(place) }, clientKey: { ...own, ...place } } },
      }),
    ],
    ['auth.serviceAccount', (place) => ({ auth: { serviceAccount: { name: 'reader', ...place } } })],
    ['authRef', (place) => ({ authRef: { name: 'mine', key: 'kubeconfig', ...place } })],
    ['server.caProvider', (place) => caSpec('Secret', place)],
    ['server.caProvider', (place) => caSpec('ConfigMap', place)],
  ];
  /** Only one field is wrong at a time: its neighbour stays where the store may look. */
  function named({ namespace }: Place): Place {
    return namespace === 'blue' ? { namespace: 'shop' } : namespace === undefined ? {} : { namespace };
  }
  function caSpec(type: string, place: Place): Spec {
    const serviceAccount = { name: 'reader', ...(place.namespace === undefined ? {} : { namespace: 'shop' }) };
    return {
      server: { url: backend.cluster.url, caProvider: { type, name: 'mine', key: 'cert', ...place } },
      auth: { serviceAccount },
    };
  }
  const whole = (spec: Spec): Spec => ({ server: { url: backend.cluster.url }, remoteNamespace: 'remote', ...spec });
  const open = (kind: StoreKind, spec: Spec) =>
    openAs({ kube: backend.kube, kind, namespace: 'shop', clock: backend.clock }, kubernetes, spec);
  async function canRead(kind: StoreKind, spec: Spec): Promise<boolean> {
    const client = await open(kind, spec);
    const [outcome] = await client.read([{ key: 'db' }], new AbortController().signal);
    await client.close();
    return outcome?.ok === true;
  }

  for (const [field, build] of fields) {
    test(`${field} of a SecretStore stays in its namespace`, async () => {
      const foreign = whole(build({ namespace: 'blue' }));
      const store = { kind: 'SecretStore', namespace: 'shop' } as const;
      const { errors } = checkKubernetes(kubernetesSpec.parse(foreign), store);
      assert.ok(
        errors.some((error) => error.startsWith(field)),
        errors.join('; '),
      );
      backend.cluster.resetRequests();
      await assert.rejects(open('SecretStore', foreign), InvalidProviderConfigError);
      assert.deepEqual(
        backend.cluster.requests().filter(({ path }) => path.includes('/namespaces/blue/')),
        [],
      );
      assert.equal(await canRead('SecretStore', whole(build({}))), true);
    });
    test(`${field} of a ClusterSecretStore is looked for where it says`, async () => {
      assert.equal(await canRead('ClusterSecretStore', whole(build({ namespace: 'blue' }))), true);
    });
  }
});
