import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compactor } from './compact.ts';

test('what is kept says the same as before, without managedFields', () => {
  const text = JSON.stringify({
    kind: 'Thing',
    metadata: { name: 'a', labels: { app: 'x' }, managedFields: [{ manager: 'kubectl' }] },
    spec: { items: [{ ref: 'x', n: 1, on: true, none: null }, 'x', ['y']] },
    long: 'x'.repeat(5000),
  });
  const compact = new Compactor().compact(JSON.parse(text) as object);
  const wanted = JSON.parse(text) as { metadata: { managedFields?: unknown } };
  delete wanted.metadata.managedFields;
  assert.deepEqual(JSON.parse(JSON.stringify(compact)), wanted);
});

test('what is no object is kept as it is', () => {
  const compactor = new Compactor();
  for (const value of [undefined, null, 'text', 7]) assert.equal(compactor.compact(value), value);
});

test('it goes on working when more texts were seen than it remembers', () => {
  const compactor = new Compactor();
  for (let index = 0; index < 10_000; index++) {
    assert.deepEqual(compactor.compact({ name: `thing-${index}`, kind: 'Thing' }), {
      name: `thing-${index}`,
      kind: 'Thing',
    });
  }
});
