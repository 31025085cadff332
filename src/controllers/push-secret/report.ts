/**
 * How a pass ends: status, events and metrics for a success or a failure, in one place, so that no two failures are told differently.
 */
import type { PushSecretStatus } from '../../api/push-secret.ts';
import { TerminalError } from '../../runtime/errors.ts';
import { forgetFailure, isOfTheCluster, lookAgain, messageOf, noteFailure } from '../failure.ts';
import { heartbeatOf } from '../timestamp.ts';
import { rememberWritten } from '../written-status.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { PushProblem } from './problem.ts';
import type { PassOutcome } from './reconcile.ts';
import { readyCondition } from './records.ts';
import { succeeded, withIntent, withState, writeStatus, type State } from './status.ts';
import type { Synced } from './synced-entries.ts';

/** What a pass has come to so far: a failure in the middle must not lose it. */
export interface Progress {
  /** The status as it is stored. */
  status: PushSecretStatus | undefined;
  /** What is, or may be, in the backends. */
  synced: Synced;
}

export interface PassResult {
  readonly message: string;
  readonly startedAt: number;
  readonly sourceVersion: string;
  /** Something was written to a backend. */
  readonly wrote: boolean;
}

export function progressOf({ status }: Gathered): Progress {
  return { status, synced: status?.syncedPushSecrets ?? {} };
}

/** Writes down what is about to be pushed, so that it will be cleaned up even if we die before the pass ends. */
export async function noteIntent(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  intent: Synced,
  signal: AbortSignal,
): Promise<void> {
  await write(deps, gathered, progress, withIntent(progress.status, intent), signal);
  progress.synced = intent;
}

export async function reportSuccess(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  result: PassResult,
  signal: AbortSignal,
): Promise<void> {
  const { record, version, object } = gathered;
  const { message, startedAt, sourceVersion, wrote } = result;
  const before = readyCondition(progress.status);
  const next = succeeded(progress.status, {
    state: { reason: 'Synced', message },
    startedAt,
    version,
    sourceVersion,
    synced: progress.synced,
    heartbeatMs: heartbeatOf(deps.heartbeatMs),
  });
  await write(deps, gathered, progress, next, signal);
  record.pushedAt = startedAt;
  record.version = version;
  healed(gathered);
  if (wrote || before?.reason !== 'Synced' || before.message !== message) deps.events.synced(object, message);
  deps.metrics.ready(object, 'True');
}

/** The source is gone and what was pushed of it too. */
export async function reportSourceDeleted(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const isNews = readyCondition(progress.status)?.reason !== 'SourceDeleted';
  await writeState(deps, gathered, progress, { reason: 'SourceDeleted', message }, signal);
  gathered.record.version = gathered.version;
  healed(gathered);
  if (isNews) deps.events.sourceDeleted(gathered.object, message);
  deps.metrics.ready(gathered.object, 'False');
}

/**
 * Sets the condition, tells it where that is news, and throws what decides about the retry.
 * @returns when the object is gone: nobody is left to be told
 */
export async function reportFailure(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  error: unknown,
  signal: AbortSignal,
): Promise<PassOutcome> {
  if (isOfTheCluster(error)) throw error;
  const problem = error instanceof PushProblem ? error : new PushProblem(messageOf(error), { cause: error });
  const { message } = problem;
  gathered.record.failed = true;
  deps.metrics.ready(gathered.object, 'False');
  noteFailure(gathered.record, gathered.object, message, deps.clock.now());
  if (!(await writeState(deps, gathered, progress, { reason: 'Errored', message }, signal))) return {};
  if (!problem.permanent) throw problem;
  throw new TerminalError('Errored', message, { cause: problem, ...lookAgain(gathered.intervalMs) });
}

function healed({ record }: Gathered): void {
  record.failed = false;
  forgetFailure(record);
}

function writeState(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  state: State,
  signal: AbortSignal,
): Promise<boolean> {
  const next = withState(progress.status, state, progress.synced, deps.clock.now());
  return write(deps, gathered, progress, next, signal);
}

/** @returns whether the object still exists. */
async function write(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  next: PushSecretStatus,
  signal: AbortSignal,
): Promise<boolean> {
  if (next === progress.status) return true;
  const stored = await writeStatus(deps.client, gathered.ps, next, signal);
  rememberWritten(gathered.record, stored, deps.pushSecrets.get(gathered.object.key));
  progress.status = next;
  return stored !== undefined;
}
