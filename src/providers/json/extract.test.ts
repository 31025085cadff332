import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extractRaw, extractTyped, NotAnObjectError } from './extract.ts';

type Extract = (document: Uint8Array) => ReadonlyMap<string, Uint8Array>;

function member(extract: Extract, source: string): string {
  return Buffer.from(extract(Buffer.from(`{ "v" : ${source} }`)).get('v')!).toString();
}

const table: readonly (readonly [source: string, a: string, b: string, bVerbatim?: string])[] = [
  ['"x\\u003cy"', 'x<y', 'x<y'],
  ['null', '', ''],
  ['true', 'true', 'true'],
  ['42', '42', '42'],
  ['12345678901234567890', '12345678901234567890', '12345678901234567890'],
  ['1.50', '1.50', '1.5', '1.50'],
  ['1e5', '1e5', '100000', '1e5'],
  ['{"z": 1.0, "a": "<"}', '{"z": 1.0, "a": "<"}', '{"a":"\\u003c","z":1}', '{"a":"\\u003c","z":1.0}'],
  ['{"i":12345678901234567890}', '{"i":12345678901234567890}', '{"i":12345678901234567890}'],
  ['[1, "a"]', '[1, "a"]', '[1,"a"]'],
  ['"\\ud800"', '\uFFFD', '\uFFFD'],
];

for (const [source, a, b, verbatim] of table) {
  test(`extraction of ${source}: A keeps the source, B converts by type`, () => {
    assert.equal(member(extractRaw, source), a);
    assert.equal(member(extractTyped, source), b);
    assert.equal(
      member((document) => extractTyped(document, 'verbatim'), source),
      verbatim ?? b,
    );
  });
}

test('the last of duplicate names wins', () => {
  const document = Buffer.from('{"a":1,"b":2,"a":3}');
  assert.equal(Buffer.from(extractRaw(document).get('a')!).toString(), '3');
  assert.equal(Buffer.from(extractTyped(document).get('a')!).toString(), '3');
});

test('a name called __proto__ is a name', () => {
  assert.equal(Buffer.from(extractRaw(Buffer.from('{"__proto__":"x"}')).get('__proto__')!).toString(), 'x');
});

for (const document of ['[1]', '"x"', '42', 'null', '', 'hello', '{"a":1', '{"a":1} x', '{"a":tru}', '{"a":"\n"}']) {
  test(`${JSON.stringify(document)} is no object, and the error does not quote it`, () => {
    for (const extract of [extractRaw, extractTyped]) {
      assert.throws(
        () => extract(Buffer.from(document)),
        (error: unknown) => error instanceof NotAnObjectError && !/hello|tru/.test(error.message),
      );
    }
  });
}

test('raw members keep bytes that are not UTF-8 inside compounds', () => {
  const document = Buffer.concat([Buffer.from('{"o":{"k":"'), Buffer.from([0xff]), Buffer.from('"}}')]);
  assert.ok(Buffer.from(extractRaw(document).get('o')!).includes(0xff));
});

test('each byte of a broken sequence becomes a replacement character of its own, as Go does it', () => {
  const document = Buffer.concat([Buffer.from('{"s":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]);
  assert.equal(Buffer.from(extractRaw(document).get('s')!).toString(), '\uFFFD\uFFFD');
});
