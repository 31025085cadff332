import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { tlsSettings } from './tls-settings.ts';

const SUITES = ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305'];
const OLD = ['AES_128_CBC_SHA', 'AES_256_CBC_SHA', 'AES_128_CBC_SHA256'];
const names = [
  ...['ECDHE_RSA', 'ECDHE_ECDSA'].flatMap((exchange) =>
    [...SUITES, ...OLD].map((suite) => `TLS_${exchange}_WITH_${suite}`),
  ),
  ...[...SUITES.slice(0, 2), ...OLD].map((suite) => `TLS_RSA_WITH_${suite}`),
  ...SUITES.slice(0, 3).map((suite) => `TLS_${suite}`),
];

describe('ciphers', () => {
  for (const name of names) {
    test(`${name} is known to OpenSSL`, () => {
      assert.doesNotThrow(() => createSecureContext(tlsSettings('1.2', [name])));
    });
  }

  test('are chosen, and those of TLS 1.3 stay', () => {
    const { ciphers } = tlsSettings('1.2', ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384']);
    assert.deepEqual(ciphers?.split(':').slice(-2), ['TLS_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-AES256-GCM-SHA384']);
  });

  test('that are unknown are all named', () => {
    assert.throws(
      () => tlsSettings('1.2', ['TLS_RSA_WITH_RC4_128_SHA', 'x']),
      /TLS_RSA_WITH_RC4_128_SHA, x is not available/,
    );
  });
});

describe('the least version', () => {
  test('is that of the flag', () => {
    const versions = (['1.0', '1.1', '1.2', '1.3'] as const).map((version) => tlsSettings(version, []).minVersion);
    assert.deepEqual(versions, ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);
  });

  test('below 1.2 also allows what those versions need', () => {
    assert.match(tlsSettings('1.0', []).ciphers ?? '', /@SECLEVEL=0$/);
    assert.equal(tlsSettings('1.2', []).ciphers, undefined);
    assert.doesNotThrow(() => createSecureContext(tlsSettings('1.1', ['TLS_RSA_WITH_AES_128_CBC_SHA'])));
  });
});
