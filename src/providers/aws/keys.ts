/**
 * AWS access keys that are fetched when needed, kept while they are good and fetched again before they expire, once for
 * all who ask.
 */
import type { Clock } from '../../clock.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** How long they are good, from when they were asked for; undefined: for ever. */
  readonly lifeMs?: number | undefined;
}

/** Where keys come from: the next role in a chain, or the start of it. */
export interface KeySource {
  get(): Promise<AwsKeys>;
  /** They were refused: fetch anew at the next call, all the way up the chain. */
  forget(): void;
}

/** Keys are replaced when this part of their life is over (D74). */
const USED_LIFE = 0.9;

export class RenewedKeys implements KeySource {
  readonly #clock: Clock;
  readonly #fetch: () => Promise<AwsKeys>;
  readonly #source: KeySource | undefined;
  #kept: { readonly keys: AwsKeys; readonly renewAt: number } | undefined;
  #fetching: Promise<AwsKeys> | undefined;

  /** `source` is what `fetch` itself uses, to be forgotten together with these keys. */
  constructor(clock: Clock, fetch: () => Promise<AwsKeys>, source?: KeySource) {
    this.#clock = clock;
    this.#fetch = fetch;
    this.#source = source;
  }

  async get(): Promise<AwsKeys> {
    if (this.#kept !== undefined && this.#clock.now() < this.#kept.renewAt) return this.#kept.keys;
    this.#fetching ??= this.#renew().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  forget(): void {
    this.#kept = undefined;
    this.#source?.forget();
  }

  async #renew(): Promise<AwsKeys> {
    const askedAt = this.#clock.now();
    const keys = await this.#fetch();
    this.#kept = { keys, renewAt: askedAt + (keys.lifeMs ?? Infinity) * USED_LIFE };
    return keys;
  }
}

/** Keys are fetched for all: one who gives up stops waiting, the fetching goes on. @throws the signal's reason */
export async function keysFor(source: KeySource, signal: AbortSignal): Promise<AwsKeys> {
  signal.throwIfAborted();
  const given = Promise.withResolvers<never>();
  const onAbort = (): void => given.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([source.get(), given.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What the SDK calls a credential provider. It must not keep keys by its own clock, so they always look expired to it. */
export function sdkCredentials(source: KeySource): () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration: Date;
}> {
  return async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await source.get();
    const keys = { accessKeyId, secretAccessKey, expiration: new Date(0) };
    return sessionToken === undefined ? keys : { ...keys, sessionToken };
  };
}
