import assert from 'node:assert/strict';
import { test } from 'node:test';
import { References, type Dependent, type DependencyName } from './references.ts';

const store: Dependent = { kind: 'SecretStore', namespace: 'shop', name: 'sm', consumerNamespace: 'shop' };
const keys: DependencyName = { kind: 'Secret', namespace: 'shop', name: 'aws' };

function watched(): { references: References; told: string[] } {
  const references = new References();
  const told: string[] = [];
  references.onChange((dependent, changed) => told.push(`${dependent.kind}/${dependent.name} <- ${changed.name}`));
  return { references, told };
}

test('whoever depends on an object hears of its change, also when it did not exist before', () => {
  const { references, told } = watched();
  references.add(store, keys);
  references.changed(keys, { uid: 'u', resourceVersion: '5' });
  references.changed({ ...keys, name: 'other' }, { uid: 'u', resourceVersion: '6' });
  assert.deepEqual(told, ['SecretStore/sm <- aws']);
});

test('what was read is current until the watch shows a later version, another object or its end', () => {
  const { references } = watched();
  references.add(store, keys);
  const read = { ...keys, uid: 'u1', resourceVersion: '99' };
  assert.equal(references.isCurrent(read), true);
  references.changed(keys, { uid: 'u1', resourceVersion: '98' });
  assert.equal(references.isCurrent(read), true, 'a watch that lags is no change');
  references.changed(keys, { uid: 'u1', resourceVersion: '100' });
  assert.equal(references.isCurrent(read), false);
  references.changed(keys, { uid: 'u2', resourceVersion: '101' });
  assert.equal(references.isCurrent({ ...read, resourceVersion: '101' }), false, 'another object of the same name');
  references.changed(keys, undefined);
  assert.equal(references.isCurrent({ ...read, uid: 'u2', resourceVersion: '101' }), false);
});

test('a store that is gone is forgotten in the eyes of every namespace, a namesake is not', () => {
  const { references, told } = watched();
  const cluster = (name: string, consumerNamespace: string): Dependent => ({
    kind: 'ClusterSecretStore',
    namespace: '',
    name,
    consumerNamespace,
  });
  references.add(cluster('shared', 'blue'), keys);
  references.add(cluster('shared', 'green'), keys);
  references.add(cluster('shared2', 'blue'), keys);
  references.forget({ kind: 'ClusterSecretStore', namespace: '', name: 'shared' });
  references.changed(keys, undefined);
  assert.deepEqual(told, ['ClusterSecretStore/shared2 <- aws']);
});

test('nothing is kept of objects nobody depends on any more', () => {
  const { references } = watched();
  references.add(store, keys);
  assert.equal(references.has(keys), true);
  references.forget(store);
  assert.equal(references.has(keys), false);
});
