/** The kubernetes provider on a real API server: real tokens, real RBAC, real Status objects. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secrets } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { PermissionDeniedError, PropertyNotFoundError, SecretNotFoundError } from '../../src/providers/errors.ts';
import { kubernetesModule } from '../../src/providers/kubernetes/index.ts';
import { kubernetes } from '../../src/providers/kubernetes/spec.ts';
import type { ReadRef, SecretsClient } from '../../src/providers/provider.ts';
import { readDescription } from '../real-parts/description.ts';
import { kubeconfig } from '../real-parts/kubernetes.ts';
import { dataOf, putSecret } from './kubernetes.ts';
import { providerConformance, type ProviderBackend } from './provider.ts';
import { realCluster, type RealCluster } from './real-cluster.ts';
import { openAs } from './tenant.ts';

const parts = readDescription();
const { signal } = new AbortController();
async function backend(): Promise<ProviderBackend> {
  const world = await realCluster();
  await world.allow('reader', ['get']);
  return {
    clock: systemClock,
    open: async () => ({ client: await world.open('reader'), module: kubernetesModule }),
    async put(key, value) {
      await putSecret(world.kube, key, dataOf(String(value)), { namespace: world.remote });
      return '';
    },
    calls: async () => new Map(),
    resetCalls: async () => {},
    close: () => world.close(),
  };
}

providerConformance(
  'the kubernetes provider on a real API server',
  {
    largest: 0,
    binary: false,
    empty: false,
    versions: false,
    missingProperty: PropertyNotFoundError,
    objectsOnly: true,
  },
  backend,
);

describe('the kubernetes provider and RBAC', () => {
  let world: RealCluster;
  before(async () => {
    world = await realCluster();
    await world.allow('reader', ['get']);
    await world.allow('lister', ['list']);
    const metadata = {
      namespace: world.remote,
      labels: { 'app.kubernetes.io/name': 'shop' },
      annotations: { note: 'n' },
    };
    await putSecret(world.kube, 'db', { user: Buffer.from('u1'), binary: Uint8Array.from([0, 255]) }, metadata);
    await putSecret(world.kube, 'other', { a: Buffer.from('1') }, { namespace: world.remote });
  });
  after(() => world.close());

  async function using<T>(account: string, use: (client: SecretsClient) => Promise<T>): Promise<T> {
    const client = await world.open(account);
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }
  const read = (account: string, ref: ReadRef): Promise<string> =>
    using(account, async (client) => {
      const [outcome] = await client.read([ref], signal);
      if (outcome?.ok !== true) throw outcome?.error;
      return kubernetesModule.values.select(outcome.value, ref).revealText();
    });

  test('who may get reads data and metadata', async () => {
    assert.equal(await read('reader', { key: 'db', property: 'user' }), 'u1');
    const label = { key: 'db', metadataPolicy: 'Fetch', property: 'labels.app.kubernetes.io/name' } as const;
    assert.equal(await read('reader', label), 'shop');
    await assert.rejects(read('reader', { key: 'gone' }), SecretNotFoundError);
  });

  test('who may not is told verb, resource and namespace', async () => {
    await assert.rejects(read('lister', { key: 'db' }), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(
        error.message,
        new RegExp(`get secrets "db" in namespace "${world.remote}": 403: .*cannot get resource`),
      );
      return true;
    });
    await assert.rejects(
      using('reader', (client) => client.find!({}, signal)),
      /needs a role with verb "list" on secrets/,
    );
  });

  test('who may list finds by name and by label', async () => {
    await using('lister', async (client) => {
      assert.deepEqual([...(await client.find!({ nameRegexp: '^(db|other)$' }, signal)).keys()], ['db', 'other']);
      const labelled = await client.find!({ tags: { 'app.kubernetes.io/name': 'shop' } }, signal);
      assert.deepEqual([...labelled.keys()], ['db']);
    });
  });

  test('validating tells the two apart', async () => {
    assert.equal(await using('reader', (client) => client.validate(signal)), 'Ready');
    await assert.rejects(
      using('lister', (client) => client.validate(signal)),
      (error: unknown) =>
        error instanceof PermissionDeniedError && /service account ".*\/lister" may not get/.test(error.message),
    );
  });

  test('a kubeconfig serves as well as its parts', async () => {
    const { token } = await world.kube.createToken({ namespace: world.own, name: 'reader' }, {});
    const config = Buffer.from(kubeconfig(parts.server, parts.caFile, { token })).toString('base64');
    await world.kube.create(secrets, { metadata: { namespace: world.own, name: 'kc' }, data: { config } } as never);
    const spec = { authRef: { name: 'kc', key: 'config' }, remoteNamespace: world.remote };
    const client = await openAs({ kube: world.kube, kind: 'SecretStore', namespace: world.own }, kubernetes, spec);
    assert.equal(await client.validate(signal), 'Ready');
    await client.close();
  });
});
