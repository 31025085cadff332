import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLines, JsonStreamError } from './json-stream.ts';

async function decode(...chunks: readonly Uint8Array[]): Promise<unknown[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(stream())) values.push(value);
  return values;
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

test('yields one value per line, however many lines a chunk holds', async () => {
  assert.deepEqual(await decode(text('{"a":1}\n{"a":2}\n'), text('{"a":3}\n')), [{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test('does not care where chunks end, not even inside a character', async () => {
  const bytes = text('{"a":"grüße 🔑"}\n{"b":"ß"}\n');
  const single = [...bytes].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(await decode(...single), [{ a: 'grüße 🔑' }, { b: 'ß' }]);
});

test('skips empty lines and accepts carriage returns', async () => {
  assert.deepEqual(await decode(text('\n\r\n{"a":1}\r\n\n')), [{ a: 1 }]);
});

test('decodes a line of several megabytes that comes in many pieces', async () => {
  const long = text(`{"a":"${'x'.repeat(5_000_000)}"}\n`);
  const pieces = Array.from({ length: Math.ceil(long.length / 1000) }, (_, i) =>
    long.subarray(i * 1000, i * 1000 + 1000),
  );
  const [value] = await decode(...pieces);
  assert.equal((value as { a: string }).a.length, 5_000_000);
});

test('a stream that ends in the middle of a line is an error, after the whole lines were delivered', async () => {
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield text('{"a":1}\n{"a":');
    }
    for await (const value of jsonLines(stream())) seen.push(value);
  }, JsonStreamError);
  assert.deepEqual(seen, [{ a: 1 }]);
});

test('an error does not quote the text, which may hold a secret value', async () => {
  await assert.rejects(decode(text('{"password": hunter2}\n')), (error: Error) => {
    assert.doesNotMatch(String(error) + String(error.cause), /hunter2|password/);
    return true;
  });
});
