/**
 * What queues and controllers tell about their work. Telemetry implements these; the loop itself does not know that
 * metrics exist. All durations are milliseconds.
 */
import type { Lane } from './lanes.ts';

export interface QueueObserver {
  /** A key began to wait. Not called when it only moved to a more urgent lane. */
  added(lane: Lane): void;
  started(lane: Lane, waitedMs: number): void;
  finished(tookMs: number): void;
  /** A failed key was put back with a delay. */
  retried(): void;
}

export interface QueueGauges {
  /** Waiting keys per lane, indexed by lane. */
  readonly depth: readonly number[];
  readonly running: number;
  /** Sum over all running keys. */
  readonly unfinishedMs: number;
  readonly longestRunningMs: number;
}

/** How one reconcile ended, in the words of `controller_runtime_reconcile_total`. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ControllerObserver extends QueueObserver {
  reconciled(result: ReconcileResult, tookMs: number): void;
  /** Also counted, beside `reconciled('error')`. */
  failedAs(what: 'terminal' | 'panic' | 'timeout'): void;
}

const nothing = (): void => {};

export const silentObserver: ControllerObserver = {
  added: nothing,
  started: nothing,
  finished: nothing,
  retried: nothing,
  reconciled: nothing,
  failedAs: nothing,
};
