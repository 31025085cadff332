/**
 * Who makes a request: the admin of the kubeconfig (or nobody in particular, on loopback), or a ServiceAccount whose
 * token still stands.
 */
import type { Cluster, User } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import { textAt } from '../json.ts';
import { unauthorized } from '../status.ts';
import type { Claims, Tokens } from './tokens.ts';
import { DEFAULT_AUDIENCE } from './tokens.ts';

export const ADMIN: User = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** The token in {@link kubeconfigText}; anything but this and a valid ServiceAccount token is refused. */
export const ADMIN_TOKEN = 'sandbox-admin';

/** @throws 401 for a token that is not (or no longer) good for this API server. */
export function userOf(cluster: Cluster, tokens: Tokens, authorization: string | undefined): User {
  if (authorization === undefined) return ADMIN;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthorized();
  if (token === ADMIN_TOKEN) return ADMIN;
  const authenticated = authenticate(cluster, tokens, token, []);
  if (authenticated === undefined) throw unauthorized();
  return authenticated.user;
}

export interface Authenticated {
  readonly user: User;
  readonly audiences: readonly string[];
}

/**
 * Checks a ServiceAccount token as a TokenReview does: signature, times, audience, and that the account (and what the
 * token is bound to) still exists.
 * @param audiences any of these must be meant; none: this API server.
 */
export function authenticate(
  cluster: Cluster,
  tokens: Tokens,
  token: string,
  audiences: readonly string[],
): Authenticated | undefined {
  const claims = tokens.verify(token, cluster.clock.now());
  if (claims === undefined || !stillStands(cluster, claims)) return undefined;
  const wanted = audiences.length === 0 ? [DEFAULT_AUDIENCE] : audiences;
  const meant = wanted.filter((audience) => claims.audiences.includes(audience));
  return meant.length === 0 ? undefined : { user: serviceAccountUser(claims), audiences: meant };
}

function stillStands(cluster: Cluster, claims: Claims): boolean {
  const { namespace, name, uid, boundTo } = claims.subject;
  const account = tableOf(cluster, { group: '', plural: 'serviceaccounts' }).get(namespace, name);
  if (account === undefined || account.uid !== uid) return false;
  const secret = textAt(boundTo, 'secret', 'name');
  if (secret === undefined) return true;
  return (
    tableOf(cluster, { group: '', plural: 'secrets' }).get(namespace, secret)?.uid === textAt(boundTo, 'secret', 'uid')
  );
}

function serviceAccountUser(claims: Claims): User {
  const { namespace, name, uid } = claims.subject;
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.id}`] },
  };
}
