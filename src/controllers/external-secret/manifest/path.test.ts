import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePath, writeAt, type Tree } from './path.ts';

test('a path is names with dots between them and indexes behind them', () => {
  assert.deepEqual(parsePath('spec'), ['spec']);
  assert.deepEqual(parsePath('spec.rules[0].from[1][2].x'), ['spec', 'rules', 0, 'from', 1, 2, 'x']);
  assert.deepEqual(parsePath('Spec.a-b_c/d'), ['Spec', 'a-b_c/d']);
});

test('a text that is no path is refused with the reason', () => {
  const refused: readonly [string, RegExp][] = [
    ['spec..x', /a name is missing/],
    ['.spec', /a name is missing/],
    ['spec.', /a name is missing/],
    ['[0].x', /is not a name with indexes/],
    ['spec.a[0]b', /is not a name with indexes/],
    ['spec.a[0', /is not a name with indexes/],
    ['spec.a[x]', /"x" is not an index/],
    ['spec.a[-1]', /"-1" is not an index/],
    ['spec.a[]', /"" is not an index/],
    ['spec.a[10001]', /exceeds 10000/],
  ];
  for (const [text, reason] of refused) assert.throws(() => parsePath(text), reason, text);
});

const writes: readonly [string, Tree, string, Tree[string], boolean, Tree][] = [
  ['missing maps and lists are made', {}, 'spec.a[1].b', 'x', false, { spec: { a: [null, { b: 'x' }] } }],
  ['what stands beside the place stays', { spec: { a: 1, b: 2 } }, 'spec.a', 3, false, { spec: { a: 3, b: 2 } }],
  [
    'maps are merged one level deep',
    { s: { m: { a: { x: 1 }, b: 2 } } },
    's.m',
    { a: { y: 1 } },
    true,
    { s: { m: { a: { y: 1 }, b: 2 } } },
  ],
  [
    'a map replaces a map where nothing is merged',
    { s: { m: { a: 1 } } },
    's.m',
    { b: 1 },
    false,
    { s: { m: { b: 1 } } },
  ],
  ['a list replaces a map', { s: { m: { a: 1 } } }, 's.m', [1], true, { s: { m: [1] } }],
  ['null gives way to a map', { s: null }, 's.a', 1, false, { s: { a: 1 } }],
];
for (const [name, before, path, value, merge, after] of writes) {
  test(name, () => {
    const tree = structuredClone(before);
    writeAt(tree, parsePath(path), value, merge);
    assert.deepEqual(tree, after);
    writeAt(tree, parsePath(path), value, merge);
    assert.deepEqual(tree, after, 'writing it again changes nothing');
  });
}

test('a place that holds something else is named, without its value', () => {
  assert.throws(
    () => writeAt({ spec: { a: 'hidden' } }, parsePath('spec.a.b'), 1, false),
    (error: Error) => {
      assert.match(error.message, /wants a map at "spec\.a", but there is a single value/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    },
  );
  assert.throws(
    () => writeAt({ spec: {} }, parsePath('spec[0]'), 1, false),
    /wants a list at "spec", but there is a map/,
  );
});

test('a member called __proto__ is a member like any other', () => {
  const tree: Tree = {};
  writeAt(tree, ['data', '__proto__'], 'x', false);
  assert.equal(JSON.stringify(tree), '{"data":{"__proto__":"x"}}');
});
