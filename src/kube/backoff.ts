/** Growing pauses between attempts: 0.8 s, 1.6 s, … 30 s, each shortened by up to a quarter so that crowds spread. */

export interface BackoffOptions {
  readonly firstMs?: number;
  readonly longestMs?: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: BackoffOptions = {}) {
    this.#firstMs = options.firstMs ?? 800;
    this.#longestMs = options.longestMs ?? 30_000;
    this.#random = options.random ?? Math.random;
  }

  /** Counts one more failure and returns how long to wait, in milliseconds; `longestMs` may lower the limit this once. */
  next(longestMs: number = this.#longestMs): number {
    const whole = Math.min(this.#firstMs * 2 ** this.#failures, this.#longestMs, longestMs);
    this.#failures++;
    return whole * (1 - this.#random() / 4);
  }

  reset(): void {
    this.#failures = 0;
  }
}
