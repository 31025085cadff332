import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Storage } from './storage.ts';

const object = (name: string, more: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name, namespace: 'n', uid: name },
  ...more,
});

test('shows the state at an earlier version', () => {
  const storage = new Storage();
  const table = storage.table('/x');
  storage.put(table, object('a'));
  const kept = storage.put(table, object('b', { v: '1' })).version;
  storage.put(table, object('b', { v: '2' }));
  const entry = table.get('n', 'a');
  assert.ok(entry);
  storage.remove(table, entry);
  storage.put(table, object('c'));
  const then = table.at(kept)?.map(({ name, object: { v } }) => [name, v]);
  assert.deepEqual(then?.toSorted(), [
    ['a', undefined],
    ['b', '1'],
  ]);
});

test('forgets the oldest changes beyond its capacity, and all of them on compaction', () => {
  const storage = new Storage(4);
  const table = storage.table('/x');
  const first = storage.put(table, object('a')).version;
  for (let index = 0; index < 10; index++) storage.put(table, object('b', { v: String(index) }));
  assert.equal(table.since(first), undefined);
  const recent = storage.version - 2;
  assert.equal(table.since(recent)?.length, 2);
  storage.compact();
  assert.equal(table.since(recent), undefined);
  assert.deepEqual(table.since(storage.version), []);
  assert.deepEqual(storage.table('/never used').since(recent), undefined, 'also where nothing happened yet');
});

test('serialises a change once and shares the text', () => {
  const storage = new Storage();
  const entry = storage.put(storage.table('/x'), object('a', { v: '1' }));
  assert.equal(
    entry.body,
    `"metadata":{"name":"a","namespace":"n","uid":"a","resourceVersion":"${entry.version}"},"v":"1"}`,
  );
});
