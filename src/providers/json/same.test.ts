import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseJson } from './parse.ts';
import { sameJson, type SameOptions } from './same.ts';

const same = (left: string, right: string, options?: SameOptions): boolean =>
  sameJson(parseJson(Buffer.from(left)), parseJson(Buffer.from(right)), options);

describe('two JSON values', () => {
  for (const [left, right, expected] of [
    ['{"a":1,"b":[true,null]}', '{ "b": [true, null], "a": 1 }', true],
    ['{"a":{"b":{"c":[{}]}}}', '{"a":{"b":{"c":[{}]}}}', true],
    ['{"a":1}', '{"a":1,"b":null}', false],
    ['{"a":null}', '{"b":null}', false],
    ['[1,2]', '[2,1]', false],
    ['1.50', '1.5', true],
    ['1e2', '100', true],
    ['12345678901234567890', '12345678901234567891', false],
    ['"1"', '1', false],
    ['null', '{}', false],
    ['[]', '{}', false],
  ] as const) {
    test(`${left} and ${right} are ${expected ? 'the same' : 'different'}`, () => {
      assert.equal(same(left, right), expected);
      assert.equal(same(right, left), expected);
    });
  }

  test('that differ beyond what floating point holds are the same to a backend that rounds', () =>
    assert.equal(same('12345678901234567890', '12345678901234567000', { numbers: 'float64' }), true));
});
