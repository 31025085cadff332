/**
 * Real time plus an offset that tests add to: sockets and servers go on as usual, but an hour passes in an instant. One
 * warp clock is shared by the operator and the sandbox's backends, so tokens expire and refreshes fall due together.
 */
import type { Clock, Timer } from '../../src/clock.ts';

interface Pending {
  readonly dueAt: number;
  readonly fn: () => void;
  handle: NodeJS.Timeout;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class WarpClock implements Clock {
  #offset = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return Date.now() + this.#offset;
  }

  setTimer(ms: number, fn: () => void): Timer {
    const pending: Pending = { dueAt: this.now() + Math.max(ms, 0), fn, handle: undefined as never };
    this.#pending.add(pending);
    this.#arm(pending);
    return {
      cancel: () => {
        clearTimeout(pending.handle);
        this.#pending.delete(pending);
      },
    };
  }

  /** Moves time by `ms` milliseconds; what falls due on the way fires in order of its due time. */
  async advance(ms: number): Promise<void> {
    const until = this.now() + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#offset += Math.max(0, next.dueAt - this.now());
      this.#fire(next);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#offset += Math.max(0, until - this.now());
    for (const pending of this.#pending) this.#arm(pending);
  }

  #arm(pending: Pending): void {
    clearTimeout(pending.handle);
    const left = Math.min(Math.max(pending.dueAt - this.now(), 0), LONGEST_TIMEOUT_MS);
    pending.handle = setTimeout(() => {
      if (pending.dueAt - this.now() > 0) this.#arm(pending);
      else this.#fire(pending);
    }, left);
    pending.handle.unref();
  }

  #fire(pending: Pending): void {
    clearTimeout(pending.handle);
    if (this.#pending.delete(pending)) pending.fn();
  }

  #next(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueAt <= until && (first === undefined || pending.dueAt < first.dueAt)) first = pending;
    }
    return first;
  }
}
