/**
 * One piece of work that several askers wait for. Each asker may give up alone; only when the last one has, the work
 * itself is told.
 */
export class SharedTask<T> {
  readonly #result = Promise.withResolvers<T>();
  readonly #onAbandoned: () => void;
  #askers = 0;
  #settled = false;

  /** `onAbandoned` is called when nobody waits any more and the work is not done. */
  constructor(onAbandoned: () => void) {
    this.#onAbandoned = onAbandoned;
    this.#result.promise.catch(() => {});
  }

  get askers(): number {
    return this.#askers;
  }

  resolve(value: T): void {
    this.#settled = true;
    this.#result.resolve(value);
  }

  reject(error: unknown): void {
    this.#settled = true;
    this.#result.reject(error);
  }

  /** Waits for the result. @throws what the work failed with, or the signal's reason when it aborts first. */
  async join(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#askers += 1;
    const left = Promise.withResolvers<never>();
    const onAbort = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#result.promise, left.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#askers -= 1;
      if (this.#askers === 0 && !this.#settled) this.#onAbandoned();
    }
  }
}
