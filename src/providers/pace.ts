/**
 * How fast one identity may call its backend: a token bucket whose rate halves when the backend says "too many" and
 * recovers with successes, and a pause when the backend named a time or keeps throttling.
 */
import type { Clock } from '../clock.ts';
import type { ThrottledError } from './errors.ts';

const CALLS_PER_SECOND = 50;
const SLOWEST_PER_SECOND = 0.5;
const BURST = 50;
/** Each success adds this much to a lowered rate. */
const RECOVERY_PER_CALL = 0.5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export class Pace {
  readonly #clock: Clock;
  readonly #random: () => number;
  #rate = CALLS_PER_SECOND;
  #tokens = BURST;
  #filledAt: number;
  #throttles = 0;
  #pausedUntil = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#filledAt = clock.now();
  }

  /** Milliseconds until the backend may be called again after it throttled; 0 when it may. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.now());
  }

  /** Takes a token. Returns 0 when the call may go out now, else the milliseconds to wait before asking again. */
  take(): number {
    this.#fill();
    if (this.pauseMs > 0) return this.pauseMs;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / this.#rate) * 1000);
    this.#tokens -= 1;
    return 0;
  }

  succeeded(): void {
    this.#throttles = 0;
    this.#rate = Math.min(CALLS_PER_SECOND, this.#rate + RECOVERY_PER_CALL);
  }

  /** Slows down and pauses: as long as the backend said, else a random part of a growing span (full jitter). */
  throttled(error: ThrottledError): void {
    this.#rate = Math.max(SLOWEST_PER_SECOND, this.#rate / 2);
    this.#tokens = Math.min(this.#tokens, 1);
    const span = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#throttles);
    this.#throttles += 1;
    const pause = error.retryAfterMs ?? Math.ceil(span * this.#random());
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pause);
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * this.#rate);
    this.#filledAt = now;
  }
}
