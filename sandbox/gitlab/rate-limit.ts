/** So many requests per token and minute; then 429 until the minute is over, as GitLab answers. */
import type { Clock } from '../../src/clock.ts';
import type { GitlabAnswer } from './api.ts';

const WINDOW_MS = 60_000;

export class RateLimit {
  readonly #clock: Clock;
  readonly #counted = new Map<string, number>();
  #perMinute: number | undefined;
  #window = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(perMinute: number | undefined): void {
    this.#perMinute = perMinute;
    this.#counted.clear();
  }

  /** Counts one request. The refusal, when it is one too many. */
  check(token: string): GitlabAnswer | undefined {
    const now = this.#clock.now();
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.#window) this.#counted.clear();
    this.#window = window;
    const count = (this.#counted.get(token) ?? 0) + 1;
    this.#counted.set(token, count);
    if (this.#perMinute === undefined || count <= this.#perMinute) return undefined;
    const resetAt = (window + 1) * WINDOW_MS;
    return {
      status: 429,
      headers: {
        'content-type': 'text/plain',
        'retry-after': String(Math.ceil((resetAt - now) / 1000)),
        'ratelimit-limit': String(this.#perMinute),
        'ratelimit-remaining': '0',
        'ratelimit-reset': String(resetAt / 1000),
      },
      body: 'Retry later\n',
    };
  }
}
