import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../json.ts';
import { evaluate } from './evaluate.ts';
import { UnsupportedRule, compileCel, compileRule } from './rule.ts';

const self: Json = {
  a: 1,
  b: 'text',
  list: ['x', 'y'],
  map: { k: 1 },
  nested: { deep: true },
  namespace: 'n',
  'da-sh': 2,
};

const CASES: readonly (readonly [expression: string, value: Json])[] = [
  ['self.a + 2 * 3 == 7', true],
  ['has(self.a) && !has(self.none)', true],
  ['(has(self.a) ? 1 : 0) + (has(self.none) ? 1 : 0) == 1', true],
  ['self.b.startsWith("te") && self.b.matches("^t.*t$") && self.b.size() == 4', true],
  ['size(self.list) == 2 && "x" in self.list && "k" in self.map', true],
  ['self.list.all(i, i != "z") && self.list.exists(i, i == "y") && self.list.exists_one(i, i == "x")', true],
  ['self.list.filter(i, i == "x").size() == 1', true],
  ['self.list.map(i, i + "!") == ["x!", "y!"]', true],
  ['self.map.all(k, k == "k")', true],
  ['self.nested.deep || self.none.deep', true],
  ['self.none == 1 || true', true],
  ['self.__namespace__ == "n" && self.da__dash__sh == 2', true],
  ['self.b in [\'text\', "other"]', true],
  ['{"a": 1}["a"] == 1 && self.list[1] == "y"', true],
  ['-self.a < 0 && 7 / 2 == 3 && 7 % 2 == 1', true],
  ['!(self.a > 1)', true],
];

for (const [expression, value] of CASES) {
  test(`evaluates ${expression}`, () => {
    assert.deepEqual(evaluate(compileCel(expression, 'test'), new Map([['self', self]])), value);
  });
}

test('a missing member is an error, as in CEL', () => {
  assert.throws(() => evaluate(compileCel('self.none == 1', 'test'), new Map([['self', self]])), /no such key: none/);
});

test('a rule that uses an unknown function is refused by name when its definition is loaded', () => {
  const rule = { rule: 'quantity(self.a).isGreaterThan(self.b)' };
  assert.throws(
    () => compileRule(rule, 'Widget.spec'),
    (error) => error instanceof UnsupportedRule && /Widget\.spec.*quantity/.test(error.message),
  );
});
