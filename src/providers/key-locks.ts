/**
 * One after another: whoever reads, changes and writes the same remote key waits for the one before. Within one session;
 * between sessions and programs only a backend with compare-and-set helps, whose refusal is a {@link LostRaceError}.
 */
import { InvalidRefError } from './errors.ts';

/** Somebody else wrote between our read and our write: look again. */
export class LostRaceError extends InvalidRefError {}

/** As many others may come between a read and its write before we give up for now. */
const MOST_TRIES = 10;

export class KeyLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all earlier work for `key` is over, however it ended. @throws what the work throws, or the abort reason */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const done = Promise.withResolvers<void>();
    const tail = before.then(() => done.promise);
    this.#tails.set(key, tail);
    void this.#forgetAfter(key, tail);
    try {
      await waitFor(before, signal);
      return await work();
    } finally {
      done.resolve();
    }
  }

  /**
   * {@link run}, where `work` begins anew with a read as long as it loses the race for its write.
   * @throws LostRaceError when it is lost again and again
   */
  compareAndSet<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.run(key, signal, async () => {
      for (let tries = 1; ; tries++) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof LostRaceError) || tries >= MOST_TRIES) throw error;
        }
      }
    });
  }

  async #forgetAfter(key: string, tail: Promise<void>): Promise<void> {
    await tail;
    if (this.#tails.get(key) === tail) this.#tails.delete(key);
  }

  /** Keys that somebody holds or waits for. */
  get size(): number {
    return this.#tails.size;
  }
}

async function waitFor(before: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const given = Promise.withResolvers<never>();
  const onAbort = (): void => given.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([before, given.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
