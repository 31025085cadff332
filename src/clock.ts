/**
 * Time as a parameter. Nothing in this program reads the wall clock or sets a timer by itself: it asks the Clock it
 * was given, so tests move time by hand and the sandbox can move operator and backends together.
 */

/** A timer that was set with {@link Clock.setTimer}. Cancelling one that fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock in milliseconds since the Unix epoch. Never goes backwards within one process. */
  now(): number;
  /** Runs `fn` once, `ms` milliseconds from now (0 and below: as soon as the event loop is free). */
  setTimer(ms: number, fn: () => void): Timer;
}

/** Node's setTimeout overflows above this and would fire at once; longer waits are cut into pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep the process alive: whatever must, holds a socket or awaits a signal. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(ms, fn) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const piece = Math.min(Math.max(left, 0), LONGEST_TIMEOUT_MS);
      handle = setTimeout(() => (left > piece ? arm(left - piece) : fn()), piece).unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `ms` milliseconds.
 * @throws the signal's reason as soon as it aborts; no timer is left behind.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(abortReason(signal));
    };
    const timer = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
}
