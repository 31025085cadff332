import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base32 } from './base32.ts';

test('Base32 is that of RFC 4648', () => {
  const vectors = {
    '': '',
    f: 'MY======',
    fo: 'MZXQ====',
    foo: 'MZXW6===',
    foob: 'MZXW6YQ=',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI======',
  };
  for (const [text, expected] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), expected);
});
