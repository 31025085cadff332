/** One reconcile in flight: its key, its abort signal with a deadline, and what a log line says about it. */
import type { Clock, Timer } from '../clock.ts';
import type { WorkItem } from './work-queue.ts';

/** Why a reconcile was told to stop early. */
export type Interruption = 'paused' | 'stopped' | 'in a hurry';

export class Run {
  readonly item: WorkItem;
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #deadline: Timer;
  readonly #id: string;
  #grace: Timer | undefined;
  #interrupted = false;
  #timedOut = false;

  constructor(item: WorkItem, clock: Clock, deadlineMs: number, random: () => number) {
    this.item = item;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#id = Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    this.#deadline = clock.setTimer(deadlineMs, () => this.#expire(deadlineMs));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** True when it was stopped from outside: whatever it throws then is no failure. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  get tookMs(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** `namespace` and `name` of the key, and an id that all lines of this reconcile share. */
  get fields(): object {
    const slash = this.item.key.indexOf('/');
    const name = this.item.key.slice(slash + 1);
    return slash < 0
      ? { name, reconcileID: this.#id }
      : { namespace: this.item.key.slice(0, slash), name, reconcileID: this.#id };
  }

  abort(why: Interruption): void {
    if (this.#abort.signal.aborted) return;
    this.#interrupted = true;
    this.#abort.abort(new DOMException(`the controller was ${why}`, 'AbortError'));
  }

  /** Aborts it if it is still there after `graceMs`; said again, the first time counts. */
  hurry(graceMs: number): void {
    this.#grace ??= this.#clock.setTimer(graceMs, () => this.abort('in a hurry'));
  }

  end(): void {
    this.#deadline.cancel();
    this.#grace?.cancel();
  }

  #expire(deadlineMs: number): void {
    this.#timedOut = true;
    this.#abort.abort(new DOMException(`not done after ${deadlineMs / 1000} s`, 'TimeoutError'));
  }
}
