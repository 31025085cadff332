/**
 * Where a session's requests get their token from: the contract, and its two simple forms. The one that logs in is
 * `login-tokens.ts`.
 */
import type { SecretValue } from '../../secret-value.ts';
import { AuthenticationError } from '../errors.ts';
import { Denials } from './denials.ts';
import type { TokenCalls } from './login.ts';
import type { Clock } from '../../clock.ts';

export interface Tokens {
  /** A token that is alive as far as is known; undefined: send none. Counts as one use of it. */
  current(signal: AbortSignal): Promise<SecretValue | undefined>;
  /**
   * Called after a 403 on `path` with `used`. True: there is another token now, try once more. False: the token is
   * fine, the policy is not. @throws AuthenticationError when the token is dead and there is no other.
   */
  replaceAfterDenial(used: SecretValue | undefined, path: string, signal: AbortSignal): Promise<boolean>;
  /** Proves that the credentials work. @throws ProviderError */
  verify(signal: AbortSignal): Promise<void>;
  /** Gives back what was issued. Never throws. */
  close(): Promise<void>;
}

/** A token from a Secret, or none because an agent adds one. Neither is ours: nothing is renewed or revoked. */
export class GivenToken implements Tokens {
  readonly #token: SecretValue | undefined;
  readonly #calls: TokenCalls;
  readonly #clock: Clock;
  readonly #denials = new Denials();

  constructor(token: SecretValue | undefined, calls: TokenCalls, clock: Clock) {
    this.#token = token;
    this.#calls = calls;
    this.#clock = clock;
  }

  async current(): Promise<SecretValue | undefined> {
    return this.#token;
  }

  async replaceAfterDenial(used: SecretValue | undefined, path: string, signal: AbortSignal): Promise<false> {
    if (this.#denials.isPolicy(path, used, this.#clock.now())) return false;
    await this.verify(signal);
    this.#denials.proved(used, this.#clock.now());
    this.#denials.remember(path, this.#clock.now());
    return false;
  }

  async verify(signal: AbortSignal): Promise<void> {
    const { status, message } = await this.#calls.lookup(this.#token, signal);
    if (status < 400) return;
    const which =
      this.#token === undefined ? 'requests without a token (auth is not set)' : 'the token of auth.tokenSecretRef';
    throw new AuthenticationError(
      `Vault refused ${which}: ${status} ${message} on auth/token/lookup-self; ` +
        'it is expired, revoked, of another server, or lacks the policy "default"',
      { code: String(status) },
    );
  }

  async close(): Promise<void> {}
}
