/**
 * The four calls about a token: log in, look up, renew, revoke. Each is one request; when to make it is decided in
 * `login-tokens.ts`.
 */
import { SecretValue } from '../../secret-value.ts';
import { AuthenticationError, InvalidProviderConfigError } from '../errors.ts';
import { numberMember, textMember, type VaultAnswer } from './answer.ts';
import type { Login } from './auth/index.ts';
import type { VaultClient } from './client.ts';
import type { JsonObject } from '../json/index.ts';

/** What Vault issued. */
export interface IssuedToken {
  readonly token: SecretValue;
  /** The token's name, by which it can be renewed and revoked without it; empty for batch tokens. */
  readonly accessor: string;
  /** Life in milliseconds from the moment the request was sent; Infinity for a token that does not expire. */
  readonly ttlMs: number;
  readonly renewable: boolean;
  /** Batch tokens can neither be renewed nor revoked. */
  readonly isBatch: boolean;
  /** Requests the token is good for; Infinity when it is not limited. */
  readonly uses: number;
}

export class TokenCalls {
  readonly #client: VaultClient;
  readonly #namespace: string | undefined;

  /** `namespace`: the Vault Enterprise namespace of the login, to which the token belongs. */
  constructor(client: VaultClient, namespace: string | undefined) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** @throws AuthenticationError with status, Vault's words, role and mount; what the client throws. */
  async login(method: Login, signal: AbortSignal): Promise<IssuedToken> {
    const { path, body, secrets } = await method.prepare(signal);
    const answer = await this.#client.send(
      { call: 'Login', method: 'PUT', path, body: JSON.stringify(body), secrets, namespace: this.#namespace },
      signal,
    );
    if (answer.status >= 400) throw this.#refused(method, answer);
    const issued = answer.auth === undefined ? undefined : readIssued(answer.auth);
    if (issued !== undefined) return issued;
    throw new AuthenticationError(
      `Vault at ${this.#client.host} answered the ${method.title} without a token (multi-factor logins and response wrapping are not supported)`,
    );
  }

  /** True when the token is alive; false when Vault does not know it or does not let it look itself up. */
  async isAlive(token: SecretValue | undefined, signal: AbortSignal): Promise<boolean> {
    return (await this.lookup(token, signal)).status < 400;
  }

  lookup(token: SecretValue | undefined, signal: AbortSignal): Promise<VaultAnswer> {
    const path = 'auth/token/lookup-self';
    return this.#client.send({ call: 'LookupSelf', method: 'GET', path, token, namespace: this.#namespace }, signal);
  }

  /** The token's new life, or undefined when Vault does not renew it (no right, no longer alive, too old). */
  async renew(token: SecretValue, signal: AbortSignal): Promise<IssuedToken | undefined> {
    const answer = await this.#client.send(
      {
        call: 'RenewSelf',
        method: 'PUT',
        path: 'auth/token/renew-self',
        body: '{}',
        token,
        namespace: this.#namespace,
      },
      signal,
    );
    return answer.auth === undefined || answer.status >= 400 ? undefined : readIssued(answer.auth);
  }

  /** Never throws: a token that cannot be revoked expires by itself. */
  async revoke(token: SecretValue, signal: AbortSignal): Promise<void> {
    const request = { call: 'RevokeSelf', method: 'PUT', path: 'auth/token/revoke-self', body: '{}', token } as const;
    await this.#client.send({ ...request, namespace: this.#namespace }, signal).catch(() => undefined);
  }

  #refused(method: Login, answer: VaultAnswer): Error {
    const said = answer.message === '' ? 'no reason given' : answer.message;
    const about = `Vault at ${this.#client.host} refused the ${method.title}: ${answer.status} ${said}`;
    const init = { code: String(answer.status) };
    // Nothing is mounted there: that is a mistake in the store, not a refused credential.
    if (answer.status === 404)
      return new InvalidProviderConfigError(`${about}; check the mount path of the auth method`, init);
    // To strangers Vault says no more than this, also of mounts that do not exist and of reviews that failed.
    const bare = answer.message === 'permission denied' ? '; or nothing is mounted there, or Vault cannot check' : '';
    return new AuthenticationError(`${about}; ${method.hint}${bare}`, init);
  }
}

/** Undefined when there is no token in it. */
export function readIssued(auth: JsonObject): IssuedToken | undefined {
  const token = textMember(auth, 'client_token');
  if (token === '') return undefined;
  const seconds = numberMember(auth, 'lease_duration');
  const uses = numberMember(auth, 'num_uses');
  return {
    token: SecretValue.ofText(token),
    accessor: textMember(auth, 'accessor'),
    ttlMs: seconds > 0 ? seconds * 1000 : Infinity,
    renewable: auth.get('renewable') === true,
    isBatch: textMember(auth, 'token_type') === 'batch',
    uses: uses > 0 ? uses : Infinity,
  };
}
