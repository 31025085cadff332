/**
 * Whether certificates are good for what they are used for, now or at a later time. Pure: no clock, no files. What is
 * wrong is said in words that hold no key.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { AUTHORITY_NAME, type PemPair } from './authority.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const SERVER_AUTH = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);
/** A chain longer than this is taken for a loop. */
const LONGEST_CHAIN = 8;

/** The certificates of a PEM text in their order; blocks that cannot be read are left out. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(BLOCK)].flatMap(([block]) => readable(block));
}

function readable(block: string): readonly X509Certificate[] {
  try {
    return [new X509Certificate(block)];
  } catch {
    return [];
  }
}

export interface ServerCheck {
  /** PEM of all authorities that clients trust. */
  readonly bundle: string;
  readonly dnsName: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Why a client that trusts the bundle would not accept this server at that time; undefined: it would. */
export function serverProblem({ cert, key }: PemPair, { bundle, dnsName, at }: ServerCheck): string | undefined {
  const [leaf, ...intermediates] = certificatesIn(cert);
  const roots = certificatesIn(bundle);
  if (leaf === undefined) return 'there is no server certificate';
  if (roots.length === 0) return 'there is no certificate of an authority';
  if (!belongsTo(leaf, key)) return 'the key does not belong to the server certificate';
  if (leaf.checkHost(dnsName, { subject: 'never' }) === undefined) {
    return `the server certificate is not for ${JSON.stringify(dnsName)}`;
  }
  if (!servesTls(leaf)) return 'the server certificate is not for servers';
  return timeProblem(leaf, at, 'server certificate') ?? chainProblem(leaf, intermediates, roots, at);
}

/** Why this pair cannot sign certificates until that time; undefined: it can. */
export function authorityProblem({ cert, key }: PemPair, at: number): string | undefined {
  const [authority] = certificatesIn(cert);
  if (authority === undefined) return 'there is no certificate of the authority';
  if (!authority.ca) return 'the certificate of the authority may not sign others';
  if (!belongsTo(authority, key)) return 'the key does not belong to the certificate of the authority';
  if (authority.checkHost(AUTHORITY_NAME, { subject: 'never' }) === undefined) {
    return `the certificate of the authority is not for ${JSON.stringify(AUTHORITY_NAME)}`;
  }
  return timeProblem(authority, at, 'certificate of the authority');
}

/** Valid at that time. @param at milliseconds since the epoch */
export function isValidAt(certificate: X509Certificate, at: number): boolean {
  return certificate.validFromDate.getTime() <= at && at <= certificate.validToDate.getTime();
}

function timeProblem(certificate: X509Certificate, at: number, what: string): string | undefined {
  if (isValidAt(certificate, at)) return undefined;
  const from = certificate.validFromDate.toISOString();
  return `the ${what} is valid from ${from} to ${certificate.validToDate.toISOString()} only`;
}

function belongsTo(certificate: X509Certificate, key: string): boolean {
  const read = keyOf(key);
  return read !== undefined && certificate.checkPrivateKey(read);
}

/** Node's own message may quote the text. */
function keyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Node calls the extended usages `keyUsage`; without them a certificate is good for everything. */
function servesTls(certificate: X509Certificate): boolean {
  const usages = certificate.keyUsage as readonly string[] | undefined;
  return usages === undefined || usages.length === 0 || usages.some((usage) => SERVER_AUTH.has(usage));
}

/** Follows the signatures from the leaf to any certificate of the bundle. */
function chainProblem(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  at: number,
): string | undefined {
  let current = leaf;
  for (let length = 0; length < LONGEST_CHAIN; length++) {
    const signers = roots.filter((root) => isSignedBy(current, root));
    if (signers.length > 0) {
      if (signers.some((root) => isValidAt(root, at))) return undefined;
      return timeProblem(signers[0] ?? current, at, 'certificate of the authority');
    }
    const next = intermediates.find((each) => isSignedBy(current, each) && isValidAt(each, at));
    if (next === undefined) break;
    current = next;
  }
  return 'the server certificate is not signed by an authority of the bundle';
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const isItself = certificate.raw.equals(issuer.raw);
  return isItself || (issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
}
