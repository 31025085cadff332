/**
 * One after another where the backend itself has no compare-and-set: whoever reads, changes and writes the same remote key
 * waits for the one before. Within one session; between sessions and programs it does not help.
 */
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
