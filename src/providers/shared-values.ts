/**
 * Values that were just read and may serve others of the same identity for a short while (D53). In memory only, bounded
 * by age and size, and freed by a timer even if nobody asks again. Misses and errors never come here.
 */
import type { Clock, Timer } from '../clock.ts';
import type { SecretValue } from '../secret-value.ts';

const LONGEST_MS = 60_000;
const LARGEST_BYTES = 4 * 1024 * 1024;

interface Shared {
  readonly value: SecretValue;
  /** When the read was sent, epoch milliseconds. */
  readonly sentAt: number;
}

export class SharedValues {
  readonly #clock: Clock;
  /** Oldest first: every put goes to the end. */
  readonly #values = new Map<string, Shared>();
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The value of `key` unless its read was sent before `notBefore`. */
  get(key: string, notBefore: number): SecretValue | undefined {
    const shared = this.#values.get(key);
    if (shared === undefined || shared.sentAt < notBefore) return undefined;
    return this.#clock.now() - shared.sentAt < LONGEST_MS ? shared.value : undefined;
  }

  put(key: string, value: SecretValue, sentAt: number): void {
    if ((this.#values.get(key)?.sentAt ?? 0) > sentAt) return;
    this.#drop(key);
    if (value.size > LARGEST_BYTES) return;
    this.#values.set(key, { value, sentAt });
    this.#bytes += value.size;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= LARGEST_BYTES) break;
      this.#drop(oldest);
    }
    this.#arm();
  }

  /** A later read said something else (or nothing): what is here must not be served any more. */
  forget(key: string): void {
    this.#drop(key);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #drop(key: string): void {
    const shared = this.#values.get(key);
    if (shared === undefined) return;
    this.#values.delete(key);
    this.#bytes -= shared.value.size;
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(LONGEST_MS, () => {
      this.#timer = undefined;
      for (const [key, { sentAt }] of this.#values) if (this.#clock.now() - sentAt >= LONGEST_MS) this.#drop(key);
      if (this.#values.size > 0) this.#arm();
    });
  }
}
