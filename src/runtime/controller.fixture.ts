/** A running controller for tests, with everything it did. */
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog, type Log } from '../log.ts';
import { Controller, type ControllerOptions, type Outcome, type ReconcileContext } from './controller.ts';
import { silentObserver } from './observer.ts';

export class Conflict extends Error {}
export class Outage extends Error {}

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
}

const recordingLog = (lines: Line[]): Log => {
  const at = (level: string) => (fields: object) => void lines.push({ level, fields: { ...fields } });
  return {
    ...silentLog,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => recordingLog(lines),
  };
};

/** Starts a controller whose reconcile is `body`; conflicts and outages are the two classes above. */
export function running(
  body: (key: string, context: ReconcileContext, nth: number) => Promise<Outcome> | Outcome,
  options: Partial<ControllerOptions> = {},
) {
  const clock = new ManualClock();
  const startedAt = clock.now();
  const lines: Line[] = [];
  const counted: string[] = [];
  const calls: { key: string; at: number; context: ReconcileContext }[] = [];
  const controller = new Controller({
    name: 'thing',
    clock,
    random: () => 0,
    log: recordingLog(lines),
    errors: { isConflict: (error) => error instanceof Conflict, isOutage: (error) => error instanceof Outage },
    observer: {
      ...silentObserver,
      reconciled: (result) => void counted.push(result),
      failedAs: (what) => void counted.push(what),
    },
    reconcile: async (key, context) => {
      calls.push({ key, at: clock.now() - startedAt, context });
      return body(key, context, calls.length);
    },
    ...options,
  });
  const stop = new AbortController();
  const ended = controller.run(stop.signal);
  return { clock, controller, calls, lines, counted, stop: () => stop.abort(), ended };
}

/** When the calls began, in seconds since the start. */
export const times = (calls: readonly { at: number }[]): number[] => calls.map((call) => call.at / 1000);
/** Rejects with the abort reason, and not before. */
export const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
