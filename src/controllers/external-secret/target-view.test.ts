import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedFieldsEntry, Stored } from '../../kube/types.ts';
import { DATA_HASH_ANNOTATION, fieldManagerOf, MANAGED_LABEL } from './names.ts';
import { viewTarget } from './target-view.ts';
import { targetValidity, type TargetRecord } from './validity.ts';

const wrote = (manager: string, time: string, ...keys: string[]): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  time,
  fieldsV1: { 'f:data': Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
});
const OURS = fieldManagerOf('orders');

function secret(managedFields: readonly ManagedFieldsEntry[], meta: Partial<Stored['metadata']> = {}): Stored {
  return {
    metadata: {
      namespace: 'shop',
      name: 'orders',
      uid: 'u1',
      resourceVersion: '5',
      labels: { [MANAGED_LABEL]: 'true' },
      annotations: { [DATA_HASH_ANNOTATION]: 'h1' },
      managedFields,
      ...meta,
    },
  };
}

const recordOf = (object: Stored): TargetRecord => {
  const { uid, dataHash = '', dataWriters, metaPrint } = viewTarget(object);
  return { uid, dataHash, dataWriters, metaPrint };
};

test('after a start a Secret last written by an operator is trusted without its body', () => {
  const view = viewTarget(
    secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a'), wrote('kubectl', '2030-01-01T00:00:01Z', 'b')]),
  );
  assert.equal(targetValidity('Owner', view, undefined), 'valid');
});

test('after a start a later (or equally old) foreign write to data must be looked at', () => {
  for (const time of ['2030-01-01T00:00:02Z', '2030-01-01T00:00:03Z']) {
    const view = viewTarget(secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a'), wrote('kubectl-edit', time, 'a')]));
    assert.equal(targetValidity('Owner', view, undefined), 'unknown');
  }
});

test('a foreign write that we see happen must be looked at, a write to labels need not', () => {
  const before = secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a')]);
  const record = recordOf(before);
  const edited = viewTarget(secret([wrote('kubectl-edit', '2030-01-01T00:00:09Z', 'a')]));
  assert.equal(targetValidity('Owner', edited, record), 'unknown');
  const labelled = viewTarget(
    secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a')], { labels: { [MANAGED_LABEL]: 'true', x: 'y' } }),
  );
  assert.equal(targetValidity('Owner', labelled, record), 'valid');
  assert.notEqual(labelled.metaPrint, record.metaPrint);
});

test('a key that somebody removed shows, although nobody owns its absence', () => {
  const record = recordOf(secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a', 'b')]));
  const view = viewTarget(secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a')]));
  assert.equal(targetValidity('Owner', view, record), 'unknown');
});

test('a missing Secret, label or hash is not valid, nor is another hash than the one we wrote', () => {
  const good = secret([wrote(OURS, '2030-01-01T00:00:02Z', 'a')]);
  assert.equal(targetValidity('Owner', undefined, undefined), 'invalid');
  assert.equal(targetValidity('Owner', viewTarget(secret([], { labels: {} })), undefined), 'invalid');
  assert.equal(targetValidity('Owner', viewTarget(secret([], { annotations: {} })), undefined), 'invalid');
  const record = { ...recordOf(good), dataHash: 'h0' };
  assert.equal(targetValidity('Owner', viewTarget(good), record), 'invalid');
});

test('Orphan and None are never repaired, a missing Merge target is its owner’s business', () => {
  assert.equal(targetValidity('Orphan', undefined, undefined), 'valid');
  assert.equal(targetValidity('None', undefined, undefined), 'valid');
  assert.equal(targetValidity('Merge', undefined, undefined), 'valid');
  assert.equal(targetValidity('CreateOrMerge', undefined, undefined), 'invalid');
});
