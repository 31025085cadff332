import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBytesMap, encodeJson } from './encode.ts';
import { formatJson, formatPlain } from './number.ts';
import { parseJson } from './parse.ts';
import { JsonSyntaxError } from './value.ts';

const parse = (text: string): ReturnType<typeof parseJson> => parseJson(Buffer.from(text));

test('keys are sorted by bytes and spaces removed', () => {
  const source = '{ "b" : 1.50, "a" : [ true , null ], "\uFFFD": 2, "😀": 3 }';
  assert.equal(encodeJson(parse(source), { escapeHtml: false }), '{"a":[true,null],"b":1.50,"\uFFFD":2,"😀":3}');
});

test('E2 escapes what HTML would misread, E1 does not, both escape line separators', () => {
  const value = parse('"<a>&\\u2028\\u0001\\t\\b\\f/"');
  assert.equal(encodeJson(value, { escapeHtml: true }), '"\\u003ca\\u003e\\u0026\\u2028\\u0001\\t\\b\\f/"');
  assert.equal(encodeJson(value, { escapeHtml: false }), '"<a>&\\u2028\\u0001\\t\\b\\f/"');
});

test('numbers through float64 keep integers exact', () => {
  const value = parse('[1.0,1e21,12345678901234567890,1e-7,1e400]');
  assert.equal(
    encodeJson(value, { escapeHtml: true, numbers: 'float64' }),
    '[1,1e+21,12345678901234567890,1e-7,1e400]',
  );
});

test('a map of bytes becomes an object of strings, what is not UTF-8 becomes U+FFFD', () => {
  const map = new Map([
    ['b', Buffer.from([0xff, 0x41])],
    ['a', Buffer.from('<')],
  ]);
  assert.equal(encodeBytesMap(map), '{"a":"<","b":"\uFFFDA"}');
});

for (const [value, plain, json] of [
  [1.5, '1.5', '1.5'],
  [-0, '-0', '-0'],
  [1e25, '10000000000000000000000000', '1e+25'],
  [1.25e-9, '0.00000000125', '1.25e-9'],
  [-1.5e22, '-15000000000000000000000', '-1.5e+22'],
] as const) {
  test(`Go prints ${json} as ${plain}`, () => {
    assert.equal(formatPlain(value), plain);
    assert.equal(formatJson(value), json);
  });
}

for (const text of ['01', '1.', '+1', '.5', '{"a" 1}', '[1,]', '{,}', '"\\x"', 'nul', '[1 2]', '{"a":1}}', '"\t"']) {
  test(`${JSON.stringify(text)} is no JSON`, () => assert.throws(() => parse(text), JsonSyntaxError));
}

test('nesting beyond the limit is refused, not a crash', () => {
  assert.throws(() => parse('['.repeat(100_000)), /nested too deeply/);
});

test('a syntax error tells the position and nothing of the text', () => {
  assert.throws(() => parse('{"password":"hunter2"!'), { message: 'invalid JSON at byte 21' });
});
