/**
 * What one render may cost. A step is about a tenth of a microsecond of work; bytes are what functions allocate.
 * Whoever makes many or long things asks first, so that nothing large is built in order to be refused.
 */

/** Limits of one render. Steps and bytes decide when work moves off the main thread; the others are final. */
export interface Limits {
  readonly steps: number;
  readonly bytes: number;
  /** Size of the rendered text in bytes. */
  readonly output: number;
  /** Nested `template` calls. */
  readonly depth: number;
}

/** Some 10 to 20 ms of work, and output up to a Secret's limit of 1 MiB twice. */
export const MAIN_THREAD_LIMITS: Limits = { steps: 200_000, bytes: 32 << 20, output: 2 << 20, depth: 1000 };

/** In a worker the deadline and the heap limit bound the time; these only stop the absurd. */
export const WORKER_LIMITS: Limits = { steps: 1e12, bytes: 192 << 20, output: 2 << 20, depth: 1000 };

/** Thrown when steps or bytes are used up: the same render may succeed with a larger budget. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
}

/** Thrown when the result is too large to be of use. */
export class OutputTooLarge extends Error {
  override readonly name = 'OutputTooLarge';
}

export class Budget {
  readonly limits: Limits;
  private steps: number;
  private bytes: number;
  private output: number;

  constructor(limits: Limits) {
    this.limits = limits;
    this.steps = limits.steps;
    this.bytes = limits.bytes;
    this.output = limits.output;
  }

  /** Accounts for `count` steps of work. */
  spend(count: number): void {
    this.steps -= count;
    if (this.steps < 0) throw new BudgetExceeded('too many steps');
  }

  /** Accounts for `count` bytes about to be allocated (and the work of filling them). */
  allocate(count: number): void {
    this.bytes -= count;
    if (this.bytes < 0) throw new BudgetExceeded('too much memory');
    this.spend(count / 64);
  }

  /** Accounts for `count` bytes of rendered text. */
  emit(count: number): void {
    this.output -= count;
    if (this.output < 0) throw new OutputTooLarge(`the result is larger than ${this.limits.output} bytes`);
  }
}
