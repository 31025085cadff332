/**
 * Remembers for an hour that an identity may not use the batch call, so that it is not asked for in vain each time. New
 * credentials mean a new session, which starts without memory (D60).
 */
import type { Clock } from '../../clock.ts';

const MEMORY_MS = 60 * 60_000;

export class DeniedBatch {
  readonly #clock: Clock;
  #until = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get remembered(): boolean {
    return this.#clock.now() < this.#until;
  }

  remember(): void {
    this.#until = this.#clock.now() + MEMORY_MS;
  }
}
