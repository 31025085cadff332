/**
 * No value crosses identities (D70, `providers.md` 9.5): two consumers whose identities differ in one single part get values of their own
 * and identity keys of their own, whichever part it is. The backend of these tests answers with who asked.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { SecretValue } from '../secret-value.ts';
import { ClientPool, type ClusterPort, type PoolStore, type ResolvedObject } from './pool.ts';
import type { ClusterAccess, ProviderDeclaration, SessionContext, StoreIdentity } from './provider.ts';

interface Spec {
  readonly role: string;
  readonly perNamespace: boolean;
}

/** Everything that makes one consumer's identity. */
interface Identity {
  readonly store: StoreIdentity;
  readonly spec: Spec;
  readonly consumer: string;
  /** What opening a session resolves, as it is in the cluster. */
  readonly object: ResolvedObject;
}

const ONE: Identity = {
  store: { kind: 'ClusterSecretStore', namespace: '', name: 'aws', uid: 'u1', generation: 1 },
  spec: { role: 'reader', perNamespace: true },
  consumer: 'shop',
  object: { kind: 'Secret', namespace: 'shop', name: 'robot', uid: 's1', resourceVersion: '7' },
};

/** One part is different; what comes with it in life comes with it here. */
const PARTS: readonly (readonly [part: string, other: Identity])[] = [
  ['kind of the store', { ...ONE, store: { ...ONE.store, kind: 'SecretStore', namespace: 'shop', uid: 'u2' } }],
  ['namespace of the store', { ...ONE, store: { ...ONE.store, namespace: 'team', uid: 'u2' } }],
  ['name of the store', { ...ONE, store: { ...ONE.store, name: 'aws-2', uid: 'u2' } }],
  ['uid of the store: deleted and made anew', { ...ONE, store: { ...ONE.store, uid: 'u2' } }],
  [
    'role, which is a new generation',
    {
      store: { ...ONE.store, generation: 2 },
      spec: { ...ONE.spec, role: 'writer' },
      consumer: ONE.consumer,
      object: ONE.object,
    },
  ],
  ['namespace of the consumer', { ...ONE, consumer: 'team' }],
  ['kind of a resolved object', { ...ONE, object: { ...ONE.object, kind: 'ServiceAccount' } }],
  ['namespace of a resolved object', { ...ONE, object: { ...ONE.object, namespace: 'team' } }],
  ['name of a resolved object', { ...ONE, object: { ...ONE.object, name: 'robot-2' } }],
  ['uid of a resolved object: deleted and made anew', { ...ONE, object: { ...ONE.object, uid: 's2' } }],
  ['version of a resolved object: rotated', { ...ONE, object: { ...ONE.object, resourceVersion: '8' } }],
];

const { signal } = new AbortController();
const read = { notBefore: 0, signal };

for (const [part, other] of PARTS) {
  test(`identities that differ in this alone share nothing: ${part}`, async () => {
    const { consume } = world();
    const first = await consume(ONE);
    const second = await consume(other);
    assert.deepEqual([first.value, second.value], [named(ONE), named(other)]);
    assert.notEqual(first.identityKey, second.identityKey);
    assert.notEqual(first.reader, second.reader);
  });
}

const SINGLE: Readonly<Record<string, Identity>> = {
  'store.kind': { ...ONE, store: { ...ONE.store, kind: 'SecretStore' } },
  'store.namespace': { ...ONE, store: { ...ONE.store, namespace: 'team' } },
  'store.name': { ...ONE, store: { ...ONE.store, name: 'aws-2' } },
  'store.uid': { ...ONE, store: { ...ONE.store, uid: 'u2' } },
  'store.generation': { ...ONE, store: { ...ONE.store, generation: 2 } },
  consumer: { ...ONE, consumer: 'team' },
  'object.kind': { ...ONE, object: { ...ONE.object, kind: 'ConfigMap' } },
  'object.namespace': { ...ONE, object: { ...ONE.object, namespace: 'team' } },
  'object.name': { ...ONE, object: { ...ONE.object, name: 'robot-2' } },
  'object.uid': { ...ONE, object: { ...ONE.object, uid: 's2' } },
  'object.resourceVersion': { ...ONE, object: { ...ONE.object, resourceVersion: '8' } },
};

test('the key of an identity has every part in it: each changes it by itself, and nothing else does', async () => {
  const keyOf = async (identity: Identity): Promise<string> => (await world().consume(identity)).identityKey;
  const keys = await Promise.all([ONE, ...Object.values(SINGLE)].map(keyOf));
  assert.equal(new Set(keys).size, 1 + Object.keys(SINGLE).length);
  assert.equal(await keyOf(ONE), keys[0]);
});

test('two cluster stores that differ only in their role, asked at the same time for the same key', async () => {
  const { consume } = world();
  const shared = { ...ONE, spec: { ...ONE.spec, perNamespace: false } };
  const stores = ['reader', 'writer'].map((role, index) => ({
    ...shared,
    store: { ...ONE.store, name: role, uid: `u${index}` },
    spec: { ...shared.spec, role },
  }));
  const asked = Array.from({ length: 40 }, (_, index) => stores[index % 2]!);
  const answers = await Promise.all(asked.map((identity) => consume(identity)));
  assert.deepEqual(
    answers.map(({ value }) => value),
    asked.map((identity) => named({ ...identity, consumer: '' })),
  );
  assert.equal(new Set(answers.map(({ identityKey }) => identityKey)).size, 2);
});

test('a cluster store whose credentials depend on the consumer, asked at the same time from many namespaces', async () => {
  const { consume } = world();
  const asked = Array.from({ length: 40 }, (_, index) => ({ ...ONE, consumer: `team-${index % 8}` }));
  const answers = await Promise.all(asked.map((identity) => consume(identity)));
  assert.deepEqual(
    answers.map(({ value }) => value),
    asked.map(named),
  );
  assert.equal(new Set(answers.map(({ identityKey }) => identityKey)).size, 8);
});

test('equal identities do share: one session, one read', async () => {
  const { consume, reads } = world();
  const answers = await Promise.all([consume(ONE), consume(ONE), consume(ONE)]);
  assert.equal(new Set(answers.map(({ identityKey }) => identityKey)).size, 1);
  assert.equal(reads(), 1);
});

function named({ store, spec, consumer, object }: Identity): string {
  return JSON.stringify([store, spec.role, consumer, object]);
}

/** A pool, a backend that answers with the identity it was opened for, and a cluster that shows what the identity says. */
function world() {
  const clock = new ManualClock();
  let shown = ONE.object;
  let calls = 0;
  const cluster: ClusterPort = {
    access(): ClusterAccess & { resolved(): readonly ResolvedObject[] } {
      const resolved = [shown];
      return { ...({} as ClusterAccess), resolved: () => resolved };
    },
    isCurrent: (object) => JSON.stringify(object) === JSON.stringify(shown),
  };
  const declaration: ProviderDeclaration<Spec> = {
    name: 'test',
    spec: undefined as never,
    capabilities: 'ReadOnly',
    maintenance: 'Maintained',
    check: () => ({ errors: [], warnings: [] }),
    dependsOnNamespace: ({ perNamespace }) => perNamespace,
    load: async () => ({
      values: { select: (raw) => raw, entries: () => new Map() },
      async open({ store, spec, namespace }: SessionContext<Spec>) {
        const answer = SecretValue.ofText(named({ store, spec, consumer: namespace, object: shown }));
        return {
          batchSize: 20,
          read: async (refs) => {
            calls += 1;
            return refs.map(() => ({ ok: true, value: answer }));
          },
          validate: async () => 'Ready',
          close: async () => {},
        };
      },
    }),
  };
  const pool = new ClientPool({
    clock,
    cluster,
    environment: { awsEndpoints: {}, awsDefaults: {}, allowTargets: [], controllerCredentialsForAll: true },
    find: (provider) => ({ declaration, spec: provider }),
  });
  /** One consumer's read of the key that all others read too. The session stays open, as it does while others use it. */
  async function consume({ store, spec, consumer, object }: Identity) {
    shown = object;
    const wanted: PoolStore = { identity: store, provider: spec };
    const { reader, identityKey } = await pool.acquire(wanted, consumer, signal);
    const value = reader.read({ key: 'db' }, read);
    await clock.advance(20);
    return { value: (await value).revealText(), identityKey, reader };
  }
  return { consume, reads: () => calls };
}
