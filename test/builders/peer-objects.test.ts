import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerDataHash, peerFieldManager, peerHash, peerVersion } from './peer-objects.ts';

/** The vectors of `behaviour.md` 0.2. */
test('hashes are those of the contract', () => {
  assert.equal(peerDataHash({ foo: 'bar' }), 'f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36');
  assert.equal(
    peerDataHash({ foo: 'value1', bar: 'value2' }),
    '1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64',
  );
  assert.equal(peerDataHash({}), '74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b');
  assert.equal(peerHash('default/my-es'), 'b8464376b5fe3535e690594280bfe59b60be2603cb6cbb6d6c8bcbb4');
});

test('version strings hash all labels and annotations', () => {
  const of = (annotations: Record<string, string>, labels: Record<string, string>): string =>
    peerVersion({ metadata: { generation: 3, annotations, labels } });
  assert.equal(of({}, {}), '3-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2');
  assert.equal(of({ b: '2', a: '1' }, { app: 'x' }), '3-7a9d14fc4c98c8b2363ada4bb72d815002f918edc3da4746679c79ee');
});

test('names that make the field manager too long are hashed', () => {
  assert.equal(peerFieldManager('a'.repeat(27)), `externalsecrets.external-secrets.io/${'a'.repeat(27)}`);
  assert.match(peerFieldManager('a'.repeat(28)), /^externalsecrets\.external-secrets\.io\/sha3\/[0-9a-f]{56}$/);
});
