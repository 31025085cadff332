/** Private keys: read from PEM, written in the forms Go's tools use. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { failure, value as hidden, type Failure } from '../errors.ts';
import { decodePem, encodePem, type PemBlock } from './pem.ts';

type Encoding = 'pkcs1' | 'pkcs8' | 'sec1';

/** A key from DER bytes; undefined when they are none of that form. */
export function keyFromDer(bytes: Buffer, type: Encoding): KeyObject | undefined {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** A key in whichever form it is. @throws Failure */
export function anyKey(bytes: Buffer): KeyObject {
  const found = keyFromDer(bytes, 'pkcs1') ?? keyFromDer(bytes, 'pkcs8') ?? keyFromDer(bytes, 'sec1');
  if (found === undefined) throw failure`unable to parse private key type`;
  return found;
}

/** The key of a text's first PEM block, whose label must tell its form. @throws Failure */
export function labelledKey(text: string): KeyObject {
  const found = decodePem(text);
  if (found === undefined) throw failure`no PEM data in input`;
  const { block } = found;
  if (block.type === 'PRIVATE KEY') return keyOr(block, 'pkcs8', failure`decoding PEM as PKCS#8: malformed key`);
  if (!block.type.endsWith(' PRIVATE KEY')) {
    throw failure`no private key data in PEM block of type ${hidden(block.type)}`;
  }
  const label = block.type.slice(0, -' PRIVATE KEY'.length);
  if (label === 'RSA') return keyOr(block, 'pkcs1', failure`parsing RSA private key from PEM: malformed key`);
  if (label === 'EC') return keyOr(block, 'sec1', failure`parsing EC private key from PEM: malformed key`);
  if (label === 'DSA') throw failure`x509: certificate private key does not implement crypto.Signer`;
  throw failure`invalid private key type ${hidden(label)}`;
}

function keyOr(block: PemBlock, type: Encoding, otherwise: Failure): KeyObject {
  const key = keyFromDer(block.bytes, type);
  if (key === undefined) throw otherwise;
  return key;
}

/** PEM in the form usual for the kind of key: PKCS#1, SEC1, else PKCS#8. */
export function usualPem(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') {
    return encodePem('RSA PRIVATE KEY', key.export({ type: 'pkcs1', format: 'der' }));
  }
  if (key.asymmetricKeyType === 'ec') return encodePem('EC PRIVATE KEY', key.export({ type: 'sec1', format: 'der' }));
  return pkcs8Pem(key);
}

export function pkcs8Pem(key: KeyObject): string {
  return encodePem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
}
