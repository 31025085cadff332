import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashData, hashText, hashValue, versionOf } from './hash.ts';

const data = (entries: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text)]));

test('hashes data as the peer does', () => {
  const vectors: [Record<string, string>, string][] = [
    [{ foo: 'bar' }, 'f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36'],
    [{ foo: 'value1', bar: 'value2' }, '1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64'],
    [{}, '74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b'],
    [{ a: '', b: '' }, '5fe72fd9b8f9ba5755173d93e9ada93696673ccd2738ce70fa017d5e'],
  ];
  for (const [input, expected] of vectors) assert.equal(hashData(data(input)), expected);
});

test('the version string changes with generation, labels and annotations and with nothing else', () => {
  assert.equal(versionOf({ generation: 3 }), '3-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2');
  assert.equal(
    versionOf({ generation: 1, annotations: { foo: 'bar' } }),
    '1-69a7d6c99695c5308a8074c7eff995659652f98af7b21de0719c1446',
  );
  assert.equal(
    versionOf({ generation: 1, annotations: { b: '2', a: '1' }, labels: { app: 'x' } }),
    '1-7a9d14fc4c98c8b2363ada4bb72d815002f918edc3da4746679c79ee',
  );
});

test('hashes names and nested values as the peer does', () => {
  assert.equal(hashText('default/my-es'), 'b8464376b5fe3535e690594280bfe59b60be2603cb6cbb6d6c8bcbb4');
  assert.equal(
    hashValue({ a: 1, b: { c: 'd' }, l: ['x', true, null, 1.5], e: '' }),
    'ba39c29c9fd123f964c39304ad115791db7aad84e50f57c2cb796f51',
  );
});
