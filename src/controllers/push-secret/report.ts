/**
 * How a pass ends: status, events and metrics for a success or a failure, in one place, so that no two failures are told differently.
 */
import type { PushSecretStatus } from '../../api/push-secret.ts';
import { ConflictError, UnreachableError } from '../../kube/errors.ts';
import { TerminalError } from '../../runtime/errors.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { messageOf, PushProblem } from './problem.ts';
import { readyCondition } from './records.ts';
import { succeeded, withIntent, withState, writeStatus, type State } from './status.ts';
import type { Synced } from './synced-entries.ts';

/** While something keeps failing with the same cause, it is told again this often (D55). */
const TELL_AGAIN_MS = 30 * 60_000;

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
  const { record, version, intervalMs, object } = gathered;
  const { message, startedAt, sourceVersion, wrote } = result;
  const before = readyCondition(progress.status);
  const next = succeeded(progress.status, {
    state: { reason: 'Synced', message },
    startedAt,
    version,
    sourceVersion,
    synced: progress.synced,
    heartbeatMs: heartbeat(deps, intervalMs),
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

/** Sets the condition, tells it where that is news, and throws what decides about the retry. */
export async function reportFailure(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  error: unknown,
  signal: AbortSignal,
): Promise<never> {
  // Neither says anything about the PushSecret: read again, or wait for the API server.
  if (isAbout(error, ConflictError, UnreachableError)) throw error;
  const problem = error instanceof PushProblem ? error : new PushProblem(messageOf(error), { cause: error });
  const { message } = problem;
  gathered.record.failed = true;
  deps.metrics.ready(gathered.object, 'False');
  noteFailure(deps, gathered, message);
  await writeState(deps, gathered, progress, { reason: 'Errored', message }, signal);
  if (!problem.permanent) throw problem;
  throw new TerminalError('Errored', message, { cause: problem, ...lookAgain(gathered.intervalMs) });
}

/** "Permanent" is as far as we can see: the cause may vanish without an event (D60). */
function lookAgain(intervalMs: number): { retryAfterMs?: number } {
  return intervalMs > 0 ? { retryAfterMs: intervalMs } : {};
}

function healed({ record }: Gathered): void {
  record.failed = false;
  record.lastFailure = undefined;
  record.untold = undefined;
}

function heartbeat(deps: Deps, intervalMs: number): number {
  return 0.9 * (intervalMs > 0 ? Math.min(deps.heartbeatMs, intervalMs) : deps.heartbeatMs);
}

function writeState(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  const next = withState(progress.status, state, progress.synced, deps.clock.now());
  return write(deps, gathered, progress, next, signal);
}

async function write(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  next: PushSecretStatus,
  signal: AbortSignal,
): Promise<void> {
  if (next === progress.status) return;
  gathered.record.written = await writeStatus(deps.client, gathered.ps, progress.status, next, signal);
  progress.status = next;
}

function noteFailure(deps: Deps, { record, object }: Gathered, message: string): void {
  const now = deps.clock.now();
  const isNews = record.lastFailure?.message !== message || now - record.lastFailure.toldAt >= TELL_AGAIN_MS;
  if (!isNews) return;
  record.lastFailure = { message, toldAt: now };
  record.untold = { object, message };
}

/**
 * Tells what {@link reportFailure} found worth telling, once it is known when the next attempt is: only the event says that, because in a
 * condition it would be a write per attempt (D56). `retryInMs` undefined: nothing but a change can help.
 */
export function tellFailure(
  { records, events }: Pick<Deps, 'records' | 'events'>,
  key: string,
  retryInMs: number | undefined,
): void {
  const record = records.peek(key);
  if (record?.untold === undefined) return;
  const { object, message } = record.untold;
  record.untold = undefined;
  const next =
    retryInMs === undefined
      ? 'no further attempt until something changes'
      : `next attempt in ${Math.ceil(retryInMs / 1000)} s`;
  events.failed(object, `${message}; ${next}`);
}

function isAbout(error: unknown, ...kinds: readonly (new (...args: never[]) => Error)[]): boolean {
  if (!(error instanceof Error)) return false;
  return kinds.some((kind) => error instanceof kind) || isAbout(error.cause, ...kinds);
}
