import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnerReference, Stored } from '../../kube/types.ts';
import { buildTarget, isUnchanged, type CreationPolicy, type DesiredSecret, type Owner } from './build-target.ts';
import { createdByOf, CREATED_BY_LABEL, DATA_HASH_ANNOTATION, fieldManagerOf, MANAGED_LABEL } from './names.ts';
import { Problem } from './problem.ts';
import type { SecretObject } from './secret-object.ts';

const owner = (creationPolicy: CreationPolicy = 'Owner'): Owner => ({
  namespace: 'shop',
  name: 'orders',
  uid: 'es-1',
  creationPolicy,
});

function desired(data: Record<string, string>, change: Partial<DesiredSecret> = {}): DesiredSecret {
  const bytes = new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text)]));
  return {
    name: 'orders',
    data: bytes,
    labels: {},
    annotations: {},
    finalizers: [],
    type: undefined,
    immutable: false,
    ...change,
  };
}

interface Existing {
  readonly data?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly ownedKeys?: readonly string[];
  readonly ownedLabels?: readonly string[];
  readonly owners?: readonly OwnerReference[];
  readonly immutable?: boolean;
  readonly type?: string;
}

function existing(what: Existing = {}): Stored<SecretObject> {
  const encoded = Object.entries(what.data ?? {}).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const fields = (keys: readonly string[] = []): Record<string, object> =>
    Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: what.type ?? 'Opaque',
    data: Object.fromEntries(encoded),
    ...(what.immutable === undefined ? {} : { immutable: what.immutable }),
    metadata: {
      namespace: 'shop',
      name: 'orders',
      uid: 'secret-1',
      resourceVersion: '7',
      labels: what.labels ?? {},
      annotations: what.annotations ?? {},
      ownerReferences: what.owners ?? [],
      managedFields: [
        {
          manager: fieldManagerOf('orders'),
          operation: 'Update',
          fieldsV1: { 'f:data': fields(what.ownedKeys), 'f:metadata': { 'f:labels': fields(what.ownedLabels) } },
        },
      ],
    },
  };
}

const text = (secret: SecretObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );

const ownReference: OwnerReference = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  name: 'orders',
  uid: 'es-1',
  controller: true,
  blockOwnerDeletion: true,
};

test('a new Secret carries the data, its hash, the managed label, the created-by label and a controller reference', () => {
  const secret = buildTarget(owner(), desired({ foo: 'bar' }), undefined);
  assert.deepEqual(text(secret), { foo: 'bar' });
  assert.equal(
    secret.metadata.annotations?.[DATA_HASH_ANNOTATION],
    'f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36',
  );
  assert.equal(secret.metadata.labels?.[MANAGED_LABEL], 'true');
  assert.equal(secret.metadata.labels?.[CREATED_BY_LABEL], createdByOf('shop', 'orders'));
  assert.deepEqual(secret.metadata.ownerReferences, [ownReference]);
});

test('Owner and Orphan replace all data, Merge and CreateOrMerge keep foreign keys and drop their own old ones', () => {
  const before = existing({ data: { foreign: 'f', stale: 's', fresh: 'old' }, ownedKeys: ['stale', 'fresh'] });
  for (const policy of ['Owner', 'Orphan'] as const) {
    assert.deepEqual(text(buildTarget(owner(policy), desired({ fresh: 'new' }), before)), { fresh: 'new' });
  }
  for (const policy of ['Merge', 'CreateOrMerge'] as const) {
    assert.deepEqual(text(buildTarget(owner(policy), desired({ fresh: 'new' }), before)), {
      foreign: 'f',
      fresh: 'new',
    });
  }
});

test('labels that are no longer asked for vanish, foreign ones stay', () => {
  const before = existing({ labels: { mine: 'old', theirs: 'x' }, ownedLabels: ['mine'] });
  const { metadata } = buildTarget(owner(), desired({}, { labels: { next: 'y' } }), before);
  const { [MANAGED_LABEL]: _managed, [CREATED_BY_LABEL]: _createdBy, ...labels } = metadata.labels ?? {};
  assert.deepEqual(labels, { theirs: 'x', next: 'y' });
});

test('writing the same again is no change, whatever order the maps have', () => {
  const first = buildTarget(owner(), desired({ a: '1', b: '2' }), undefined);
  const stored = {
    ...first,
    metadata: { ...first.metadata, uid: 'secret-1', resourceVersion: '8' },
  } as Stored<SecretObject>;
  assert.equal(isUnchanged(stored, buildTarget(owner(), desired({ b: '2', a: '1' }), stored)), true);
  assert.equal(isUnchanged(stored, buildTarget(owner(), desired({ b: '2', a: '3' }), stored)), false);
});

test('Orphan takes the reference and the created-by label away and leaves foreign references', () => {
  const other: OwnerReference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'c-1' };
  const before = existing({ labels: { [CREATED_BY_LABEL]: 'hash' }, owners: [other, ownReference] });
  const { metadata } = buildTarget(owner('Orphan'), desired({}), before);
  assert.deepEqual(metadata.ownerReferences, [other]);
  assert.equal(metadata.labels?.[CREATED_BY_LABEL], undefined);
});

test('a re-created ExternalSecret takes its Secret back by name and refreshes the UID in place', () => {
  const other: OwnerReference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'c-1' };
  const before = existing({ owners: [{ ...ownReference, uid: 'es-0' }, other] });
  assert.deepEqual(buildTarget(owner(), desired({}), before).metadata.ownerReferences, [ownReference, other]);
});

test('a Secret of another ExternalSecret is refused under every policy that writes, and the message names it', () => {
  const before = existing({ owners: [{ ...ownReference, name: 'payments', uid: 'es-2' }] });
  for (const policy of ['Owner', 'Orphan', 'Merge', 'CreateOrMerge'] as const) {
    assert.throws(
      () => buildTarget(owner(policy), desired({}), before),
      (error) => error instanceof Problem && error.permanent && /ExternalSecret "payments"/.test(error.message),
    );
  }
});

test('a foreign controller of another kind stops only Owner', () => {
  const before = existing({
    owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'd-1', controller: true }],
  });
  assert.throws(() => buildTarget(owner(), desired({}), before), /controlled by Deployment "d"/);
  assert.doesNotThrow(() => buildTarget(owner('Merge'), desired({}), before));
});

test('an immutable target keeps the data it has and is marked immutable', () => {
  const secret = buildTarget(owner(), desired({ a: 'new' }, { immutable: true }), existing({ data: { a: 'old' } }));
  assert.deepEqual(text(secret), { a: 'old' });
  assert.equal(secret.immutable, true);
});

test('binary, empty and 64 KiB values arrive byte-exact, also under a key called __proto__', () => {
  const big = Buffer.alloc(65_536, 7);
  const data = new Map<string, Uint8Array>([
    ['binary', Buffer.from([0, 255, 128, 10])],
    ['empty', new Uint8Array(0)],
    ['big', big],
    ['__proto__', Buffer.from('x')],
  ]);
  const secret = buildTarget(owner(), { ...desired({}), data }, undefined);
  for (const [key, bytes] of data) {
    const stored = Object.entries(secret.data ?? {}).find(([name]) => name === key)?.[1];
    assert.deepEqual(Buffer.from(stored ?? 'missing', 'base64'), Buffer.from(bytes), key);
  }
});

test('finalizers of the template are added once and not to a Secret that is being deleted', () => {
  const want = desired({}, { finalizers: ['example.test/keep'] });
  const once = buildTarget(owner(), want, undefined);
  assert.deepEqual(once.metadata.finalizers, ['example.test/keep']);
  const dying = existing();
  const deleting = { ...dying, metadata: { ...dying.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
  assert.equal(buildTarget(owner(), want, deleting).metadata.finalizers, undefined);
});
