/**
 * A client certificate and its key, looked at before a connection is tried, so that the message names the field and not
 * a place in a TLS library.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError } from '../errors.ts';

/** A value with the name of the field it came from. */
export interface FieldValue {
  readonly field: string;
  readonly value: SecretValue;
}

/** @returns PEM texts. @throws InvalidProviderConfigError without a part of either. */
export function clientCertificate(cert: FieldValue, key: FieldValue): { readonly cert: string; readonly key: string } {
  const [certText, keyText] = [cert.value.revealText(), key.value.revealText()];
  const certificate = parse(cert.field, 'a PEM certificate', () => new X509Certificate(certText));
  const privateKey = parse(key.field, 'an unencrypted PEM private key', () => createPrivateKey(keyText));
  if (!certificate.checkPrivateKey(privateKey))
    throw new InvalidProviderConfigError(`${key.field}: the key does not belong to the certificate of ${cert.field}`);
  return { cert: certText, key: keyText };
}

function parse<T>(field: string, what: string, read: () => T): T {
  try {
    return read();
  } catch {
    // The cause might quote what it could not read.
    throw new InvalidProviderConfigError(`${field}: not ${what}`);
  }
}
