/** `--tls-min-version` and `--tls-ciphers` in the words of Node's TLS. */
import type { SecureContextOptions, SecureVersion } from 'node:tls';

export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3';
export type TlsSettings = Pick<SecureContextOptions, 'minVersion' | 'ciphers' | 'honorCipherOrder'>;

const VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/** Those of TLS 1.3 are always offered: Go cannot switch them off either. */
const TLS_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Names as in Go (and in RFCs) to those of OpenSSL. RC4 and 3DES are not here: OpenSSL does not have them any more. */
const CIPHERS: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
]);

/** OpenSSL's default list, at the level that still allows the signatures of TLS 1.0 and 1.1. */
const LEVEL_OF_OLD_VERSIONS = '@SECLEVEL=0';

/** @throws RangeError naming a cipher that is not known */
export function tlsSettings(minVersion: TlsVersion, ciphers: readonly string[]): TlsSettings {
  const isOld = minVersion === '1.0' || minVersion === '1.1';
  const unknown = ciphers.filter((name) => !TLS_1_3.includes(name) && !CIPHERS.has(name));
  if (unknown.length > 0) {
    throw new RangeError(
      `--tls-ciphers: ${unknown.join(', ')} is not available; known are ${[...TLS_1_3, ...CIPHERS.keys()].join(', ')}`,
    );
  }
  const chosen = ciphers.flatMap((name) => CIPHERS.get(name) ?? []);
  const list = ciphers.length === 0 ? ['DEFAULT'] : chosen;
  const level = isOld ? [LEVEL_OF_OLD_VERSIONS] : [];
  return {
    minVersion: VERSIONS[minVersion],
    ...(ciphers.length === 0 && !isOld
      ? {}
      : { ciphers: [...TLS_1_3, ...list].join(':') + level.map((each) => `:${each}`).join('') }),
  };
}
