import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookup, PathLimitError } from './path.ts';

function get(document: string, path: string): string | undefined {
  const found = lookup(Buffer.from(document), path);
  return found === undefined ? undefined : Buffer.from(found).toString();
}

const LIST = '{"arr":["x",{"k":"v"}]}';
const DOTS = '{"a.b":"lit","a":{"b":"nested"}}';
const FRIENDS = '{"friends":[{"first":"A","age":4},{"first":"B","age":2},{"first":"C","age":9}]}';
const MIX = '{"s":"t","i":42,"o":{"b": 1,"a":[1,2]},"pairs":[{"x":1},{"y":2},{"x":3}],"deep":[1,[2],[3,[4]]]}';

const table: readonly (readonly [what: string, document: string, path: string, text: string | undefined])[] = [
  ['a string is unescaped', '{"s":"t\\u003c\\n\\"\\ud83d\\ude00"}', 's', 't<\n"😀'],
  ['half a surrogate pair becomes a replacement character', '{"s":"\\ud83dx"}', 's', '\uFFFDx'],
  ['an integer is verbatim', '{"i":42}', 'i', '42'],
  ['a big integer is verbatim', '{"big":12345678901234567890}', 'big', '12345678901234567890'],
  ['a negative integer is verbatim', '{"n":-7}', 'n', '-7'],
  ['1.50 loses its zero', '{"f":1.50}', 'f', '1.5'],
  ['1.0 becomes 1', '{"f":1.0}', 'f', '1'],
  ['1e5 is written out', '{"f":1e5}', 'f', '100000'],
  ['1e25 is written out', '{"f":1e25}', 'f', '10000000000000000000000000'],
  ['1.5e-7 is written out', '{"f":1.5e-7}', 'f', '0.00000015'],
  ['true', '{"t":true}', 't', 'true'],
  ['null is found and empty', '{"n":null}', 'n', ''],
  ['an object is its source slice', '{"o":{"a": 1}}', 'o', '{"a": 1}'],
  ['an array is its source slice', LIST, 'arr', '["x",{"k":"v"}]'],
  ['an item by index', LIST, 'arr.0', 'x'],
  ['a member of an item', LIST, 'arr.1.k', 'v'],
  ['the length of an array', LIST, 'arr.#', '2'],
  ['an index beyond the end', LIST, 'arr.5', undefined],
  ['a negative index', LIST, 'arr.-1', undefined],
  ['an escaped dot is part of the name', DOTS, 'a\\.b', 'lit'],
  ['a plain dot goes inside', DOTS, 'a.b', 'nested'],
  ['a name of every item', FRIENDS, 'friends.#.first', '["A","B","C"]'],
  ['first match of a query', FRIENDS, 'friends.#(first=="A").age', '4'],
  ['all matches of a query', FRIENDS, 'friends.#(age>3)#.first', '["A","C"]'],
  ['no match of an all query is an empty array', FRIENDS, 'friends.#(age>30)#.first', '[]'],
  ['no match of a first query is nothing', FRIENDS, 'friends.#(age>30).first', undefined],
  ['a query with a pattern', FRIENDS, 'friends.#(first%"B*").age', '2'],
  ['a query with a negated pattern', FRIENDS, 'friends.#(first!%"B*")#.age', '[4,9]'],
  ['a query for existence', MIX, 'pairs.#(y).y', '2'],
  ['a query on plain items', '{"a":["x","y"]}', 'a.#(=="y")', 'y'],
  ['a nested query', '{"u":[{"n":["fb","ig"],"i":1},{"n":["tw"],"i":2}]}', 'u.#(n.#(=="tw")).i', '2'],
  ['a query with tilde', '{"a":[{"v":0,"i":1},{"v":true,"i":2},{"i":3}]}', 'a.#(v==~true)#.i', '[2]'],
  ['a star matches the first name', '{"abc":1,"abd":2}', 'ab*', '1'],
  ['a question mark matches one character', '{"abc":1,"ab":2}', 'a?', '2'],
  ['a star goes on until the rest is found', '{"x":{"a":1},"y":{"b":2}}', '*.b', '2'],
  ['an escaped star is a name', '{"axb":1,"a*b":2}', 'a\\*b', '2'],
  ['a pipe', MIX, 'o|a', '[1,2]'],
  ['a pipe after a list works on the whole', FRIENDS, 'friends.#.first|0', 'A'],
  ['@this', '{"a":1}', '@this', '{"a":1}'],
  ['@keys', MIX, 'o.@keys', '["b","a"]'],
  ['@values', MIX, 'o|@values', '[1,[1,2]]'],
  ['@reverse of an array', MIX, 'o.a.@reverse', '[2,1]'],
  ['@reverse of an object', '{"a":1,"b":2}', '@reverse', '{"b":2,"a":1}'],
  ['@flatten', MIX, 'deep.@flatten', '[1,2,3,[4]]'],
  ['@flatten deep', MIX, 'deep.@flatten:{"deep":true}', '[1,2,3,4]'],
  ['@join', MIX, 'pairs.@join', '{"x":3,"y":2}'],
  ['@join preserve', MIX, 'pairs.@join:{"preserve":true}', '{"x":1,"y":2,"x":3}'],
  ['@ugly', '{"o":{ "a" : [ 1 , 2 ] }}', 'o.@ugly', '{"a":[1,2]}'],
  ['@pretty', '{"a":[1,2],"b":{"c":{}}}', '@pretty', '{\n  "a": [1, 2],\n  "b": {\n    "c": {}\n  }\n}\n'],
  ['@tostr', '{"o":{"a":"<"}}', 'o.@tostr', '{"a":"<"}'],
  ['@fromstr', '{"s":"{\\"k\\":\\"v\\"}"}', 's.@fromstr.k', 'v'],
  ['@valid of good JSON', '{"a":1}', '@valid.a', '1'],
  ['@valid of bad JSON', '{"a":1} x', '@valid.a', undefined],
  ['multipath object', MIX, '{s,i}', '{"s":"t","i":42}'],
  ['multipath object with names', MIX, '{"n":s,first:o.a.0}', '{"n":"t","first":1}'],
  ['multipath array', MIX, '[s,i,nope]', '["t",42]'],
  ['a path into a multipath', MIX, '{s,i}.i', '42'],
  ['a literal', MIX, '!"x"', 'x'],
  ['a literal in a multipath', MIX, '{s,"k":!"v"}', '{"s":"t","k":"v"}'],
  ['an unknown modifier is a name', '{"@at":1}', '@at', '1'],
  ['text that is no JSON', 'hello', 'a', undefined],
  ['an empty document', '', 'a', undefined],
  ['YAML', 'a: 1\nb: x', 'a', undefined],
  ['truncated inside a string', '{"a":"x', 'a', undefined],
  ['truncated after a number', '{"a":1', 'a', undefined],
  ['truncated inside a compound', '{"a":{"b":1', 'a', undefined],
  ['a JSON string', '"{\\"a\\":1}"', 'a', undefined],
  ['a JSON number', '42', 'a', undefined],
  ['text after the document', '{"a":1} trailing', 'a', '1'],
  ['a byte order mark', '\uFEFF{"a":1}', 'a', '1'],
  ['raw line breaks in a string', '{"k":"a\nb"}', 'k', 'a\nb'],
  ['a top-level array', '[1,2]', '0', '1'],
  ['a missing name', '{"a":1}', 'b', undefined],
  ['a path below a scalar', '{"a":1}', 'a.b', undefined],
  ['the first of duplicate names', '{"a":1,"a":2}', 'a', '1'],
  ['a name outside ASCII', '{"schlüssel":"ü"}', 'schlüssel', 'ü'],
  ['a name written with escapes', '{"\\u0061b":1}', 'ab', '1'],
  ['a query that does not close', FRIENDS, 'friends.#(age', undefined],
];

for (const [what, document, path, text] of table) {
  test(`property lookup: ${what}`, () => assert.equal(get(document, path), text));
}

test('property lookup keeps bytes that are not UTF-8', () => {
  const document = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0x00, 0x80]), Buffer.from('"}')]);
  assert.deepEqual(Buffer.from(lookup(document, 'a')!), Buffer.from([0xff, 0x00, 0x80]));
});

test('property lookup refuses a path that multiplies the document without end', () => {
  const path = Array.from({ length: 40 }, () => '[@this,@this]').join('|');
  assert.throws(() => lookup(Buffer.from('{"a":"xxxxxxxxxxxxxxxxxxxxx"}'), path), PathLimitError);
});

test('property lookup refuses a path of thousands of steps', () => {
  const path = Array.from({ length: 5000 }, () => '@this').join('|');
  assert.throws(() => lookup(Buffer.from('{}'), path), PathLimitError);
});
