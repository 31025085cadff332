/** A token bucket for requests: `burst` at once, then `qps` a second, first come first served. */
import type { Clock } from '../clock.ts';
import { sleep } from '../clock.ts';

export interface RateLimitOptions {
  /** Requests per second in the long run; greater than 0. */
  readonly qps: number;
  /** Requests that may pass at once after a rest; at least 1. */
  readonly burst: number;
  readonly clock: Clock;
}

export class RateLimit {
  readonly #options: RateLimitOptions;
  /** Below zero: how many wait. */
  #tokens: number;
  #filledAt: number;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#tokens = Math.max(1, options.burst);
    this.#filledAt = options.clock.now();
  }

  /** Takes a token now if there is one; says whether. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /**
   * Resolves when it is this caller's turn.
   * @throws the signal's reason when it aborts before; its turn goes back to the bucket.
   */
  async take(signal?: AbortSignal): Promise<void> {
    this.#fill();
    this.#tokens--;
    if (this.#tokens >= 0) return;
    try {
      await sleep(this.#options.clock, (-this.#tokens / this.#options.qps) * 1000, signal);
    } catch (error) {
      this.#tokens++;
      throw error;
    }
  }

  #fill(): void {
    const { qps, burst, clock } = this.#options;
    const now = clock.now();
    this.#tokens = Math.min(Math.max(1, burst), this.#tokens + ((now - this.#filledAt) / 1000) * qps);
    this.#filledAt = now;
  }
}
