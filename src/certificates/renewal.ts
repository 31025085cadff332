/**
 * What is to be done with the webhook's certificates: decisions only, from what the two Secrets hold.
 *
 *     authority good for 91 days? ──yes──▶ keep
 *        └─no: its successor goes first into the bundle, the old one stays in it until it expires
 *     server good for 91 days under the authority? ──yes──▶ keep
 *        └─no: does it still serve, and is the bundle not everywhere yet? ──yes──▶ wait ──no──▶ issue a new one
 *
 * So a client never meets a server certificate that it has not been told to trust (D41).
 */
import type { X509Certificate } from 'node:crypto';
import type { PemPair } from './authority.ts';
import { authorityProblem, certificatesIn, isValidAt, serverProblem } from './verification.ts';
import { certificatePem } from './x509.ts';

/** What the Secrets hold; an absent key is an empty text. */
export interface Material {
  /** From the Secret that only this program reads. */
  readonly authority: PemPair;
  /** `ca.crt` and `ca.key` of the webhook's Secret: External Secrets Operator keeps its authority there. */
  readonly inherited: PemPair;
  /** `ca.crt` of the webhook's Secret: all authorities that clients trust. */
  readonly bundle: string;
  readonly server: PemPair;
}

export type AuthorityStep = 'keep' | 'inherit' | 'make';
export type ServerStep = 'keep' | 'wait' | 'issue';

const HOUR_MS = 3_600_000;
/**
 * Certificates that end sooner than this are replaced: a day before the webhook, which looks 90 days ahead, would end itself because of
 * them.
 */
export const RENEW_BEFORE_MS = 91 * 24 * HOUR_MS;
/** Waiting is over this long before the served certificate ends. */
const LAST_MOMENT_MS = HOUR_MS;

/** @param now milliseconds since the epoch, as everywhere in this file */
export function authorityStep({ authority, inherited }: Material, now: number): AuthorityStep {
  const until = now + RENEW_BEFORE_MS;
  if (authorityProblem(authority, until) === undefined) return 'keep';
  return authorityProblem(inherited, until) === undefined ? 'inherit' : 'make';
}

/** The authority in use first, then whoever was trusted before and has not expired. */
export function bundleOf(authority: PemPair, previous: string, now: number): string {
  const [own] = certificatesIn(authority.cert);
  if (own === undefined) throw new TypeError('the authority has no certificate');
  const others = certificatesIn(previous).filter((each) => each.ca && isValidAt(each, now) && !isSame(each, own));
  return [own, ...others].map(({ raw }) => certificatePem(raw)).join('');
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}

export interface ServerState {
  readonly authority: PemPair;
  readonly bundle: string;
  readonly dnsName: string;
  /** Every client has been told of the bundle. */
  readonly bundleIsEverywhere: boolean;
}

export function serverStep(server: PemPair, state: ServerState, now: number): ServerStep {
  const { authority, bundle, dnsName, bundleIsEverywhere } = state;
  if (serverProblem(server, { bundle: authority.cert, dnsName, at: now + RENEW_BEFORE_MS }) === undefined)
    return 'keep';
  const serves = serverProblem(server, { bundle, dnsName, at: now + LAST_MOMENT_MS }) === undefined;
  return serves && !bundleIsEverywhere ? 'wait' : 'issue';
}
