import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { thing, things } from '../../test/builders/things.ts';
import { ConflictError, InvalidError, NotFoundError } from '../kube/errors.ts';
import { patchStatus } from './status-patch.ts';

const { signal } = new AbortController();
const name = { namespace: 'default', name: 'a' };

function statusIn(kube: FakeKube): unknown {
  return (kube.peek(things, name) as { status?: unknown } | undefined)?.status;
}

test('the whole status is replaced', async () => {
  const kube = new FakeKube();
  const object = kube.put(things, thing('a'));
  await patchStatus(kube, things, object, { a: 1, b: 2 }, signal);
  await patchStatus(kube, things, object, { a: 3 }, signal);
  assert.deepEqual(statusIn(kube), { a: 3 });
});

test('a new object of the same name is left alone', async () => {
  const kube = new FakeKube();
  const object = kube.put(things, thing('a'));
  kube.remove(things, name);
  await assert.rejects(patchStatus(kube, things, object, { a: 1 }, signal), NotFoundError);
  kube.put(things, thing('a'));
  await assert.rejects(patchStatus(kube, things, object, { a: 1 }, signal), ConflictError);
  assert.equal(statusIn(kube), undefined);
});

test('a status that is not valid stays an error of its own', async () => {
  const kube = new FakeKube();
  const object = kube.put(things, thing('a'));
  kube.faults.fail('patch', new InvalidError('status.a: Invalid value', { status: 422 }));
  await assert.rejects(patchStatus(kube, things, object, { a: 1 }, signal), InvalidError);
});
