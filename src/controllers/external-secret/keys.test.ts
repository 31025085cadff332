import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretValue } from '../../secret-value.ts';
import { checkNullBytes, decode } from './decode.ts';
import { checkKeys, convertKeys, type Entries } from './keys.ts';
import { mergeValues } from './merge-rewrite.ts';
import { rewriteKeys, type Rewrite } from './rewrite.ts';

const entries = (values: Record<string, string>): Entries =>
  new Map(Object.entries(values).map(([key, text]) => [key, SecretValue.ofText(text)]));
const plain = (values: Entries): Record<string, string> =>
  Object.fromEntries([...values].map(([key, value]) => [key, value.revealText()]));
const upper = async (_template: string, key: string): Promise<string> => key.toUpperCase();

test('conversion replaces what a key cannot hold', () => {
  assert.deepEqual(plain(convertKeys(entries({ 'dev/db-1': 'a' }), 'Default')), { 'dev_db-1': 'a' });
  assert.deepEqual(plain(convertKeys(entries({ 'dev/db': 'a' }), 'Unicode')), { dev_U002f_db: 'a' });
  assert.throws(() => convertKeys(entries({ 'a/b': '1', 'a b': '2' }), 'Default'), /"a b" becomes "a_b"/);
});

test('keys that no Secret can hold are refused by name, empty ones dropped', () => {
  assert.deepEqual(plain(checkKeys(entries({ '': 'x', ok: 'y' }))), { ok: 'y' });
  assert.throws(() => checkKeys(entries({ 'a/b': 'x' })), /the key "a\/b" holds "\/"/);
  assert.throws(() => checkKeys(entries({ ü: 'x' })), /the key "ü"/);
  assert.throws(() => checkKeys(entries({ ['k'.repeat(300)]: 'x' })), /300 bytes long/);
});

test('decoding follows the strategy and its errors name the key and never the value', () => {
  const value = (text: string): SecretValue => SecretValue.ofText(text);
  assert.equal(decode('k', value('aGk='), 'Base64').revealText(), 'hi');
  assert.equal(decode('k', value('aG\r\nk='), 'Base64').revealText(), 'hi');
  assert.deepEqual([...decode('k', value('-_8='), 'Base64URL').reveal()], [0xfb, 0xff]);
  assert.equal(decode('k', value('not base64!'), 'Auto').revealText(), 'not base64!');
  assert.equal(decode('k', value('aGk='), 'None').revealText(), 'aGk=');
  assert.throws(
    () => decode('db', value('t0psecret!'), 'Base64'),
    (error: Error) => error.message.includes('"db"') && !error.message.includes('t0psecret'),
  );
});

test('a NUL byte fails only where it is asked to', () => {
  const binary = new Map([['b', SecretValue.ofBytes(new Uint8Array([1, 0]))]]);
  assert.throws(() => checkNullBytes(binary, 'Fail'), /"b" holds a NUL byte/);
  assert.doesNotThrow(() => checkNullBytes(binary, 'Ignore'));
});

const rewrites: readonly [string, readonly Rewrite[], Record<string, string>, Record<string, string>][] = [
  ['replaces all matches', [{ regexp: { source: 'a', target: 'b' } }], { aXa: '1' }, { bXb: '1' }],
  [
    'expands numbered groups',
    [{ regexp: { source: '^(\\w+)/(\\w+)$', target: '${2}_${1}' } }],
    { 'dev/db': '1' },
    { db_dev: '1' },
  ],
  [
    'expands named groups',
    [{ regexp: { source: '(?P<last>\\w+)$', target: '${last}!' } }],
    { 'x/y': '1' },
    { 'x/y!': '1' },
  ],
  [
    'takes $1x as the group called 1x, which is empty',
    [{ regexp: { source: '(a)', target: '$1x' } }],
    { ab: '1' },
    { b: '1' },
  ],
  ['keeps keys that do not match', [{ regexp: { source: 'zzz', target: '' } }], { a: '1' }, { a: '1' }],
  [
    'ignores an empty match after a match, as Go does',
    [{ regexp: { source: 'a*', target: '-' } }],
    { baaac: '1' },
    { '-b-c-': '1' },
  ],
  [
    'applies operations in order',
    [{ regexp: { source: '^', target: 'x-' } }, { transform: { template: '{{ .value | upper }}' } }],
    { a: '1' },
    { 'X-A': '1' },
  ],
];
for (const [name, operations, input, expected] of rewrites) {
  test(`rewrite ${name}`, async () => {
    assert.deepEqual(plain((await rewriteKeys(entries(input), operations, upper)).entries), expected);
  });
}

test('two keys that become one: byte order decides, the last wins and the collision is told', async () => {
  const result = await rewriteKeys(entries({ b: '2', a: '1' }), [{ regexp: { source: '.', target: 'k' } }], upper);
  assert.deepEqual(plain(result.entries), { k: '2' });
  assert.deepEqual(result.collisions, ['"a" and "b" both became "k"']);
});

test('a broken expression is reported with its place', async () => {
  await assert.rejects(
    rewriteKeys(entries({ a: '1' }), [{ regexp: { source: '(', target: '' } }], upper),
    /rewrite\[0\].*RE2/s,
  );
});

const merge = { strategy: 'Extract', into: '', priorityPolicy: 'Strict', conflictPolicy: 'Error' } as const;

test('merge extracts members and keeps every digit of integers', () => {
  const input = entries({ a: '{"id":12345678901234567890,"ok":true}', b: '{"o":{"z":1},"n":null,"f":1.50}' });
  assert.deepEqual(plain(mergeValues(input, merge)), {
    id: '12345678901234567890',
    ok: 'true',
    o: '{"z":1}',
    n: '',
    f: '1.5',
  });
});

test('merge into JSON keeps the inputs beside the merged object', () => {
  const input = entries({ a: '{"x":"<1>"}', b: '{"y":2}' });
  assert.equal(plain(mergeValues(input, { ...merge, strategy: 'JSON', into: 'all' })).all, '{"x":"<1>","y":2}');
  assert.throws(() => mergeValues(input, { ...merge, strategy: 'JSON' }), /merge.into is empty/);
});

test('merge reports conflicts and lets the priority key win when they are ignored', () => {
  const input = entries({ a: '{"x":"1"}', b: '{"x":"2"}' });
  assert.throws(() => mergeValues(input, merge), /more than one value has the member "x"/);
  assert.deepEqual(plain(mergeValues(input, { ...merge, conflictPolicy: 'Ignore', priority: ['a'] })), { x: '1' });
  assert.throws(() => mergeValues(input, { ...merge, priority: ['zz'] }), /"zz", which was not fetched/);
});

test('merge names the key whose value is no object and never shows the value', () => {
  assert.throws(
    () => mergeValues(entries({ a: 't0psecret' }), merge),
    (error: Error) => error.message.includes('"a"') && !error.message.includes('t0psecret'),
  );
});
