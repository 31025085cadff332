/**
 * One pass over a cluster-wide object: over all its namespaces (key `name`), or over the one that something happened in (key
 * `namespace/name`). The first writes the status; the second only asks for it.
 */
import { parseDuration } from '../../api/duration.ts';
import { NotFoundError } from '../../kube/errors.ts';
import { splitKey } from '../../kube/types.ts';
import type { FanOutDeps, Outcome } from './deps.ts';
import type { Parent, Wanted } from './kind.ts';
import { selectionProblem, selects } from './selection.ts';
import { childrenOf, settle, type Settling } from './settle.ts';
import { reportOf, statusPatch, UNKNOWN_NAMESPACE, writeStatus, type FanOutReport } from './status.ts';

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
  const known = deps.outcomes.get(parent.metadata.uid);
  // What is wrong with the selectors is told by the whole pass; until it is mended nothing is touched.
  if (selectionProblem(wanted) !== undefined) return {};
  const outcome = await settle(settling, namespace);
  if (known === undefined || isSame(known.get(namespace), outcome)) return {};
  known.set(namespace, outcome);
  deps.statusSoon(parent.metadata.name);
  return {};
}

async function allNamespaces(settling: Settling): Promise<PassOutcome> {
  const { deps, parent, wanted, signal } = settling;
  const problem = selectionProblem(wanted);
  if (problem !== undefined) {
    await report(deps, parent, unselectable(deps, parent, wanted, problem), signal);
    return {};
  }
  const outcomes = new Map<string, Outcome>();
  const errors = await settleAll(settling, outcomes);
  deps.outcomes.set(parent.metadata.uid, outcomes);
  await report(deps, parent, reportOf(wanted.childName, outcomes), signal);
  if (errors.length > 0) throw errors[0];
  return { requeueAfterMs: intervalOf(wanted) };
}

/** Namespaces that are worked on at the same time. */
const AT_ONCE = 16;

/** What fails in a way that may pass is told under its namespace, and returned to decide about the retry. */
async function settleAll(settling: Settling, outcomes: Map<string, Outcome>): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const waiting = [...concerned(settling)].values();
  const work = async (): Promise<void> => {
    for (const namespace of waiting) {
      try {
        outcomes.set(namespace, await settle(settling, namespace));
      } catch (error) {
        settling.signal.throwIfAborted();
        errors.push(error);
        const reason = error instanceof Error ? error.message : 'unknown error';
        outcomes.set(namespace, { state: 'failed', reason });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return errors;
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

async function report(deps: FanOutDeps, parent: Parent, told: FanOutReport, signal: AbortSignal): Promise<void> {
  const { kind, client, clock, events, metrics } = deps;
  const before = kind.statusOf(parent)?.conditions?.find(({ type }) => type === 'Ready');
  const status = statusPatch(kind, parent, told, clock.now());
  if (status !== undefined) await writeStatus(client, kind, parent, status, signal);
  metrics.ready(parent, told.message === undefined ? 'True' : 'False');
  if (told.message !== undefined && before?.message !== told.message) events.failed(parent, told.message);
}

const DEFAULT_INTERVAL_MS = 3_600_000;

/** An interval that cannot be read is refused at admission; here it counts as the default. */
function intervalOf({ refreshTime }: Wanted): number {
  try {
    const ms = refreshTime === undefined ? 0 : parseDuration(refreshTime);
    return ms > 0 ? ms : DEFAULT_INTERVAL_MS;
  } catch {
    return DEFAULT_INTERVAL_MS;
  }
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
    if (!(error instanceof NotFoundError)) throw error;
  }
  return {};
}

function forget(deps: FanOutDeps, name: string): PassOutcome {
  deps.metrics.forget(name);
  return {};
}

function isSame(a: Outcome | undefined, b: Outcome): boolean {
  return JSON.stringify(a ?? { state: 'none' }) === JSON.stringify(b);
}
