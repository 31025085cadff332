import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { InvalidProviderConfigError } from './errors.ts';
import { describeTlsError, secureContextOf } from './outbound-tls.ts';

const key = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

describe('TLS material of a store', () => {
  it('is not needed', () => assert.equal(secureContextOf({ serverName: 'x' }), undefined));

  for (const [what, material] of [
    ['CA certificates', { ca: 'no PEM' }],
    ['client certificate', { cert: 'no PEM', key }],
    ['key', { key: 'no PEM' }],
  ] as const) {
    it(`is refused when the session opens, without showing it: ${what}`, () => {
      assert.throws(
        () => secureContextOf(material),
        (error: unknown) => {
          assert.ok(error instanceof InvalidProviderConfigError);
          assert.match(error.message, /cannot be used, PEM is expected/);
          assert.doesNotMatch(error.message, /BEGIN|no PEM/);
          return true;
        },
      );
    });
  }
});

describe('a failed handshake', () => {
  it('names the remedy for an unknown authority', () => {
    const words = describeTlsError('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain');
    assert.match(words ?? '', /caBundle or caProvider/);
  });

  it('is told by OpenSSL’s reason alone', () => {
    const line = '401746:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:ssl/record.c:82:';
    assert.match(
      describeTlsError('ERR_SSL', `write EPROTO 0:${line}`) ?? '',
      /^TLS failed: wrong version number; does/,
    );
    assert.equal(describeTlsError('ECONNREFUSED', 'connect ECONNREFUSED'), undefined);
  });
});
