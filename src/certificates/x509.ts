/**
 * Makes X.509 certificates: Node can sign and read them, not build them. The encoding is the one that templates use
 * for theirs; what stands in a certificate is decided by the caller.
 */
import { createHash, createPublicKey, sign, type KeyObject, type X509Certificate } from 'node:crypto';
import { parseCertificate } from '../template/crypto/certificate.ts';
import {
  bits,
  der,
  explicit,
  integer,
  nothing,
  octets,
  oid,
  parseDer,
  sequence,
  set,
  TAGS,
} from '../template/crypto/der.ts';

export interface CertificateRequest {
  readonly subject: { readonly organization?: string; readonly commonName: string };
  readonly dnsNames: readonly string[];
  readonly serial: bigint;
  /** Milliseconds since the epoch; a certificate knows whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  readonly usages: readonly KeyUsage[];
  /** Also says that a server may identify itself with it. */
  readonly serverAuth: boolean;
  /** The private key; the certificate tells its public half. RSA or P-256. */
  readonly key: KeyObject;
}

export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'certSign';

export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** PEM of a signed certificate. Without an issuer it signs itself. */
export function makeCertificate(request: CertificateRequest, issuer?: Issuer): string {
  const publicKey = createPublicKey(request.key).export({ type: 'spki', format: 'der' });
  const subject = nameOf(request.subject);
  const signer = issuer === undefined ? undefined : parseCertificate(issuer.certificate.raw);
  const signingKey = issuer?.key ?? request.key;
  const algorithm = signatureAlgorithm(signingKey);
  const body = sequence(
    explicit(0, integer(2)),
    integer(request.serial),
    algorithm,
    signer?.subject ?? subject,
    sequence(time(request.notBefore), time(request.notAfter)),
    subject,
    publicKey,
    explicit(3, sequence(...extensions(request, publicKey, signer?.subjectKeyId))),
  );
  const signature = sign('sha256', body, signingKey);
  return certificatePem(sequence(body, algorithm, bits(signature)));
}

export function certificatePem(raw: Uint8Array): string {
  const lines =
    Buffer.from(raw)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf({ organization, commonName }: CertificateRequest['subject']): Buffer {
  const part = (id: string, value: string): Buffer => set(sequence(oid(id), der(TAGS.utf8String, Buffer.from(value))));
  return sequence(...(organization === undefined ? [] : [part('2.5.4.10', organization)]), part('2.5.4.3', commonName));
}

/** UTCTime until 2049, GeneralizedTime after: RFC 5280 wants it so. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, '');
  return digits < '2050'
    ? der(TAGS.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : der(TAGS.generalizedTime, Buffer.from(`${digits}Z`));
}

const EXTENSIONS = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const TRUE = der(TAGS.boolean, Buffer.from([0xff]));

/**
 * Two authorities in one bundle may have the same name: the key identifiers let a client find the one that signed.
 */
function extensions(request: CertificateRequest, publicKey: Buffer, signerKeyId: Buffer | undefined): Buffer[] {
  const { isCa, usages, serverAuth, dnsNames } = request;
  const names = dnsNames.map((name) => der(0x82, Buffer.from(name)));
  return [
    ...(usages.length === 0 ? [] : [critical(EXTENSIONS.keyUsage, keyUsage(usages))]),
    ...(serverAuth ? [extension(EXTENSIONS.extendedKeyUsage, sequence(oid(SERVER_AUTH)))] : []),
    critical(EXTENSIONS.basicConstraints, sequence(...(isCa ? [TRUE] : []))),
    ...(isCa ? [extension(EXTENSIONS.subjectKeyId, octets(keyId(publicKey)))] : []),
    ...(signerKeyId === undefined || signerKeyId.length === 0
      ? []
      : [extension(EXTENSIONS.authorityKeyId, sequence(der(0x80, signerKeyId)))]),
    ...(names.length === 0 ? [] : [extension(EXTENSIONS.alternativeNames, sequence(...names))]),
  ];
}

const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), octets(value));
const critical = (id: string, value: Buffer): Buffer => sequence(oid(id), TRUE, octets(value));

const USAGE_BITS: Readonly<Record<KeyUsage, number>> = { digitalSignature: 0, keyEncipherment: 2, certSign: 5 };

/** A named bit list: bit 0 is the highest of the byte, trailing zeros are not written. */
function keyUsage(usages: readonly KeyUsage[]): Buffer {
  const positions = usages.map((usage) => USAGE_BITS[usage]);
  const byte = positions.reduce((sum, position) => sum | (0x80 >> position), 0);
  return bits(Buffer.from([byte]), 7 - Math.max(...positions));
}

/** The first 20 bytes of the SHA-256 of the public key's bits. */
function keyId(publicKey: Buffer): Buffer {
  const key = parseDer(publicKey).child(1).content.subarray(1);
  return createHash('sha256').update(key).digest().subarray(0, 20);
}

function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), nothing());
  if (key.asymmetricKeyType === 'ec') return sequence(oid('1.2.840.10045.4.3.2'));
  throw new TypeError(`certificates are signed with RSA or EC keys, not ${key.asymmetricKeyType}`);
}
