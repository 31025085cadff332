/**
 * A bounded number of calls at the same time, in order of asking. Slots count calls to a backend, not those who wait
 * for their results (D54).
 */
export class Slots {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  tryTake(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken += 1;
    return true;
  }

  /** Calls `fn` once when a slot is free again. It must try again: somebody else may have been faster. */
  whenFree(fn: () => void): void {
    this.#waiting.push(fn);
  }

  giveBack(): void {
    this.#taken -= 1;
    if (this.#waiting.length > 0) queueMicrotask(() => this.#wake());
  }

  /** A woken one may not need its slot any more, so the next is woken as long as slots are free. */
  #wake(): void {
    while (this.#taken < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
