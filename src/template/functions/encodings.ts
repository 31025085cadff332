/** Encodings and digests. Decoders never fail: their complaint becomes the result, as in the original. */
import { createHash } from 'node:crypto';
import { toBytes } from '../bytes.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { decodeBase32, decodeBase64, decodeHex, encodeBase32, encodeBase64, type Decoded } from './base-n.ts';

function bytesOr(decoded: Decoded, name: string): string {
  return 'bytes' in decoded ? decoded.bytes : `illegal ${name} data at input byte ${decoded.wrongAt}`;
}

function digest(algorithm: string) {
  return (runtime: Runtime, text: string): string => {
    runtime.budget.spend(10 + text.length / 32);
    return createHash(algorithm).update(toBytes(text)).digest('hex');
  };
}

/** Adler-32 checksum, in decimal. */
function adler32(text: string): string {
  let a = 1;
  let b = 0;
  for (let i = 0; i < text.length; i++) {
    a = (a + text.charCodeAt(i)) % 65521;
    b = (b + a) % 65521;
  }
  return String(b * 65536 + a);
}

export const encodingFunctions = [
  ...define('b64enc', 'string', encodeBase64),
  ...define('b64dec', 'string', (text) => bytesOr(decodeBase64(text), 'base64')),
  ...define('b32enc', 'string', encodeBase32),
  ...define('b32dec', 'string', (text) => bytesOr(decodeBase32(text), 'base32')),
  ...define('hexdec', 'string', decodeHex),
  ...defineWith('sha1sum', 'string', digest('sha1')),
  ...defineWith('sha256sum', 'string', digest('sha256')),
  ...defineWith('sha512sum', 'string', digest('sha512')),
  ...define('adler32sum', 'string', adler32),
];
