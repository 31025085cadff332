/**
 * The webhook's certificate authority and server certificate, as they stand in their Secrets (`behaviour.md` 5.1): RSA
 * 2048, ten years, PEM in the form of PKCS#1.
 */
import { createPrivateKey, generateKeyPair, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { makeCertificate, type CertificateRequest } from './x509.ts';

/** PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export const AUTHORITY_NAME = 'external-secrets';

const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 10 * 365 * 24 * HOUR_MS;
const generate = promisify(generateKeyPair);

/** @param now milliseconds since the epoch */
export async function makeAuthority(now: number): Promise<PemPair> {
  const key = await newKey();
  const cert = makeCertificate({
    ...common(key, now),
    subject: { organization: AUTHORITY_NAME, commonName: AUTHORITY_NAME },
    dnsNames: [AUTHORITY_NAME],
    serial: 0n,
    isCa: true,
    usages: ['digitalSignature', 'keyEncipherment', 'certSign'],
    serverAuth: false,
  });
  return { cert, key: pkcs1(key) };
}

/** A server certificate for this one name. @param now milliseconds since the epoch */
export async function issueServer(authority: PemPair, dnsName: string, now: number): Promise<PemPair> {
  const key = await newKey();
  const cert = makeCertificate(
    {
      ...common(key, now),
      subject: { commonName: dnsName },
      dnsNames: [dnsName],
      serial: 1n,
      isCa: false,
      usages: ['digitalSignature', 'keyEncipherment'],
      serverAuth: true,
    },
    { certificate: new X509Certificate(authority.cert), key: createPrivateKey(authority.key) },
  );
  return { cert, key: pkcs1(key) };
}

async function newKey(): Promise<KeyObject> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return privateKey;
}

function common(key: KeyObject, now: number): Pick<CertificateRequest, 'key' | 'notBefore' | 'notAfter'> {
  // A little in the past: clocks differ.
  return { key, notBefore: now - HOUR_MS, notAfter: now + TEN_YEARS_MS };
}

function pkcs1(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' });
}
