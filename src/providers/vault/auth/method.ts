/**
 * What every way to log in has in common. A method reads its Secrets when the session opens, so that they belong to the
 * session's identity; what must be fresh at each login (a requested token) is fetched by `prepare`.
 */
import type { SecretValue } from '../../../secret-value.ts';
import { InvalidProviderConfigError } from '../../errors.ts';
import type { ClusterAccess, SessionContext, StoreKind } from '../../provider.ts';

export interface LoginRequest {
  /** API path without `/v1/`. */
  readonly path: string;
  readonly body: Readonly<Record<string, string>>;
  /** What of the body must not be repeated in a message. */
  readonly secrets: readonly SecretValue[];
}

/** Requests carry no token: an agent in front of Vault adds one. */
export interface NoLogin {
  readonly kind: 'none';
}

/** A token from a Secret: used as it is, never renewed, never revoked. */
export interface StaticToken {
  readonly kind: 'static';
  readonly token: SecretValue;
}

export interface Login {
  readonly kind: 'login';
  /** For messages, e.g. `kubernetes login as role "shop" at auth/kubernetes`. Holds no credential. */
  readonly title: string;
  /** The remedy when Vault refuses it. */
  readonly hint: string;
  prepare(signal: AbortSignal): Promise<LoginRequest>;
  /** A TLS client certificate the connection must show. PEM texts. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export type AuthMethod = NoLogin | StaticToken | Login;

export interface AuthContext {
  readonly storeKind: StoreKind;
  readonly cluster: ClusterAccess;
  /** For logins that need another service: the whole surroundings of the session. */
  readonly session: Omit<SessionContext<never>, 'spec' | 'retry'>;
}

/** A required reference that the schema leaves optional. @throws InvalidProviderConfigError */
export function required<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw new InvalidProviderConfigError(`${field} is not set`);
  return value;
}

/** A name that becomes one segment of an API path. @throws InvalidProviderConfigError */
export function userName(field: string, text: string): string {
  const name = text.trim();
  if (name === '' || name.includes('/') || /^(?:\.|%2e){1,2}$/i.test(name))
    throw new InvalidProviderConfigError(`${field}: "${name}" is not a user name`);
  return name;
}

/** The path and body of most logins: `auth/<mount>/login`. */
export function loginAt(
  mount: string,
  body: Readonly<Record<string, string>>,
  secrets: readonly SecretValue[],
): LoginRequest {
  return { path: `auth/${mount}/login`, body, secrets };
}
