/**
 * A client for work that nobody waits for. It has only a few calls under way at a time, so that ten thousand routine calls do not stand
 * in front of the one that a person waits for, neither in our connection nor in the API server.
 */
import type { KubeClient } from './client.ts';

/** Enough for 320 writes a second at 50 ms each. */
const AT_ONCE = 16;

/** Calls go out in the order of asking. Watches are not counted: they last. */
export function routineClient(client: KubeClient, atOnce: number = AT_ONCE): KubeClient {
  const turns = new Turns(atOnce);
  return {
    get: (resource, name, options) => turns.run(options?.signal, () => client.get(resource, name, options)),
    list: (resource, options) => turns.run(options?.signal, () => client.list(resource, options)),
    watch: (resource, options) => client.watch(resource, options),
    create: (resource, object, options) => turns.run(options?.signal, () => client.create(resource, object, options)),
    update: (resource, object, options) => turns.run(options?.signal, () => client.update(resource, object, options)),
    updateStatus: (resource, object, options) =>
      turns.run(options?.signal, () => client.updateStatus(resource, object, options)),
    patch: (resource, name, patch, options) =>
      turns.run(options?.signal, () => client.patch(resource, name, patch, options)),
    delete: (resource, name, options) => turns.run(options?.signal, () => client.delete(resource, name, options)),
    createToken: (account, request, options) =>
      turns.run(options?.signal, () => client.createToken(account, request, options)),
    raw: (method, path, body, options) => turns.run(options?.signal, () => client.raw(method, path, body, options)),
    close: () => client.close(),
  };
}

class Turns {
  #free: number;
  /** In the order of asking. */
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** @throws the signal's reason when it aborts before the turn has come */
  async run<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await call();
    } finally {
      this.#pass();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal?.reason as Error);
      };
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      if (signal?.aborted === true) return leave();
      this.#waiting.add(enter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
