/**
 * How a pass ends: status, events and metrics for a success or a failure, in one place, so that no two failures are told
 * differently.
 */
import { NotFoundError } from '../../kube/errors.ts';
import { TerminalError } from '../../runtime/errors.ts';
import { GeneratorNotFoundError } from '../../generators/index.ts';
import { forgetFailure, isOfTheCluster, lookAgain, messageOf, noteFailure } from '../failure.ts';
import { StorePendingError } from '../store-gate.ts';
import { heartbeatOf } from '../timestamp.ts';
import { rememberWritten } from '../written-status.ts';
import type { Deps } from './deps.ts';
import type { Fetched } from './fetch.ts';
import type { Gathered } from './gather.ts';
import { Problem } from './problem.ts';
import { failedWith, succeeded, writeStatus, type FailureReason, type ReadyState } from './status.ts';
import type { PassOutcome } from './reconcile.ts';
import type { ExternalSecretStatus } from '../../api/external-secret.ts';

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
    heartbeatMs: heartbeatOf(deps.settings.heartbeatMs),
    moveTransition: refresh.policy === 'OnChange',
  });
  await write(deps, gathered, next, signal);
  record.readAt = startedAt;
  record.version = gathered.version;
  record.failed = false;
  forgetFailure(record);
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
  if (isOfTheCluster(error)) throw error;
  if (waitsForNew(error, gathered, deps.clock.now())) {
    // Left as unfinished, so that a store wakes it as soon as it is ready.
    gathered.record.failed = true;
    return { requeueAfterMs: NEW_STORE_POLL_MS };
  }
  const problem = error instanceof Problem ? error : new Problem('update', messageOf(error), { cause: error });
  const { reason, message } = failureOf(problem, gathered);
  gathered.record.failed = true;
  deps.metrics.ready(gathered.object, 'False');
  noteFailure(gathered.record, gathered.object, message, deps.clock.now());
  const isThere = await write(deps, gathered, failedWith(gathered.status, message, deps.clock.now(), reason), signal);
  if (!isThere) return {};
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

/** @returns whether the object still exists. */
async function write(
  deps: Deps,
  gathered: Gathered,
  next: ExternalSecretStatus,
  signal: AbortSignal,
): Promise<boolean> {
  if (next === gathered.status) return true;
  try {
    const stored = await writeStatus(deps.client, gathered.es, next, signal);
    rememberWritten(gathered.record, stored, deps.externalSecrets.get(gathered.object.key));
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** An event when the list of entries is another than last time, and not empty. */
function tellOnce(
  record: Gathered['record'],
  what: 'missing' | 'collisions',
  entries: readonly string[],
  tell: (entries: readonly string[]) => void,
): void {
  const text = entries.join('\n');
  const before = record.told?.[what] ?? '';
  if (text === before) return;
  record.told = { ...record.told, [what]: text };
  if (entries.length > 0) tell(entries);
}
