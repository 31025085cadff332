/**
 * The bearer token of a session: none (a client certificate speaks for us), one from a Secret, or requested for a
 * ServiceAccount and replaced before it expires.
 */
import type { Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';

export interface TokenSource {
  /** Whose credentials these are, for messages. Holds no credential. */
  readonly who: string;
  current(): Promise<SecretValue | undefined>;
  /** Called after a 401 with `used`. True when there is, or will be, another one: try once more. */
  replace(used: SecretValue | undefined): boolean;
}

export class NoToken implements TokenSource {
  readonly who = 'the client certificate';

  async current(): Promise<undefined> {}

  replace(): boolean {
    return false;
  }
}

export class FixedToken implements TokenSource {
  readonly who: string;
  readonly #token: SecretValue;

  constructor(who: string, token: SecretValue) {
    this.who = who;
    this.#token = token;
  }

  async current(): Promise<SecretValue> {
    return this.#token;
  }

  replace(): boolean {
    return false;
  }
}

export interface RequestedTokenOptions {
  readonly who: string;
  readonly request: () => Promise<{ readonly token: SecretValue; readonly expiresAt: number }>;
  readonly clock: Clock;
}

interface Held {
  readonly token: SecretValue;
  /** From here on a new one is asked for, while this one still works. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** The part of a token's life after which it is replaced. */
const USED_LIFE = 0.9;

export class RequestedToken implements TokenSource {
  readonly who: string;
  readonly #options: RequestedTokenOptions;
  #held: Held | undefined;
  #requesting: Promise<Held> | undefined;

  constructor(options: RequestedTokenOptions) {
    this.who = options.who;
    this.#options = options;
  }

  async current(): Promise<SecretValue> {
    const held = this.#held;
    const now = this.#options.clock.now();
    if (held !== undefined && now < held.renewAt) return held.token;
    try {
      return (await this.#request()).token;
    } catch (error) {
      // The old one is good for a while yet.
      if (held !== undefined && this.#held === held && this.#options.clock.now() < held.expiresAt) return held.token;
      throw error;
    }
  }

  replace(used: SecretValue | undefined): boolean {
    if (this.#held?.token === used) this.#held = undefined;
    return true;
  }

  /** One request for all who need it. */
  #request(): Promise<Held> {
    this.#requesting ??= this.#newToken().finally(() => {
      this.#requesting = undefined;
    });
    return this.#requesting;
  }

  async #newToken(): Promise<Held> {
    const sentAt = this.#options.clock.now();
    const { token, expiresAt } = await this.#options.request();
    const held = { token, expiresAt, renewAt: sentAt + (expiresAt - sentAt) * USED_LIFE };
    this.#held = held;
    return held;
  }
}
