/** Makes a self-signed server certificate (P-256): enough to keep tokens off the wire. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { makeCertificate } from '../certificates/x509.ts';
import type { KeyPair } from './http-server.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** @param names DNS names; the first is the subject @param now milliseconds since the epoch */
export function selfSigned(names: readonly string[], now: number): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = makeCertificate({
    subject: { commonName: names[0] ?? 'external-secrets' },
    dnsNames: names,
    serial: BigInt(`0x01${randomBytes(15).toString('hex')}`),
    // A little in the past: clocks differ.
    notBefore: now - HOUR_MS,
    notAfter: now + YEAR_MS,
    isCa: false,
    usages: ['digitalSignature'],
    serverAuth: true,
    key: privateKey,
  });
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}
