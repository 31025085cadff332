import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { InvalidRefError } from './errors.ts';
import { combinedMetadata, ownTags, pushMetadata } from './push-metadata.ts';

const schema = z.object({
  kmsKeyId: z.string().optional(),
  format: z.enum(['binary', 'string']).optional(),
  tags: ownTags('managed-by').optional(),
  policy: z.object({ sourceRef: z.object({ name: z.string() }).optional() }).optional(),
});

const refused = (metadata: unknown, message: RegExp): void =>
  assert.throws(
    () => pushMetadata(schema, metadata),
    (error: unknown) => error instanceof InvalidRefError && message.test(error.message),
  );

describe('the metadata of a push', () => {
  test('may be absent', () => assert.deepEqual(pushMetadata(schema, undefined), {}));

  test('has fields whose case does not matter, at every depth', () =>
    assert.deepEqual(pushMetadata(schema, { KMSKEYID: 'k', Policy: { sourceref: { NAME: 'n' } } }), {
      kmsKeyId: 'k',
      policy: { sourceRef: { name: 'n' } },
    }));

  test('has maps whose keys stay as they are', () =>
    assert.deepEqual(pushMetadata(schema, { tags: { Team: 'a', team: 'b' } }).tags, { Team: 'a', team: 'b' }));

  test('takes a null for absent', () => assert.deepEqual(pushMetadata(schema, { format: null }), {}));

  test('with an unknown field is an error that names it and the known ones', () => {
    refused({ formt: 'x' }, /^metadata: unknown field "formt"; known are format, kmsKeyId, policy, tags$/);
    refused({ policy: { sourceRef: { nam: 'x' } } }, /^metadata\.policy\.sourceRef: unknown field "nam"/);
  });

  test('of a wrong shape is an error that names the field', () => {
    refused({ format: 'xml' }, /^metadata\.format: .*binary/);
    refused({ tags: { n: 1 } }, /^metadata\.tags\.n: /);
    refused({ policy: { sourceRef: {} } }, /^metadata\.policy\.sourceRef\.name: /);
    refused('text', /^metadata: /);
  });

  test('cannot give the tag that says whose it is', () =>
    refused({ tags: { 'managed-by': 'me' } }, /^metadata\.tags: "managed-by" is set by this operator/));

  test('of several entries is one, the last of a field counting', () =>
    assert.deepEqual(
      combinedMetadata(schema, [
        { metadata: { kmsKeyId: 'a', format: 'string' } },
        { metadata: undefined },
        { metadata: { kmsKeyId: 'b' } },
      ]),
      { kmsKeyId: 'b', format: 'string' },
    ));
});
