/**
 * What every call of one identity passes through: slots (own and common), pace, circuit breaker. It decides when a call
 * may go out and learns from how calls end; it knows nothing of what they do.
 */
import type { Clock, Timer } from '../clock.ts';
import { Breaker } from './breaker.ts';
import { isOutage } from './errors.ts';
import { ThrottledError, type ProviderError } from './errors.ts';
import { Pace } from './pace.ts';
import { Slots } from './slots.ts';

export interface CallGateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Calls at the same time under this identity. */
  readonly concurrency: number;
  /** Calls at the same time of all identities together. */
  readonly common: Slots | undefined;
  readonly onRecovered: (() => void) | undefined;
}

/** Throttled for longer than this: waiters are told instead of held. */
const LONGEST_HELD_PAUSE_MS = 2_000;

export class CallGate {
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  readonly #pace: Pace;
  readonly #slots: Slots;
  readonly #common: Slots | undefined;
  readonly #waiting = new Set<() => void>();
  #timer: Timer | undefined;
  #waitsForCommon = false;

  constructor(options: CallGateOptions) {
    const { clock, random, concurrency, common, onRecovered } = options;
    this.#clock = clock;
    this.#breaker = new Breaker({ clock, random, onClose: onRecovered });
    this.#pace = new Pace(clock, random);
    this.#slots = new Slots(concurrency);
    this.#common = common;
  }

  get circuitOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /**
   * To be asked before something is queued.
   * @throws CircuitOpenError, or ThrottledError when the backend asked for a pause too long to wait out.
   */
  admit(): void {
    const pause = this.#pace.pauseMs;
    // First: a probe that must wait would be none.
    if (pause > LONGEST_HELD_PAUSE_MS) throw this.#breaker.refusal() ?? pausedError(pause);
    this.#breaker.admit();
  }

  /** What to tell those who are queued already, or undefined when they may go on waiting. */
  refusal(): ProviderError | undefined {
    const pause = this.#pace.pauseMs;
    return this.#breaker.refusal() ?? (pause > LONGEST_HELD_PAUSE_MS ? pausedError(pause) : undefined);
  }

  /** Takes what one call needs; when that is not to be had now, `again` is called once when it is worth another try. */
  tryEnter(again: () => void): boolean {
    if (this.#slots.tryTake()) {
      if (this.#common === undefined || this.#common.tryTake()) {
        const wait = this.#pace.take();
        if (wait === 0) return true;
        this.#common?.giveBack();
        this.#wakeAfter(wait);
      } else this.#wakeWithCommon(this.#common);
      this.#slots.giveBack();
    }
    this.#waiting.add(again);
    return false;
  }

  /** Waits until one call may go out. @throws the signal's reason */
  async enter(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const woken = Promise.withResolvers<void>();
      if (this.tryEnter(woken.resolve)) return;
      signal.addEventListener('abort', () => woken.resolve(), { once: true });
      await woken.promise;
      this.#waiting.delete(woken.resolve);
    }
  }

  /** Runs the call it was entered for, learns from how it ends, and gives everything back. */
  async run<T>(call: () => Promise<T>, outageIn: (result: T) => unknown = () => undefined): Promise<T> {
    try {
      return await this.learn(call, outageIn);
    } finally {
      this.#common?.giveBack();
      this.#slots.giveBack();
      this.#wakeAll();
    }
  }

  /** Learns from a call that needs no slot. `outageIn` finds an outage hidden in a result. */
  async learn<T>(call: () => Promise<T>, outageIn: (result: T) => unknown = () => undefined): Promise<T> {
    try {
      const result = await call();
      const outage = outageIn(result);
      if (outage === undefined) this.#succeeded();
      else this.#failed(outage);
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Cancels timers; nobody is woken any more. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #succeeded(): void {
    this.#pace.succeeded();
    this.#breaker.succeeded();
  }

  #failed(error: unknown): void {
    if (error instanceof ThrottledError) this.#pace.throttled(error);
    if (isOutage(error)) this.#breaker.failed(error);
    else this.#breaker.answered(error);
  }

  #wakeAfter(ms: number): void {
    this.#timer ??= this.#clock.setTimer(ms, () => {
      this.#timer = undefined;
      this.#wakeAll();
    });
  }

  #wakeWithCommon(common: Slots): void {
    if (this.#waitsForCommon) return;
    this.#waitsForCommon = true;
    common.whenFree(() => {
      this.#waitsForCommon = false;
      this.#wakeAll();
    });
  }

  #wakeAll(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const again of woken) again();
  }
}

function pausedError(pauseMs: number): ThrottledError {
  return new ThrottledError('the backend throttles our calls', { code: 'Throttled', retryAfterMs: pauseMs });
}
