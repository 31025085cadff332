/**
 * One pass over a cluster-wide object: over all its namespaces (key `name`), or over the one that something happened in (key
 * `namespace/name`). The first writes the status; the second only asks for it.
 */
import { NotFoundError } from '../../kube/errors.ts';
import { splitKey } from '../../kube/types.ts';
import { isConflict } from '../outage.ts';
import { patchStatus } from '../status-patch.ts';
import type { FanOutDeps, FanOutRecord, Outcome } from './deps.ts';
import { intervalOf, intervalProblem } from './interval.ts';
import type { Parent, Wanted } from './kind.ts';
import { selectionProblem, selects } from './selection.ts';
import { childrenOf, settle, type Settling } from './settle.ts';
import { nextStatus, reportOf, UNKNOWN_NAMESPACE, type FanOutReport } from './status.ts';

export interface PassOutcome {
  readonly requeueAfterMs?: number;
}

export async function reconcileFanOut(deps: FanOutDeps, key: string, signal: AbortSignal): Promise<PassOutcome> {
  const { namespace, name } = splitKey(key);
  const parent = deps.parents.get(name);
  if (parent === undefined) return forget(deps, name);
  if (parent.metadata.deletionTimestamp !== undefined) return finish(deps, parent, signal);
  const wanted = deps.kind.wanted(parent);
  const settling = { deps, parent, wanted, signal };
  if (namespace !== undefined) return oneNamespace(settling, namespace);
  const startedAt = deps.clock.now();
  let failed = true;
  try {
    const outcome = await allNamespaces(settling);
    failed = false;
    return outcome;
  } finally {
    deps.metrics.finished(parent, deps.clock.now() - startedAt, failed && !signal.aborted);
  }
}

async function oneNamespace(settling: Settling, namespace: string): Promise<PassOutcome> {
  const { deps, parent, wanted } = settling;
  const outcomes = deps.records.get(parent.metadata.uid)?.outcomes;
  // Its whole pass is still to come; or something is wrong with the selectors, and until it is mended nothing is touched.
  if (outcomes === undefined || selectionProblem(wanted) !== undefined) return {};
  const before = outcomes.get(namespace);
  const error = await attempt(settling, namespace, outcomes);
  if (!isSame(before, outcomes.get(namespace))) deps.statusSoon(parent.metadata.name);
  if (error !== undefined) throw error;
  return {};
}

/** While something fails it is told again after this time (D55), and tried again. */
const TELL_AGAIN_MS = 30 * 60_000;

async function allNamespaces(settling: Settling): Promise<PassOutcome> {
  const { deps, parent, wanted } = settling;
  const record = recordOf(deps, parent);
  const problem = selectionProblem(wanted);
  if (problem !== undefined) {
    await report(settling, record, unselectable(deps, parent, wanted, problem));
    return { requeueAfterMs: TELL_AGAIN_MS };
  }
  const errors = await settleAll(settling, record.outcomes);
  const told = reportOf(wanted.childName, record.outcomes, intervalProblem(wanted));
  await report(settling, record, told);
  if (errors.length > 0) throw errors[0];
  const interval = intervalOf(wanted);
  return { requeueAfterMs: told.message === undefined ? interval : Math.min(interval, TELL_AGAIN_MS) };
}

/** It is there before the namespaces are listed: what happens in one of them from now on is work of its own. */
function recordOf({ records, clock }: FanOutDeps, { metadata: { uid } }: Parent): FanOutRecord {
  let record = records.get(uid);
  if (record === undefined) records.set(uid, (record = { outcomes: new Map(), toldAt: clock.now() }));
  return record;
}

/** Namespaces that are worked on at the same time. */
const AT_ONCE = 16;

/** What fails in a way that may pass is told under its namespace, and returned to decide about the retry. */
async function settleAll(settling: Settling, outcomes: Map<string, Outcome>): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const names = concerned(settling);
  for (const known of outcomes.keys()) if (!names.has(known)) outcomes.delete(known);
  const waiting = names.values();
  const work = async (): Promise<void> => {
    for (const namespace of waiting) {
      const error = await attempt(settling, namespace, outcomes);
      if (error !== undefined) errors.push(error);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return errors;
}

/** @returns what is to be tried again; undefined: nothing */
async function attempt(settling: Settling, namespace: string, outcomes: Map<string, Outcome>): Promise<unknown> {
  try {
    outcomes.set(namespace, await settle(settling, namespace));
    return undefined;
  } catch (error) {
    settling.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : 'unknown error';
    // A lost race is over in a moment: no reason to call anything failed.
    if (!isConflict(error)) outcomes.set(namespace, { state: 'failed', reason });
    return error;
  }
}

/** Namespaces that are selected, and those that have a child. */
function concerned({ deps, parent, wanted }: Settling): ReadonlySet<string> {
  const names = new Set<string>();
  for (const view of deps.namespaces.list()) if (selects(wanted, view)) names.add(view.name);
  for (const { metadata } of childrenOf(deps, parent)) names.add(metadata.namespace ?? '');
  return names;
}

function unselectable({ kind }: FanOutDeps, parent: Parent, { childName }: Wanted, problem: string): FanOutReport {
  const provisioned = kind.statusOf(parent)?.provisionedNamespaces ?? [];
  return { childName, provisioned, failed: [{ namespace: UNKNOWN_NAMESPACE, reason: problem }], message: problem };
}

async function report({ deps, parent, signal }: Settling, record: FanOutRecord, told: FanOutReport): Promise<void> {
  const { kind, client, clock, events, metrics } = deps;
  const now = clock.now();
  const before = kind.statusOf(parent)?.conditions?.find(({ type }) => type === 'Ready');
  const status = nextStatus(kind, parent, told, now);
  if (status !== undefined) await patchStatus(client, kind.parent, parent, status, signal).catch(ignoreNotFound);
  metrics.ready(parent, told.message === undefined ? 'True' : 'False');
  if (told.message === undefined) return;
  if (before?.message === told.message && now - record.toldAt < TELL_AGAIN_MS) return;
  record.toldAt = now;
  events.failed(parent, told.message);
}

/** Children go by their owner references; the peer's finalizer would hold the object for ever (D2). */
async function finish({ kind, client }: FanOutDeps, { metadata }: Parent, signal: AbortSignal): Promise<PassOutcome> {
  const { name, uid, resourceVersion, finalizers = [] } = metadata;
  const kept = finalizers.filter((finalizer) => finalizer !== kind.peerFinalizer);
  if (kept.length === finalizers.length) return {};
  try {
    const patch = { metadata: { uid, resourceVersion, finalizers: kept } };
    await client.patch(kind.parent, { name }, patch, { type: 'merge', signal });
  } catch (error) {
    ignoreNotFound(error);
  }
  return {};
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}

function forget(deps: FanOutDeps, name: string): PassOutcome {
  deps.metrics.forget(name);
  return {};
}

/** One that is not known yet is no news while it is `none`. */
function isSame(a: Outcome = NOTHING, b: Outcome = NOTHING): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const NOTHING: Outcome = { state: 'none' };
