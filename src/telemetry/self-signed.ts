/** Makes a self-signed server certificate (P-256). Node can sign but not build certificates, hence the few lines of DER. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyPair } from './http-server.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** @param names DNS names; the first is the subject @param now milliseconds since the epoch */
export function selfSigned(names: readonly string[], now: number): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(set(sequence(COMMON_NAME, utf8(names[0] ?? 'external-secrets'))));
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    subject,
    // A little in the past: clocks differ.
    sequence(time(now - HOUR_MS), time(now + YEAR_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(
      3,
      sequence(extension(EXTENDED_KEY_USAGE, sequence(SERVER_AUTH)), extension(SUBJECT_ALT_NAME, dns(names))),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { cert: pem(certificate), key };
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]): Buffer => tagged(0x31, ...parts);
const integer = (bytes: Uint8Array): Buffer => tagged(0x02, bytes);
const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text));
const explicit = (number: number, part: Uint8Array): Buffer => tagged(0xa0 + number, part);
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const extension = (id: Buffer, value: Buffer): Buffer => sequence(id, tagged(0x04, value));
const dns = (names: readonly string[]): Buffer => sequence(...names.map((name) => tagged(0x82, Buffer.from(name))));

/** GeneralizedTime, `20300101000000Z`. RFC 5280 wants UTCTime before 2050. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\..*/g, '');
  return digits < '2050' ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`)) : tagged(0x18, Buffer.from(`${digits}Z`));
}

const COMMON_NAME = oid('550403');
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const EXTENDED_KEY_USAGE = oid('551d25');
const SERVER_AUTH = oid('2b06010505070301');
const SUBJECT_ALT_NAME = oid('551d11');

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
