import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PropertyPathError, removeProperty, setProperty } from './set-property.ts';

const set = (document: string, path: string, text = 'v'): string =>
  Buffer.from(setProperty(Buffer.from(document), path, text)).toString();
const remove = (document: string, path: string): string | undefined => {
  const left = removeProperty(Buffer.from(document), path);
  return left === undefined ? undefined : Buffer.from(left).toString();
};

describe('setting a property in JSON', () => {
  for (const [document, path, expected] of [
    ['', 'p', '{"p":"v"}'],
    ['', 'a.b', '{"a":{"b":"v"}}'],
    ['', 'tls.crt', '{"tls":{"crt":"v"}}'],
    ['', 'a\\.b', '{"a.b":"v"}'],
    ['', '0', '["v"]'],
    ['', ':0', '{"0":"v"}'],
    ['', 'a.1', '{"a":[null,"v"]}'],
    [' \n', 'p', '{"p":"v"}'],
    ['{"arr":[1]}', 'arr.-1', '{"arr":[1,"v"]}'],
    ['{"arr":[1]}', 'arr.3', '{"arr":[1,null,null,"v"]}'],
    ['{"arr":[]}', 'arr.0', '{"arr":["v"]}'],
    ['{"arr":[1, {"x": 2}]}', 'arr.1.x', '{"arr":[1, {"x": "v"}]}'],
    ['{"p":"str"}', 'p.r', '{"p":{"r":"v"}}'],
    ['{"p":null}', 'p', '{"p":"v"}'],
    ['"s"', 'p', '{"p":"v"}'],
    ['17', 'p', '{"p":"v"}'],
    ['{}', 'p', '{"p":"v"}'],
    ['[1,2]', '0', '["v",2]'],
    ['{"0":"x"}', '0', '{"0":"v"}'],
    ['{ "z" : 1.50,\n  "a":[1, 2] }', 'k', '{ "z" : 1.50,\n  "a":[1, 2] ,"k":"v"}'],
    ['{"a":1,"p" : {"q":1} ,"z":12345678901234567890}', 'p', '{"a":1,"p" : "v" ,"z":12345678901234567890}'],
    ['{"a\\u002eb":1}', 'a\\.b', '{"a.b":"v"}'.replace('a.b', 'a\\u002eb')],
  ] as const) {
    test(`${JSON.stringify(document)} with ${path} is ${expected}`, () => assert.equal(set(document, path), expected));
  }

  test('the text is written as a JSON string, with HTML characters escaped', () =>
    assert.equal(set('', 'p', 'a<b>&"\n\u2028é'), '{"p":"a\\u003cb\\u003e\\u0026\\"\\n\\u2028é"}'));

  test('names are matched and written as UTF-8', () => {
    assert.equal(set('{"ä":1}', 'ä'), '{"ä":"v"}');
    assert.equal(set('', 'ä.ö'), '{"ä":{"ö":"v"}}');
  });

  for (const document of ['{"p":"a<b"}', '{"p":"a\\u003cb"}', ' {"p" : "a\\u003Cb"} ']) {
    test(`${document} holds the text already and stays byte for byte`, () => {
      const bytes = Buffer.from(document);
      assert.equal(setProperty(bytes, 'p', 'a<b'), bytes);
    });
  }

  test('the end of an array gets a text only once', () => {
    const once = set('{"arr":[1]}', 'arr.-1');
    assert.equal(set(once, 'arr.-1'), once);
  });

  for (const [document, path, why] of [
    ['[1,2]', 'p', /array/],
    ['{"a":[1]}', 'a.b', /array/],
    ['plain text', 'p', /not JSON/],
    ['{"a":1} trailing', 'p', /not JSON/],
    ['', '', /empty/],
    ['', 'a*', /"\\\*"/],
    ['', 'a.#', /"\\#"/],
    ['', '99999999', /too large/],
  ] as const) {
    test(`${JSON.stringify(document)} with ${JSON.stringify(path)} is an error that shows nothing of the document`, () =>
      assert.throws(
        () => set(document, path),
        (error: unknown) => error instanceof PropertyPathError && why.test(error.message),
      ));
  }
});

describe('taking a property out of JSON', () => {
  for (const [document, path, expected] of [
    ['{"a":1,"b":2}', 'a', '{"b":2}'],
    ['{"a":1 , "b":2}', 'b', '{"a":1}'],
    ['{"a":1, "b":2,"c":3}', 'b', '{"a":1,"c":3}'],
    ['{"a":{"b":1},"c":2}', 'a.b', '{"c":2}'],
    ['{"a":{"b":1,"x":0},"c":2}', 'a.b', '{"a":{"x":0},"c":2}'],
    ['{"a":1}', 'a', undefined],
    ['{"a":{"b":{"c":1}}}', 'a.b.c', undefined],
    ['["x"]', '0', undefined],
    ['{"arr":[1,2,3]}', 'arr.2', '{"arr":[1,2]}'],
    ['{"arr":[1,2,3]}', 'arr.1', '{"arr":[1,null,3]}'],
    ['{"a":1}', 'b', '{"a":1}'],
    ['{"a":1}', 'a.b', '{"a":1}'],
    ['{"arr":[1]}', 'arr.-1', '{"arr":[1]}'],
    ['plain', 'a', 'plain'],
  ] as const) {
    test(`${document} without ${path} is ${expected ?? 'nothing'}`, () =>
      assert.equal(remove(document, path), expected));
  }
});
