/** Certificates and PEM: making them, looking into them, picking parts of chains. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { failure, Failure, value as hidden } from '../errors.ts';
import { buildCertificate, type Issuer } from '../crypto/certificate-builder.ts';
import { parseCertificate, type Certificate } from '../crypto/certificate.ts';
import { isRoot, orderChain } from '../crypto/chain.ts';
import { parseIp } from '../crypto/ip.ts';
import { labelledKey, usualPem } from '../crypto/keys.ts';
import { decodeAllPem, decodePem, encodePem } from '../crypto/pem.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { GoObject, strings, type GoSlice, type Value } from '../values.ts';
import { decodeBase64 } from './base-n.ts';
import { textOf } from './text-of.ts';

/** Steps that making a key costs: more than the main thread may spend. */
const KEY_STEPS = 5_000_000;
const DAY_SECONDS = 86_400;

/** A certificate and its private key, both PEM. */
class CertificatePair extends GoObject {
  readonly type = 'sprig.certificate';
  readonly kind = 'struct';
  readonly cert: string;
  readonly key: string;

  constructor(cert: string, key: string) {
    super();
    this.cert = cert;
    this.key = key;
  }

  override field(name: string): Value | undefined {
    return name === 'Cert' ? this.cert : name === 'Key' ? this.key : undefined;
  }

  override fields(): readonly (readonly [string, Value])[] {
    return [
      ['Cert', this.cert],
      ['Key', this.key],
    ];
  }

  override equals(other: GoObject): boolean {
    return other instanceof CertificatePair && other.cert === this.cert && other.key === this.key;
  }
}

function rsaKey(runtime: Runtime, bits: number): KeyObject {
  runtime.budget.spend(KEY_STEPS);
  return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
}

interface Names {
  readonly ips: GoSlice;
  readonly dns: GoSlice;
}

interface Subject extends Partial<Names> {
  readonly commonName: string;
  readonly days: number;
  readonly key: KeyObject;
  readonly isCa: boolean;
}

function make(runtime: Runtime, subject: Subject, issuer?: Issuer): Value {
  runtime.budget.spend(100_000);
  const notBefore = Math.floor(runtime.now() / 1000);
  const der = buildCertificate(
    {
      commonName: subject.commonName,
      ips: (subject.ips?.items ?? []).map((ip) => ipOf(runtime, ip)),
      dns: (subject.dns?.items ?? []).map((name) => dnsOf(runtime, name)),
      serial: Buffer.from(runtime.randomBytes(16)),
      notBefore,
      notAfter: notBefore + subject.days * DAY_SECONDS,
      isCa: subject.isCa,
      key: subject.key,
    },
    issuer,
  );
  return new CertificatePair(encodePem('CERTIFICATE', der), usualPem(subject.key));
}

function ipOf(runtime: Runtime, value: Value): Buffer {
  if (typeof value !== 'string') {
    throw failure`error parsing ip: ${hidden(textOf(runtime, value), value)} is not a string`;
  }
  const ip = parseIp(value);
  if (ip === undefined) throw failure`error parsing ip: ${hidden(value)}`;
  return ip;
}

function dnsOf(runtime: Runtime, value: Value): string {
  if (typeof value === 'string') return value;
  throw failure`error processing alternate dns name: ${hidden(textOf(runtime, value), value)} is not a string`;
}

/** A key a user gave, with the error of the functions that end in WithKey. */
function givenKey(pem: string): KeyObject {
  return withPrefix('parsing private key: ', () => labelledKey(pem));
}

function withPrefix<T>(prefix: string, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw failure`${{ piece: 'word', text: prefix }}${error.detail}`;
  }
}

function issuerOf(pair: GoObject): Issuer {
  const { cert, key } = pair instanceof CertificatePair ? pair : new CertificatePair('', '');
  const found = decodePem(cert);
  if (found === undefined) throw failure`unable to decode certificate`;
  const { subject, subjectKeyId } = withPrefix('error parsing certificate: decodedSignerCert.Bytes: ', () =>
    parseCertificate(found.block.bytes),
  );
  return { subject, subjectKeyId, key: withPrefix('error parsing private key: ', () => labelledKey(key)) };
}

function custom(cert64: string, key64: string): Value {
  const cert = decodeBase64(cert64);
  if (!('bytes' in cert)) throw failure`unable to decode base64 certificate`;
  const key = decodeBase64(key64);
  if (!('bytes' in key)) throw failure`unable to decode base64 private key`;
  const found = decodePem(cert.bytes);
  if (found === undefined) throw failure`unable to decode certificate`;
  withPrefix('error parsing certificate: decodedCert.Bytes: ', () => parseCertificate(found.block.bytes));
  withPrefix('error parsing private key: ', () => labelledKey(key.bytes));
  return new CertificatePair(cert.bytes, key.bytes);
}

function privateKey(runtime: Runtime, type: string): string {
  if (type === '' || type === 'rsa') return usualPem(rsaKey(runtime, 4096));
  if (type === 'ecdsa') return usualPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  if (type === 'ed25519') return usualPem(generateKeyPairSync('ed25519').privateKey);
  if (type === 'dsa') throw failure`DSA keys are obsolete and are not made`;
  return `Unknown type ${type}`;
}

/** Blocks of one type, whatever the case; junk is an error only when no such block was found. */
function filterPem(type: string, input: string): string {
  const begin = input.indexOf('-----BEGIN');
  const { blocks, rest } = decodeAllPem(begin < 0 ? input : input.slice(begin));
  const wanted = blocks.filter((block) => block.type.toLowerCase() === type.toLowerCase());
  if (wanted.length === 0 && rest !== '') throw failure`error filtering pem: found junk`;
  return wanted.map((block) => encodePem(block.type, block.bytes, block.headers)).join('');
}

/** All certificates of a PEM text. @throws Failure for a block that is none */
export function certificatesOf(input: string): Certificate[] {
  return decodeAllPem(input).blocks.map((block) => parseCertificate(block.bytes));
}

export const certificatePem = (certificates: readonly Certificate[]): string =>
  certificates.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('');

function filterChain(kind: string, input: string): string {
  const chain = orderChain(certificatesOf(input));
  const [leaf] = chain;
  const last = chain.at(-1);
  if (kind === 'leaf') return leaf === undefined || isRoot(leaf) ? '' : certificatePem([leaf]);
  if (kind === 'root') return last !== undefined && isRoot(last) ? certificatePem([last]) : '';
  if (kind !== 'intermediate') return '';
  const root = chain.findIndex((certificate, i) => i > 0 && isRoot(certificate));
  return certificatePem(chain.slice(1, root < 0 ? undefined : root));
}

function alternativeNames(input: string): Value {
  const found = decodePem(input);
  if (found === undefined) throw failure`failed to decode PEM block`;
  const { alternativeNames: names } = withPrefix('failed to parse certificate: ', () =>
    parseCertificate(found.block.bytes),
  );
  return strings([...names.dns, ...names.ips, ...names.emails, ...names.uris]);
}

export const certificateFunctions = [
  ...defineWith('genPrivateKey', 'string', privateKey),
  ...defineWith('genCA', 'string int', (runtime, commonName, days) =>
    make(runtime, { commonName, days, key: rsaKey(runtime, 2048), isCa: true }),
  ),
  ...defineWith('genCAWithKey', 'string int string', (runtime, commonName, days, pem) =>
    make(runtime, { commonName, days, key: givenKey(pem), isCa: true }),
  ),
  ...defineWith('genSelfSignedCert', 'string list list int', (runtime, commonName, ips, dns, days) =>
    make(runtime, { commonName, ips, dns, days, key: rsaKey(runtime, 2048), isCa: false }),
  ),
  ...defineWith('genSelfSignedCertWithKey', 'string list list int string', (runtime, commonName, ips, dns, days, pem) =>
    make(runtime, { commonName, ips, dns, days, key: givenKey(pem), isCa: false }),
  ),
  ...defineWith(
    'genSignedCert',
    'string list list int sprig.certificate',
    (runtime, commonName, ips, dns, days, ca) => {
      const key = rsaKey(runtime, 2048);
      return make(runtime, { commonName, ips, dns, days, key, isCa: false }, issuerOf(ca));
    },
  ),
  ...defineWith(
    'genSignedCertWithKey',
    'string list list int sprig.certificate string',
    (runtime, commonName, ips, dns, days, ca, pem) => {
      const key = givenKey(pem);
      return make(runtime, { commonName, ips, dns, days, key, isCa: false }, issuerOf(ca));
    },
  ),
  ...define('buildCustomCert', 'string string', custom),
  ...define('filterPEM', 'string string', filterPem),
  ...define('filterCertChain', 'string string', filterChain),
  ...define('certSANs', 'string', alternativeNames),
];
