/** Password hashes, derived and random passwords, and a simple symmetric cipher. */
import { createCipheriv, createDecipheriv, createHash, createHmac, scryptSync } from 'node:crypto';
import { genSaltSync, hashSync } from 'bcryptjs';
import { decodeText, fromBytes, toBytes } from '../bytes.ts';
import { failure } from '../errors.ts';
import { defineWith, type Runtime } from '../signature.ts';
import { decodeBase64, encodeBase64 } from './base-n.ts';
import { randomBelow } from './text.ts';
import { PASSWORD_CLASSES, PASSWORD_TEMPLATES } from './password-templates.ts';

/** Steps that a slow hash costs: more than the main thread may spend, so that it runs in a worker. */
const SLOW = 1_000_000;
const BCRYPT_COST = 10;
const LONGEST_BCRYPT = 72;

function bcrypt(runtime: Runtime, password: string): string {
  if (password.length > LONGEST_BCRYPT) {
    return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes';
  }
  runtime.budget.spend(SLOW);
  const hash = hashSync(decodeText(password), genSaltSync(BCRYPT_COST));
  return hash.replace(/^\$2[by]\$/, '$2a$');
}

function htpasswd(runtime: Runtime, user: string, password: string, algorithm: string): string {
  if (user.includes(':')) return `invalid username: ${user}`;
  if (algorithm !== 'sha') return `${user}:${bcrypt(runtime, password)}`;
  return `${user}:{SHA}${createHash('sha1').update(toBytes(password)).digest('base64')}`;
}

const SEED_LABEL = 'com.lyndir.masterpassword';

const counted = (text: string): Buffer => Buffer.concat([uint32(text.length), toBytes(text)]);

function uint32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
}

/** Master Password, version 1: the same password each time for the same inputs. */
function derivePassword(
  runtime: Runtime,
  counter: number,
  type: string,
  password: string,
  user: string,
  site: string,
): string {
  const templates = PASSWORD_TEMPLATES.get(type);
  if (templates === undefined) return `cannot find password template ${type}`;
  runtime.budget.spend(SLOW * 3);
  const salt = Buffer.concat([Buffer.from(SEED_LABEL), counted(user)]);
  const key = scryptSync(toBytes(password), salt, 64, { N: 32768, r: 8, p: 2, maxmem: 128 << 20 });
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(SEED_LABEL), counted(site), uint32(counter)]))
    .digest();
  const template = templates[(seed[0] ?? 0) % templates.length] ?? '';
  return Array.from(template, (letter, i) => {
    const letters = PASSWORD_CLASSES.get(letter) ?? '';
    return letters[(seed[i + 1] ?? 0) % letters.length];
  }).join('');
}

const AES_KEY_BYTES = 32;
const BLOCK = 16;

function aesKey(password: string): Buffer {
  const key = Buffer.alloc(AES_KEY_BYTES);
  toBytes(password).copy(key);
  return key;
}

function encryptAes(runtime: Runtime, password: string, text: string): string {
  if (text === '') return '';
  const iv = Buffer.from(runtime.randomBytes(BLOCK));
  const cipher = createCipheriv('aes-256-cbc', aesKey(password), iv);
  return Buffer.concat([iv, cipher.update(toBytes(text)), cipher.final()]).toString('base64');
}

function decryptAes(_runtime: Runtime, password: string, encoded: string): string {
  if (encoded === '') return '';
  const decoded = decodeBase64(encoded);
  if (!('bytes' in decoded)) throw failure`illegal base64 data at input byte ${decoded.wrongAt}`;
  const data = toBytes(decoded.bytes);
  if (data.length < BLOCK) {
    throw failure`runtime error: slice bounds out of range [:16] with capacity ${decodedCapacity(encoded)}`;
  }
  if (data.length % BLOCK !== 0) throw failure`crypto/cipher: input not full blocks`;
  if (data.length === BLOCK) throw failure`runtime error: index out of range [-1]`;
  const cipher = createDecipheriv('aes-256-cbc', aesKey(password), data.subarray(0, BLOCK)).setAutoPadding(false);
  const plain = Buffer.concat([cipher.update(data.subarray(BLOCK)), cipher.final()]);
  const padding = plain.at(-1) ?? 0;
  if (padding > plain.length) throw failure`runtime error: slice bounds out of range [:${plain.length - padding}]`;
  return fromBytes(plain.subarray(0, plain.length - padding));
}

/** Room that Go's decoder makes for the text, line ends included. */
const decodedCapacity = (encoded: string): number => Math.floor(encoded.length / 4) * 3;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ASCII = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 0x20 + i));

function randomText(letters: string) {
  return (runtime: Runtime, count: number): string => {
    if (count <= 0) return '';
    runtime.budget.allocate(count * 32);
    return Array.from({ length: count }, () => letters[randomBelow(runtime, letters.length)]).join('');
  };
}

function randomBytes(runtime: Runtime, count: number): string {
  if (count < 0) throw failure`runtime error: makeslice: len out of range`;
  runtime.budget.allocate(count * 2);
  return encodeBase64(fromBytes(runtime.randomBytes(count)));
}

function uuid(runtime: Runtime): string {
  const bytes = Buffer.from(runtime.randomBytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export const passwordFunctions = [
  ...defineWith('bcrypt', 'string', bcrypt),
  ...defineWith('htpasswd', 'string string sprig.HashAlgorithm', htpasswd),
  ...defineWith('derivePassword', 'uint32 string string string string', derivePassword),
  ...defineWith('encryptAES', 'string string', encryptAes),
  ...defineWith('decryptAES', 'string string', decryptAes),
  ...defineWith('randBytes', 'int', randomBytes),
  ...defineWith('randAlphaNum', 'int', randomText(LETTERS + DIGITS)),
  ...defineWith('randAlpha', 'int', randomText(LETTERS)),
  ...defineWith('randNumeric', 'int', randomText(DIGITS)),
  ...defineWith('randAscii', 'int', randomText(ASCII)),
  ...defineWith('uuidv4', '', uuid),
];
