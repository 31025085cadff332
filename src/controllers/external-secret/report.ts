/**
 * How a pass ends: status, events and metrics for a success or a failure, in one place, so that no two failures are told
 * differently.
 */
import { ConflictError, UnreachableError } from '../../kube/errors.ts';
import { TerminalError } from '../../runtime/errors.ts';
import { GeneratorNotFoundError } from '../../generators/index.ts';
import { StorePendingError } from '../store-gate.ts';
import type { Deps } from './deps.ts';
import type { Fetched } from './fetch.ts';
import type { Gathered } from './gather.ts';
import { Problem } from './problem.ts';
import { failedWith, succeeded, writeStatus, type FailureReason, type ReadyState } from './status.ts';
import type { PassOutcome } from './reconcile.ts';
import type { ExternalSecretStatus } from '../../api/external-secret.ts';

/** While something keeps failing with the same cause, it is told again this often (D55). */
const TELL_AGAIN_MS = 30 * 60_000;

export interface SyncResult {
  readonly state: ReadyState;
  /** When the pass that read the backend began, epoch ms. */
  readonly startedAt: number;
  readonly fetched: Fetched;
}

export async function reportSuccess(
  deps: Deps,
  gathered: Gathered,
  result: SyncResult,
  signal: AbortSignal,
): Promise<void> {
  const { record, refresh } = gathered;
  const { state, startedAt, fetched } = result;
  // Consumers of `status.binding` expect a Secret there.
  const wrote = record.target !== undefined && gathered.manifest === undefined;
  const next = succeeded(gathered.status, {
    state,
    refreshedAt: startedAt,
    version: gathered.version,
    boundTo: wrote ? gathered.targetName : undefined,
    heartbeatMs: heartbeat(deps, refresh.intervalMs),
    moveTransition: refresh.policy === 'OnChange',
  });
  await write(deps, gathered, next, signal);
  record.readAt = startedAt;
  record.version = gathered.version;
  record.failed = false;
  record.lastFailure = undefined;
  record.untold = undefined;
  tellOnce(record, 'missing', fetched.missing, (entries) => deps.events.missing(gathered.object, entries));
  tellOnce(record, 'collisions', fetched.collisions, (entries) => deps.events.collided(gathered.object, entries));
  deps.metrics.ready(gathered.object, 'True');
}

/**
 * Sets the condition, tells it where that is news, and rethrows what decides about the retry.
 * @returns when nothing but a change (or the next interval) can help.
 */
export async function reportFailure(
  deps: Deps,
  gathered: Gathered,
  error: unknown,
  signal: AbortSignal,
): Promise<PassOutcome> {
  // Neither says anything about the ExternalSecret: read again, or wait for the API server.
  if (isAbout(error, ConflictError, UnreachableError)) throw error;
  if (waitsForNew(error, gathered, deps.clock.now())) {
    // Left as unfinished, so that a store wakes it as soon as it is ready.
    gathered.record.failed = true;
    return { requeueAfterMs: NEW_STORE_POLL_MS };
  }
  const problem = error instanceof Problem ? error : new Problem('update', messageOf(error), { cause: error });
  const { reason, message } = failureOf(problem, gathered);
  gathered.record.failed = true;
  deps.metrics.ready(gathered.object, 'False');
  noteFailure(deps, gathered, message);
  await write(deps, gathered, failedWith(gathered.status, message, deps.clock.now(), reason), signal);
  if (!problem.permanent) throw problem;
  throw new TerminalError(reason, message, { cause: problem, ...lookAgain(gathered.refresh.intervalMs) });
}

function failureOf(
  problem: Problem,
  { manifest }: Gathered,
): { readonly reason: FailureReason; readonly message: string } {
  if (manifest === undefined) return { reason: 'SecretSyncedError', message: problem.conditionMessage };
  const reason = problem.step === 'generic' ? 'SecretSyncedError' : 'ResourceSyncedError';
  return { reason, message: problem.resourceMessage };
}

/** Made together with its store or generator: so long nobody is told that it is not validated, or not there, yet. */
const NEW_STORE_PATIENCE_MS = 10_000;
const NEW_STORE_POLL_MS = 2_000;

function waitsForNew(error: unknown, gathered: Gathered, now: number): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof StorePendingError) return now - error.since < NEW_STORE_PATIENCE_MS;
  if (error instanceof GeneratorNotFoundError) {
    const madeAt = Date.parse(gathered.es.metadata.creationTimestamp ?? '') || 0;
    return now - madeAt < NEW_STORE_PATIENCE_MS;
  }
  return waitsForNew(error.cause, gathered, now);
}

/** "Permanent" is as far as we can see: the cause may vanish without an event (D60). */
function lookAgain(intervalMs: number): { retryAfterMs?: number } {
  return intervalMs > 0 ? { retryAfterMs: intervalMs } : {};
}

function heartbeat(deps: Deps, intervalMs: number): number {
  const { heartbeatMs } = deps.settings;
  return 0.9 * (intervalMs > 0 ? Math.min(heartbeatMs, intervalMs) : heartbeatMs);
}

async function write(deps: Deps, gathered: Gathered, next: ExternalSecretStatus, signal: AbortSignal): Promise<void> {
  if (next === gathered.status) return;
  gathered.record.written = await writeStatus(deps.client, gathered.es, next, signal);
}

function noteFailure(deps: Deps, gathered: Gathered, message: string): void {
  const { record } = gathered;
  const now = deps.clock.now();
  const isNews = record.lastFailure?.message !== message || now - record.lastFailure.toldAt >= TELL_AGAIN_MS;
  if (!isNews) return;
  record.lastFailure = { message, toldAt: now };
  record.untold = { object: gathered.object, message };
}

/**
 * Tells what {@link reportFailure} found worth telling, once it is known when the next attempt is: only the event says that,
 * because in a condition it would be a write per attempt (D56). `retryInMs` undefined: nothing but a change can help.
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

/** An event when the list of entries is another than last time, and not empty. */
function tellOnce(
  record: Gathered['record'],
  what: 'missing' | 'collisions',
  entries: readonly string[],
  tell: (entries: readonly string[]) => void,
): void {
  const text = entries.join('\n');
  const before = record.told.get(what) ?? '';
  if (text === before) return;
  record.told.set(what, text);
  if (entries.length > 0) tell(entries);
}

function isAbout(error: unknown, ...kinds: readonly (new (...args: never[]) => Error)[]): boolean {
  if (!(error instanceof Error)) return false;
  return kinds.some((kind) => error instanceof kind) || isAbout(error.cause, ...kinds);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
