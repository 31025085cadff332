/**
 * How long a batch that is not full waits for company: as long as whoever asked is patient, and a little longer while calls are under way,
 * because where many come at once, more will. A lone asker never pays for that.
 *
 *   closed ──open──▶ open ──its time passes──▶ passed: the batch goes
 *                     └─ calls are under way ─▶ longer ──40 ms, or no call is under way──▶ passed
 */
import type { Clock, Timer } from '../clock.ts';

const LONGER_MS = 40;

export interface BatchWindowOptions {
  readonly clock: Clock;
  /** Asked when the time has passed: is it worth while to wait a little longer? */
  readonly isBusy: () => boolean;
  readonly onPassed: () => void;
}

export class BatchWindow {
  readonly #options: BatchWindowOptions;
  #open: { readonly timer: Timer; readonly endsAt: number; readonly longer: boolean } | undefined;

  constructor(options: BatchWindowOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Lasts `ms`; who is in a hurry shortens the window for all. */
  open(ms: number): void {
    const endsAt = this.#options.clock.now() + ms;
    if (this.#open !== undefined && (this.#open.longer || this.#open.endsAt <= endsAt)) return;
    this.#start(ms, false);
  }

  close(): void {
    this.#open?.timer.cancel();
    this.#open = undefined;
  }

  /** There is no reason any more to wait longer than was asked for. */
  endLonger(): void {
    if (this.#open?.longer === true) this.#pass();
  }

  #start(ms: number, longer: boolean): void {
    this.close();
    const { clock, isBusy } = this.#options;
    const timer = clock.setTimer(ms, () => {
      if (!longer && isBusy()) this.#start(LONGER_MS, true);
      else this.#pass();
    });
    this.#open = { timer, endsAt: clock.now() + ms, longer };
  }

  #pass(): void {
    this.close();
    this.#options.onPassed();
  }
}
