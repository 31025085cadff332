/**
 * How long a key that failed has to wait: 1 s · 2^n, at most 7 minutes, up to a tenth less by chance so that keys that
 * failed together do not come back together. Outages have a short scale of their own that never grows the other one.
 */

export interface BackoffScale {
  readonly baseMs: number;
  readonly capMs: number;
  /** The share of the delay that chance may take away, 0 to 1. */
  readonly jitter: number;
}

/** A key that keeps failing by itself. */
export const failureScale: BackoffScale = { baseMs: 1_000, capMs: 7 * 60_000, jitter: 0.1 };

/** What a key needs cannot be reached: that is not the key's fault, and it should be back soon after the outage. */
export const outageScale: BackoffScale = { baseMs: 1_000, capMs: 20_000, jitter: 0.5 };

export class RateLimiter {
  readonly #scale: BackoffScale;
  readonly #random: () => number;
  readonly #failures = new Map<string, number>();

  /** @param random a number from 0 (inclusive) to 1 (exclusive) */
  constructor(scale: BackoffScale, random: () => number) {
    this.#scale = scale;
    this.#random = random;
  }

  /** Failures of this key since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Counts one more failure and says how many milliseconds to wait. */
  next(key: string): number {
    const before = this.failures(key);
    this.#failures.set(key, before + 1);
    const { baseMs, capMs, jitter } = this.#scale;
    const full = Math.min(capMs, baseMs * 2 ** before);
    return full * (1 - jitter * this.#random());
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
