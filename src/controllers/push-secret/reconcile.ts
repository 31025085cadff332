/**
 * One pass over one PushSecret, as a table of contents: gather → due? → sources → plan → push → remove → status. Each step is a file of
 * its own; this one only says what follows what.
 */
import { pushSecrets } from '../../api/resources.ts';
import type { Consumer, Generation } from '../../generators/index.ts';
import { apiVersionOf } from '../../kube/types.ts';
import { isRefusedByLeaving, LEAVING_POLL_MS } from '../leaving-namespace.ts';
import type { Deps } from './deps.ts';
import { decideDue, untilNext, type Due } from './due.ts';
import { setFinalizer } from './finalizer.ts';
import { finish } from './finish.ts';
import { gather, type Gathered } from './gather.ts';
import { planPushes } from './plan.ts';
import { PushProblem } from './problem.ts';
import { blindPrint, ofNoStore, problemOf, pushAll, type Failure, type Pushed } from './push.ts';
import { readyCondition } from './records.ts';
import { removalProblem, removeAll } from './remove.ts';
import { renderSource } from './rendered-source.ts';
import { noteIntent, progressOf, reportFailure, reportSourceDeleted, reportSuccess, type Progress } from './report.ts';
import { generatedSource, readSources, versionOfSources, type Source } from './source.ts';
import { isForeign, targetStores, type TargetStore } from './stores.ts';
import { difference, isEmpty, ours, plannedEntries, union } from './synced-entries.ts';
import { withoutTaken } from './taken.ts';

export interface PassOutcome {
  readonly requeueAfterMs?: number;
}

/** @throws what decides about the retry: the runtime turns it into backoff. */
export async function reconcile(deps: Deps, key: string, signal: AbortSignal): Promise<PassOutcome> {
  const ps = deps.pushSecrets.get(key);
  if (ps === undefined) return forget(deps, key);
  const gathered = gather(deps, key, ps);
  if (isForeign(deps.stores, ps)) return again(deps, gathered, undefined);
  const isDeleted = ps.metadata.deletionTimestamp !== undefined;
  const isLeaving = (error?: unknown): boolean =>
    !isDeleted && (deps.isLeaving(gathered.namespace) || isRefusedByLeaving(error));
  if (isLeaving()) return again(deps, gathered, LEAVING_POLL_MS);
  const progress = progressOf(gathered);
  deps.metrics.started(gathered.object, readyCondition(gathered.status)?.status);
  try {
    if (!isDeleted) return await sync(deps, gathered, progress, signal);
    await finish(deps, gathered, progress, signal);
    return {};
  } catch (error) {
    signal.throwIfAborted();
    if (isLeaving(error)) return again(deps, gathered, LEAVING_POLL_MS);
    return reportFailure(deps, gathered, progress, error, signal);
  }
}

async function sync(deps: Deps, gathered: Gathered, progress: Progress, signal: AbortSignal): Promise<PassOutcome> {
  const { record, spec, namespace } = gathered;
  const stores = targetStores(deps.stores, spec.secretStoreRefs, namespace);
  if (stores.length === 0 && spec.secretStoreRefs.length > 0) return again(deps, gathered, undefined);
  const { generatorRef } = spec.selector;
  if (generatorRef !== undefined && (await deps.generators.isForeign(generatorRef, namespace, signal)))
    return again(deps, gathered, undefined);
  if (gathered.problem !== undefined) throw gathered.problem;
  await setFinalizer(deps.client, gathered.ps, gathered.cleansUp, signal);
  const due = decideDue(dueInput(gathered), deps.clock.now());
  if (!due.due && (record.looked || generatorRef !== undefined)) return again(deps, gathered, due.againInMs);
  const pass = { due, stores, startedAt: deps.clock.now(), signal };
  record.outdated = false;
  const generation = deps.generators.begin(consumerOf(gathered));
  let skipped = false;
  await generation.run(
    () => fetchSources(deps, gathered, generation, pass),
    async (sources) => {
      skipped = !due.due && isWhatWasPushed(gathered, sources);
      if (!skipped) await pushOrCleanUp(deps, gathered, progress, { ...pass, sources });
    },
    signal,
  );
  const next = untilNext(gathered.intervalMs, pass.startedAt, deps.clock.now());
  return again(deps, gathered, skipped && !due.due ? due.againInMs : next);
}

async function fetchSources(
  deps: Deps,
  gathered: Gathered,
  generation: Pick<Generation, 'generate'>,
  { stores, startedAt, signal }: Omit<PushPass, 'sources'>,
): Promise<readonly Source[]> {
  const { generatorRef } = gathered.spec.selector;
  if (generatorRef !== undefined) return [await generatedSource(generation, generatorRef, startedAt, signal)];
  const isFirstLook = !gathered.record.looked;
  const sources = await readSources(deps, gathered, signal);
  if (isFirstLook) rememberBlindPushes(gathered, stores, sources);
  return sources;
}

async function pushOrCleanUp(deps: Deps, gathered: Gathered, progress: Progress, pass: PushPass): Promise<void> {
  const name = gathered.spec.selector.secret?.name;
  if (pass.sources.length > 0 || name === undefined) await push(deps, gathered, progress, pass);
  else if (!(await goesAnyway(deps, gathered, pass.signal)))
    await sourceIsGone(deps, gathered, progress, name, pass.signal);
}

/**
 * A namespace that terminates is emptied in no order: Secrets may go before the PushSecret. Then nobody has taken anything back, and its
 * own deletion, which follows, cleans up in an attempt that is bounded (D6). Asked only when something seems to be gone.
 */
function goesAnyway(deps: Deps, { namespace }: Gathered, signal: AbortSignal): Promise<boolean> {
  return deps.isTerminating(namespace, signal);
}

function consumerOf({ object: { namespace, name, uid } }: Gathered): Consumer {
  return { apiVersion: apiVersionOf(pushSecrets), kind: 'PushSecret', namespace, name, uid };
}

interface PushPass {
  readonly due: Due;
  readonly stores: readonly TargetStore[];
  readonly sources: readonly Source[];
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

async function push(deps: Deps, gathered: Gathered, progress: Progress, pass: PushPass): Promise<void> {
  const { signal, startedAt, stores } = pass;
  const sources = await Promise.all(pass.sources.map((source) => renderSource(deps, gathered, source, signal)));
  const plan = await planPushes({ spec: gathered.spec, stores, sources, renderKey: deps.renderKey });
  const known = progress.synced;
  const planned = plannedEntries(plan.stores);
  const stale = difference(known, planned);
  if (!isEmpty(stale) && (await goesAnyway(deps, gathered, signal))) return;
  const free = withoutTaken(deps, gathered, plan.stores);
  const pushed = await pushAll(pushingOf(deps, gathered, pass, free.taken), free.plans, async (attempted) => {
    if (!gathered.cleansUp) return;
    await noteIntent(deps, gathered, progress, union(ours(planned, attempted, known), known), signal);
  });
  const wanted = ours(planned, pushed.attempted, known);
  // Until all of it is done, what was pushed before stays written down as it was: there may be something of it to undo.
  progress.synced = union(wanted, known);
  const failures = [...plan.problems.map(ofNoStore), ...free.taken, ...pushed.failures];
  if (failures.length > 0) throw problemOf(failures);
  if (gathered.cleansUp) await removeStale(deps, gathered, progress, stale, signal);
  progress.synced = wanted;
  const message = successMessage(gathered, sources);
  const sourceVersion = versionOfSources(pass.sources);
  await reportSuccess(deps, gathered, progress, { message, startedAt, sourceVersion, wrote: didWrite(pushed) }, signal);
}

async function removeStale(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  stale: Progress['synced'],
  signal: AbortSignal,
): Promise<void> {
  if (isEmpty(stale)) return;
  const { left, failures } = await removeAll(deps, gathered, stale, signal);
  signal.throwIfAborted();
  progress.synced = union(difference(progress.synced, stale), left);
  if (failures.length > 0) throw removalProblem(failures);
}

/** The named source does not exist: what was pushed of it goes, if that was asked for. Its return wakes us. */
async function sourceIsGone(
  deps: Deps,
  gathered: Gathered,
  progress: Progress,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const missing = `Secret "${name}" not found in namespace "${gathered.namespace}"`;
  const wasCleaned = readyCondition(progress.status)?.reason === 'SourceDeleted';
  if (!gathered.cleansUp || (isEmpty(progress.synced) && !wasCleaned))
    throw new PushProblem(`could not get source secret: ${missing}`, { permanent: true });
  const { left, failures } = await removeAll(deps, gathered, progress.synced, signal);
  signal.throwIfAborted();
  progress.synced = left;
  if (failures.length > 0) throw removalProblem(failures);
  await reportSourceDeleted(deps, gathered, progress, `${missing}; what was pushed of it is removed`, signal);
}

function dueInput({ version, record, intervalMs }: Gathered): Parameters<typeof decideDue>[0] {
  const { version: syncedVersion, pushedAt, failed, outdated } = record;
  return { version, syncedVersion, pushedAt, intervalMs, unfinished: failed || outdated };
}

function isWhatWasPushed({ status }: Gathered, sources: readonly Source[]): boolean {
  if (readyCondition(status)?.reason === 'SourceDeleted') return sources.length === 0;
  return status?.sourceVersion === versionOfSources(sources);
}

/** After a start: what a backend that cannot be read back was given is known from the status (D31). */
function rememberBlindPushes(gathered: Gathered, stores: readonly TargetStore[], sources: readonly Source[]): void {
  const { status, version, record, spec } = gathered;
  const usesOthersTemplates = spec.template?.templateFrom?.some(({ configMap, secret }) => configMap ?? secret);
  if (usesOthersTemplates === true || readyCondition(status)?.status !== 'True') return;
  if (status?.syncedResourceVersion !== version || !isWhatWasPushed(gathered, sources)) return;
  const fingerprint = fingerprintOf(gathered, sources);
  for (const store of stores)
    if (status.syncedPushSecrets?.[store.key] !== undefined)
      record.blind.set(store.key, blindPrint(fingerprint, store));
}

function fingerprintOf({ version, record }: Gathered, sources: readonly Source[]): string {
  return `${version} ${versionOfSources(sources)} ${record.templateChanges}`;
}

function pushingOf(
  deps: Deps,
  gathered: Gathered,
  { due, sources, signal }: PushPass,
  taken: readonly Failure[],
): Parameters<typeof pushAll>[0] {
  const urgent = due.due && due.reason === 'changed';
  // What is left out today is pushed when it becomes free, also to backends that are written blindly.
  const leftOut = taken.map(({ store, remoteKey }) => ` -${store}/${remoteKey}`).join('');
  return { deps, gathered, fingerprint: fingerprintOf(gathered, sources) + leftOut, urgent, signal };
}

function didWrite({ written }: Pushed): boolean {
  return written.length > 0;
}

function successMessage({ spec }: Gathered, sources: readonly Source[]): string {
  if (spec.secretStoreRefs.length === 0) return 'spec.secretStoreRefs is empty: nothing to push';
  if (sources.length === 0) return 'no Secret matches spec.selector.secret.selector: nothing to push';
  return spec.updatePolicy === 'IfNotExists' ? 'pushed; what exists in the backend is left as it is' : 'pushed';
}

function again(deps: Deps, { record, intervalMs }: Gathered, requeueAfterMs: number | undefined): PassOutcome {
  record.due = requeueAfterMs === undefined ? undefined : { at: deps.clock.now() + requeueAfterMs, intervalMs };
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

function forget(deps: Deps, key: string): PassOutcome {
  deps.records.forget(key);
  deps.forgetDependencies(key);
  deps.metrics.forget(key);
  return {};
}
