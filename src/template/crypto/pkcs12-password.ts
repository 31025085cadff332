/** Passwords in PKCS#12: the forms they take, keys derived from them, and the ciphers they open. */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { Budget } from '../budget.ts';
import { decodeText } from '../bytes.ts';
import { failure, type Failure } from '../errors.ts';
import { TAGS, type DerElement } from './der.ts';
import { decryptRc2 } from './rc2.ts';

/** Rounds of key derivation that an archive may ask for. */
const MOST_ITERATIONS = 10_000_000;

/** A password as text, and as the bytes that the old key derivation takes. */
export interface Password {
  readonly utf8: Buffer;
  readonly bmp: Buffer;
}

/** The forms to try: two zero bytes at the end, and for the empty password also nothing at all. @throws Failure beyond UCS-2 */
export function passwordForms(bytes: string): Password[] {
  const text = decodeText(bytes);
  if (/[\u{10000}-\u{10ffff}]/u.test(text))
    throw failure`pkcs12: string contains characters that cannot be encoded in UCS-2`;
  const wide = Buffer.from(`${text}\0`, 'utf16le').swap16();
  const utf8 = Buffer.from(text, 'utf8');
  return text === ''
    ? [
        { utf8, bmp: wide },
        { utf8, bmp: Buffer.alloc(0) },
      ]
    : [{ utf8, bmp: wide }];
}

export const wrongPassword = (): Failure => failure`pkcs12: decryption password incorrect`;
const unsupported = (): Failure => failure`pkcs12: algorithm is not supported`;

const BLOCK_SIZES: ReadonlyMap<string, number> = new Map([
  ['sha1', 64],
  ['sha224', 64],
  ['sha256', 64],
  ['sha384', 128],
  ['sha512', 128],
]);

/** Derives `size` bytes for a purpose: 1 = key, 2 = IV, 3 = MAC key (RFC 7292, appendix B). */
export function deriveOld(
  hash: string,
  password: Buffer,
  salt: Buffer,
  iterations: number,
  purpose: 1 | 2 | 3,
  size: number,
  budget: Budget,
): Buffer {
  checkIterations(iterations, budget);
  const v = BLOCK_SIZES.get(hash) ?? 64;
  let input: Buffer = Buffer.concat([filled(salt, v), filled(password, v)]);
  const out: Buffer[] = [];
  for (let have = 0; have < size;) {
    let digest: Buffer = createHash(hash).update(Buffer.alloc(v, purpose)).update(input).digest();
    for (let i = 1; i < iterations; i++) digest = createHash(hash).update(digest).digest();
    out.push(digest);
    have += digest.length;
    input = addToBlocks(input, filled(digest, v).subarray(0, v), v);
  }
  return Buffer.concat(out).subarray(0, size);
}

/** The bytes repeated up to a multiple of `v`. */
function filled(bytes: Buffer, v: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(v * Math.ceil(bytes.length / v), bytes);
}

function addToBlocks(input: Buffer, addend: Buffer, v: number): Buffer {
  const plus = BigInt(`0x${addend.toString('hex')}`) + 1n;
  const blocks: Buffer[] = [];
  for (let at = 0; at < input.length; at += v) {
    const sum = BigInt(`0x${input.subarray(at, at + v).toString('hex')}`) + plus;
    const hex = BigInt.asUintN(v * 8, sum)
      .toString(16)
      .padStart(v * 2, '0');
    blocks.push(Buffer.from(hex, 'hex'));
  }
  return Buffer.concat(blocks);
}

function checkIterations(iterations: number, budget: Budget): void {
  if (iterations < 1 || iterations > MOST_ITERATIONS) throw failure`pkcs12: iteration count out of range`;
  budget.spend(iterations * 10);
}

export const HASH_OIDS: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

export const HMAC_OIDS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);

/** A key by PBKDF2 from its AlgorithmIdentifier. */
export function derivePbkdf2(algorithm: DerElement, password: Buffer, size: number, budget: Budget): Buffer {
  const [id, params] = algorithm.children();
  if (id?.oid() !== '1.2.840.113549.1.5.12' || params === undefined) throw unsupported();
  const [salt, iterations, ...rest] = params.children();
  if (salt === undefined || iterations === undefined) throw unsupported();
  const prf = rest.find((part) => part.tag === TAGS.sequence);
  const hash = prf === undefined ? 'sha1' : HMAC_OIDS.get(prf.child(0).oid());
  if (hash === undefined) throw unsupported();
  const rounds = Number(iterations.integer());
  checkIterations(rounds, budget);
  return pbkdf2Sync(password, salt.expect(TAGS.octetString).content, rounds, size, hash);
}

/** The old schemes: cipher, bytes of key, effective bits of RC2. */
const OLD_SCHEMES: ReadonlyMap<string, readonly [string, number, number]> = new Map([
  ['1.2.840.113549.1.12.1.3', ['des-ede3-cbc', 24, 0]],
  ['1.2.840.113549.1.12.1.5', ['rc2', 16, 128]],
  ['1.2.840.113549.1.12.1.6', ['rc2', 5, 40]],
]);

const AES: ReadonlyMap<string, readonly [string, number]> = new Map([
  ['2.16.840.1.101.3.4.1.2', ['aes-128-cbc', 16]],
  ['2.16.840.1.101.3.4.1.22', ['aes-192-cbc', 24]],
  ['2.16.840.1.101.3.4.1.42', ['aes-256-cbc', 32]],
]);

/** Decrypts what an AlgorithmIdentifier describes. @throws Failure, in particular for a wrong password */
export function decrypt(algorithm: DerElement, data: Buffer, password: Password, budget: Budget): Buffer {
  const [id, params] = algorithm.children();
  if (id === undefined || params === undefined) throw unsupported();
  if (id.oid() === '1.2.840.113549.1.5.13') return decryptPbes2(params, data, password, budget);
  const scheme = OLD_SCHEMES.get(id.oid());
  if (scheme === undefined) throw unsupported();
  const [cipher, size, effectiveBits] = scheme;
  const salt = params.child(0).expect(TAGS.octetString).content;
  const iterations = Number(params.child(1).integer());
  const key = deriveOld('sha1', password.bmp, salt, iterations, 1, size, budget);
  const iv = deriveOld('sha1', password.bmp, salt, iterations, 2, 8, budget);
  if (cipher === 'rc2') {
    budget.spend(data.length * 5);
    return unpad(decryptRc2(key, effectiveBits, iv, data), 8);
  }
  return decipher(cipher, key, iv, data, 8);
}

function decryptPbes2(params: DerElement, data: Buffer, password: Password, budget: Budget): Buffer {
  const [derivation, encryption] = params.children();
  const cipher = AES.get(encryption?.child(0).oid() ?? '');
  if (derivation === undefined || encryption === undefined || cipher === undefined) throw unsupported();
  const key = derivePbkdf2(derivation, password.utf8, cipher[1], budget);
  return decipher(cipher[0], key, encryption.child(1).expect(TAGS.octetString).content, data, 16);
}

function decipher(name: string, key: Buffer, iv: Buffer, data: Buffer, block: number): Buffer {
  if (data.length === 0 || data.length % block !== 0 || iv.length !== block) throw wrongPassword();
  const cipher = createDecipheriv(name, key, iv).setAutoPadding(false);
  return unpad(Buffer.concat([cipher.update(data), cipher.final()]), block);
}

function unpad(data: Buffer, block: number): Buffer {
  const count = data.at(-1) ?? 0;
  const end = data.length - count;
  if (count < 1 || count > block || end < 0) throw wrongPassword();
  if (data.subarray(end).some((byte) => byte !== count)) throw wrongPassword();
  return data.subarray(0, end);
}

export const hmac = (hash: string, key: Buffer, data: Buffer): Buffer => createHmac(hash, key).update(data).digest();
