import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MutableStore } from './store.ts';

interface Pet {
  readonly name: string;
  readonly colours: readonly string[];
}

function pets(): MutableStore<Pet> {
  return new MutableStore<Pet>({ colour: (pet) => pet.colours.map((colour) => colour.toLowerCase()) });
}

test('finds objects by key and by each value of an index', () => {
  const store = pets();
  store.set('a', '1', { name: 'a', colours: ['red', 'blue'] });
  store.set('b', '2', { name: 'b', colours: ['blue'] });
  assert.equal(store.get('a')?.name, 'a');
  assert.deepEqual(
    store.byIndex('colour', 'blue').map((pet) => pet.name),
    ['a', 'b'],
  );
  assert.deepEqual(store.byIndex('colour', 'green'), []);
});

test('replacing an object moves it in the indexes', () => {
  const store = pets();
  store.set('a', '1', { name: 'a', colours: ['red'] });
  const previous = store.set('a', '2', { name: 'a', colours: ['green'] });
  assert.deepEqual(previous?.colours, ['red']);
  assert.deepEqual([store.byIndex('colour', 'red').length, store.byIndex('colour', 'green').length], [0, 1]);
  assert.deepEqual([store.size, store.versionOf('a')], [1, '2']);
});

test('deleting an object takes it out of the indexes', () => {
  const store = pets();
  store.set('a', '1', { name: 'a', colours: ['red'] });
  assert.equal(store.delete('a')?.name, 'a');
  assert.equal(store.delete('a'), undefined);
  assert.deepEqual([[...store.list()], store.byIndex('colour', 'red')], [[], []]);
});

test('an index function that throws leaves the store as it was', () => {
  const store = pets();
  const before = { name: 'a', colours: ['red'] };
  store.set('a', '1', before);
  assert.throws(() => store.set('a', '2', { name: 'a' } as unknown as Pet), TypeError);
  assert.deepEqual([store.get('a'), store.byIndex('colour', 'red')], [before, [before]]);
});

test('asking for an index that does not exist is a mistake, not an empty answer', () => {
  assert.throws(() => pets().byIndex('color', 'red'), /no index "color"/);
});
