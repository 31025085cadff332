import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createdByOf, fieldManagerOf } from './names.ts';

test('the field manager is the plain name up to 63 characters and hashed beyond', () => {
  assert.equal(fieldManagerOf('a'.repeat(27)), `externalsecrets.external-secrets.io/${'a'.repeat(27)}`);
  assert.match(fieldManagerOf('a'.repeat(28)), /^externalsecrets\.external-secrets\.io\/sha3\/[0-9a-f]{56}$/);
});

test('the created-by label is the hash of namespace and name', () => {
  assert.equal(createdByOf('default', 'my-es'), 'b8464376b5fe3535e690594280bfe59b60be2603cb6cbb6d6c8bcbb4');
});
