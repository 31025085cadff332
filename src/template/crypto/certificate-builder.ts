/** Makes X.509 certificates of the one shape that templates ask for. */
import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { failure } from '../errors.ts';
import { civilFromDays } from '../time/calendar.ts';
import { bits, der, explicit, integer, nothing, octets, oid, parseDer, sequence, set, TAGS } from './der.ts';

export interface CertificateRequest {
  /** Common name, as bytes. */
  readonly commonName: string;
  readonly dns: readonly string[];
  readonly ips: readonly Buffer[];
  readonly serial: Buffer;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  readonly key: KeyObject;
}

/** Who signs: the subject itself when absent. */
export interface Issuer {
  readonly subject: Buffer;
  readonly subjectKeyId: Buffer;
  readonly key: KeyObject;
}

/** DER of a signed certificate. @throws Failure for keys that cannot sign */
export function buildCertificate(request: CertificateRequest, issuer: Issuer | undefined): Buffer {
  const publicKey = createPublicKey(request.key).export({ type: 'spki', format: 'der' });
  const subject = distinguishedName(request.commonName);
  const signingKey = issuer?.key ?? request.key;
  const algorithm = signatureAlgorithm(signingKey);
  const tbs = sequence(
    explicit(0, integer(2)),
    integer(BigInt(`0x${request.serial.toString('hex')}`)),
    algorithm.identifier,
    issuer?.subject ?? subject,
    sequence(time(request.notBefore), time(request.notAfter)),
    subject,
    publicKey,
    explicit(3, sequence(...extensions(request, publicKey, subject, issuer))),
  );
  return sequence(tbs, algorithm.identifier, bits(sign(algorithm.hash, tbs, signingKey)));
}

function distinguishedName(commonName: string): Buffer {
  if (commonName === '') return sequence();
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(commonName);
  const value = der(printable ? TAGS.printableString : TAGS.utf8String, Buffer.from(commonName, 'latin1'));
  return sequence(set(sequence(oid('2.5.4.3'), value)));
}

/** UTCTime until 2049, GeneralizedTime after. */
function time(seconds: number): Buffer {
  const days = Math.floor(seconds / 86400);
  const { year, month, day } = civilFromDays(days);
  const rest = seconds - days * 86400;
  const clock = [month, day, Math.floor(rest / 3600), Math.floor((rest % 3600) / 60), Math.floor(rest % 60)];
  const text = `${clock.map((n) => String(n).padStart(2, '0')).join('')}Z`;
  if (year < 0 || year > 9999) throw failure`cannot represent time as GeneralizedTime`;
  if (year >= 1950 && year < 2050) {
    return der(TAGS.utcTime, Buffer.from(String(year % 100).padStart(2, '0') + text));
  }
  return der(TAGS.generalizedTime, Buffer.from(String(year).padStart(4, '0') + text));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(TAGS.boolean, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...flag, octets(value));
}

const SERVER_AND_CLIENT = sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'));

function extensions(request: CertificateRequest, publicKey: Buffer, subject: Buffer, issuer?: Issuer): Buffer[] {
  const { isCa } = request;
  const usage = isCa ? bits(Buffer.from([0xa4]), 2) : bits(Buffer.from([0xa0]), 5);
  const constraints = sequence(...(isCa ? [der(TAGS.boolean, Buffer.from([0xff]))] : []));
  const out = [
    extension('2.5.29.15', true, usage),
    extension('2.5.29.37', false, SERVER_AND_CLIENT),
    extension('2.5.29.19', true, constraints),
  ];
  if (isCa) out.push(extension('2.5.29.14', false, octets(keyIdentifier(publicKey))));
  const authority = issuer === undefined || issuer.subject.equals(subject) ? Buffer.alloc(0) : issuer.subjectKeyId;
  if (authority.length > 0) out.push(extension('2.5.29.35', false, sequence(der(0x80, authority))));
  const names = [
    ...request.dns.map((name) => der(0x82, Buffer.from(name, 'latin1'))),
    ...request.ips.map((ip) => der(0x87, ip)),
  ];
  if (names.length > 0) out.push(extension('2.5.29.17', subject.length === 2, sequence(...names)));
  return out;
}

/** The first 20 bytes of the SHA-256 of the public key's bits. */
function keyIdentifier(publicKey: Buffer): Buffer {
  const key = parseDer(publicKey).child(1).content.subarray(1);
  return createHash('sha256').update(key).digest().subarray(0, 20);
}

interface SignatureAlgorithm {
  readonly identifier: Buffer;
  /** null where the algorithm brings its own. */
  readonly hash: string | null;
}

const CURVE_HASHES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['prime256v1', ['1.2.840.10045.4.3.2', 'sha256']],
  ['secp384r1', ['1.2.840.10045.4.3.3', 'sha384']],
  ['secp521r1', ['1.2.840.10045.4.3.4', 'sha512']],
]);

function signatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  if (key.asymmetricKeyType === 'rsa') {
    return { identifier: sequence(oid('1.2.840.113549.1.1.11'), nothing()), hash: 'sha256' };
  }
  if (key.asymmetricKeyType === 'ed25519') return { identifier: sequence(oid('1.3.101.112')), hash: null };
  const curve = CURVE_HASHES.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (key.asymmetricKeyType !== 'ec' || curve === undefined) {
    throw failure`error creating certificate: x509: unsupported key type`;
  }
  return { identifier: sequence(oid(curve[0])), hash: curve[1] };
}
