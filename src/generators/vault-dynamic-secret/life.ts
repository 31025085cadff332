/** The life of one thing at Vault that ends unless it is renewed in time. */
import type { Clock } from '../../clock.ts';

/** A renewal is tried when half of the life is over, so that half of it is left for a restart or an outage. */
const USED_LIFE = 0.5;
/** Vault grants less and less towards the end of the longest life; below this part there is no point in asking. */
const LEAST_PART = 0.1;
const SHORTEST_PAUSE_MS = 5000;

/** Asks Vault. @returns the new life in milliseconds; undefined when it is not renewed */
export type Renewal = (signal: AbortSignal) => Promise<number | undefined>;

export class Life {
  readonly #clock: Clock;
  readonly #renewal: Renewal;
  readonly #firstMs: number;
  #expiresAt: number;
  #renewAt: number;

  /** `ageMs`: how much of `lifeMs` may be over already. */
  constructor(clock: Clock, lifeMs: number, renewal: Renewal, renewInMs = lifeMs * USED_LIFE) {
    this.#clock = clock;
    this.#renewal = renewal;
    this.#firstMs = lifeMs;
    this.#expiresAt = clock.now() + lifeMs;
    this.#renewAt = clock.now() + renewInMs;
  }

  /** Epoch milliseconds; Infinity: never (again). */
  get renewAt(): number {
    return this.#renewAt;
  }

  async renewIfDue(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    if (now < this.#renewAt) return;
    if (now >= this.#expiresAt) {
      this.#renewAt = Infinity;
      return;
    }
    // Should this throw, the next try comes when a quarter of what is left is over.
    this.#renewAt = now + Math.max(SHORTEST_PAUSE_MS, (this.#expiresAt - now) / 4);
    const grantedMs = await this.#renewal(signal);
    const isWorthIt = grantedMs !== undefined && grantedMs >= this.#firstMs * LEAST_PART;
    if (grantedMs !== undefined) this.#expiresAt = now + grantedMs;
    this.#renewAt = isWorthIt ? now + grantedMs * USED_LIFE : Infinity;
  }
}

/** Renews all that are due, also when one of them fails. @throws the first failure */
export async function renewAll(lives: readonly Life[], signal: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(lives.map((life) => life.renewIfDue(signal)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

export function nextRenewal(lives: readonly Life[], now: number): number | undefined {
  const at = Math.min(...lives.map((life) => life.renewAt));
  return Number.isFinite(at) ? Math.max(0, at - now) : undefined;
}
