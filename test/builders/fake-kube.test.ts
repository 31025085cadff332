import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlreadyExistsError, ConflictError, GoneError, NotFoundError } from '../../src/kube/errors.ts';
import { FakeKube } from './fake-kube.ts';
import type { Thing } from './things.ts';
import { thing, things } from './things.ts';

const a = { namespace: 'default', name: 'a' };

test('writes give versions, a UID that stays, and a generation that follows the spec', async () => {
  const kube = new FakeKube();
  const created = await kube.create(things, thing('a'));
  const labelled = await kube.update(things, { ...created, metadata: { ...created.metadata, labels: { x: 'y' } } });
  const grown = await kube.patch<Thing>(things, a, { spec: { size: 2 } });
  assert.deepEqual([labelled.metadata.generation, grown.metadata.generation, grown.spec.size], [1, 2, 2]);
  assert.equal(grown.metadata.uid, created.metadata.uid);
  assert.notEqual(grown.metadata.resourceVersion, labelled.metadata.resourceVersion);
});

test('refuses doubles, stale versions and what is not there', async () => {
  const kube = new FakeKube();
  const created = await kube.create(things, thing('a'));
  await assert.rejects(kube.create(things, thing('a')), AlreadyExistsError);
  await kube.update(things, created);
  await assert.rejects(kube.update(things, created), ConflictError);
  await assert.rejects(kube.delete(things, a, { preconditions: { uid: 'other' } }), ConflictError);
  await assert.rejects(kube.get(things, { ...a, name: 'b' }), NotFoundError);
});

test('status is written apart from the rest', async () => {
  const kube = new FakeKube();
  const created = await kube.create(things, thing('a'));
  await kube.updateStatus(things, { ...created, spec: { size: 9 }, status: { ready: true } } as Thing);
  await kube.update(things, { ...thing('a', 3), status: { ready: false } } as Thing);
  const now = await kube.get<Thing & { status?: unknown }>(things, a);
  assert.deepEqual([now.spec, now.status], [{ size: 3 }, { ready: true }]);
});

test('an object with finalizers is gone only when the last one is taken off', async () => {
  const kube = new FakeKube();
  kube.put(things, thing('a', 1, { finalizers: ['example.org/clean-up'] }));
  await kube.delete(things, a);
  assert.notEqual((await kube.get(things, a)).metadata.deletionTimestamp, undefined);
  await kube.patch(things, a, { metadata: { finalizers: null } });
  await assert.rejects(kube.get(things, a), NotFoundError);
});

test('pages of a list show one moment, and expire with a compaction', async () => {
  const kube = new FakeKube();
  for (const name of ['a', 'b', 'c']) kube.put(things, thing(name));
  const first = await kube.list(things, { limit: 2 });
  kube.remove(things, a);
  const token = first.metadata.continue ?? '';
  const rest = await kube.list(things, { limit: 2, continue: token });
  assert.deepEqual(
    rest.items.map((item) => item.metadata.name),
    ['c'],
  );
  kube.compact();
  await assert.rejects(kube.list(things, { limit: 2, continue: token }), GoneError);
});
