/**
 * One pass over one ExternalSecret, as a table of contents: gather → refresh? → fetch → render → apply → status. Each step is a
 * file of its own; this one only says what follows what.
 */
import { externalSecrets } from '../../api/resources.ts';
import type { Consumer } from '../../generators/index.ts';
import { apiVersionOf } from '../../kube/types.ts';
import { isRefusedByLeaving, LEAVING_POLL_MS } from '../leaving-namespace.ts';
import type { Deps, StoredExternalSecret } from './deps.ts';
import { fetchData } from './fetch.ts';
import { gather, generatorRefsOf, type Gathered } from './gather.ts';
import { cleanUpManifest } from './manifest/clean-up.ts';
import { manifestTarget } from './manifest/manifest-target.ts';
import { dropPeerFinalizer } from './peer-finalizer.ts';
import { lastSyncOf, readyCondition } from './records.ts';
import { decideRefresh, nextRead, untilNext, type RefreshReason } from './refresh.ts';
import { reportFailure, reportSuccess } from './report.ts';
import { SecretTarget } from './secret-target.ts';
import type { SyncTarget } from './sync-target.ts';
import { freshSince, patienceOf } from './wave.ts';

export interface Pass {
  readonly signal: AbortSignal;
  /** Many others that are as urgent wait for their turn. Default false. */
  readonly crowded?: boolean | undefined;
}

export interface PassOutcome {
  readonly requeueAfterMs?: number;
}

/** @throws what decides about the retry: the runtime turns it into backoff (see `retry.ts`). */
export async function reconcile(deps: Deps, key: string, pass: Pass): Promise<PassOutcome> {
  const es = deps.externalSecrets.get(key);
  if (es === undefined) return forget(deps, key);
  if (es.metadata.deletionTimestamp !== undefined) return finish(deps, es, pass);
  const gathered = gather(deps, key, es);
  if (gathered === 'not ours') return {};
  if (deps.isLeaving(gathered.namespace)) return again(deps, gathered, LEAVING_POLL_MS);
  deps.metrics.started(gathered.object, readyCondition({ status: gathered.status ?? {} })?.status);
  try {
    return await sync(deps, gathered, pass);
  } catch (error) {
    pass.signal.throwIfAborted();
    if (deps.isLeaving(gathered.namespace) || isRefusedByLeaving(error)) return again(deps, gathered, LEAVING_POLL_MS);
    return await reportFailure(deps, gathered, error, pass.signal);
  }
}

async function sync(deps: Deps, gathered: Gathered, pass: Pass): Promise<PassOutcome> {
  if (gathered.problem !== undefined && (await isForeign(deps, gathered, pass))) return {};
  if (gathered.problem !== undefined) throw gathered.problem;
  const target = await targetOf(deps, gathered, pass);
  if (target.mustRelease) {
    if (await isForeign(deps, gathered, pass)) return {};
    await target.release();
  }
  const decision = decideRefresh(
    gathered.refresh,
    lastSyncOf(gathered.record),
    gathered.version,
    await target.isInStep(),
    deps.clock.now(),
  );
  const about = { namespace: gathered.namespace, name: gathered.object.name };
  if (!decision.refresh) {
    deps.log.debug({ ...about, againInMs: decision.againInMs }, 'not due and in step');
    return again(deps, gathered, decision.againInMs);
  }
  if (await isForeign(deps, gathered, pass)) return {};
  deps.log.debug({ ...about, reason: decision.reason }, 'refreshing');
  const startedAt = deps.clock.now();
  gathered.record.outdated = false;
  const generation = deps.generators.begin(consumerOf(gathered));
  const { fetched, result: state } = await generation.run(
    () => fetchData(deps, { ...requestOf(gathered, decision.reason, startedAt, pass), generation }),
    (fetched) => target.bring(fetched),
    pass.signal,
  );
  await reportSuccess(deps, gathered, { state, startedAt, fetched }, pass.signal);
  return again(deps, gathered, untilNext(gathered.refresh, startedAt, deps.clock.now()));
}

function requestOf(
  gathered: Gathered,
  reason: RefreshReason,
  now: number,
  pass: Pass,
): Omit<Parameters<typeof fetchData>[1], 'generation'> {
  const { refresh, record } = gathered;
  const mayShare = reason === 'interval' || reason === 'first sync';
  const dueAt = reason === 'interval' && record.readAt !== undefined ? nextRead(refresh, record.readAt) : now;
  return {
    spec: gathered.spec,
    namespace: gathered.namespace,
    notBefore: mayShare ? freshSince(now, refresh.intervalMs, dueAt) : now,
    urgent: reason === 'changed',
    patienceMs: patienceOf(reason, refresh.intervalMs, pass.crowded === true),
    signal: pass.signal,
  };
}

/** Another operator's, by the class of a generator. Asked only when something would be done. */
async function isForeign(deps: Deps, { es, namespace }: Gathered, pass: Pass): Promise<boolean> {
  for (const ref of generatorRefsOf(es)) {
    if (await deps.generators.isForeign(ref, namespace, pass.signal)) return true;
  }
  return false;
}

function consumerOf({ object, namespace }: Gathered): Consumer {
  const { name, uid } = object;
  return { apiVersion: apiVersionOf(externalSecrets), kind: 'ExternalSecret', namespace, name, uid };
}

async function targetOf(deps: Deps, gathered: Gathered, pass: Pass): Promise<SyncTarget> {
  if (gathered.manifest !== undefined) return manifestTarget(deps, gathered, gathered.manifest, pass.signal);
  deps.manifests?.release(gathered.object.key);
  return new SecretTarget(deps, gathered, pass.signal);
}

function again(deps: Deps, gathered: Gathered, requeueAfterMs: number | undefined): PassOutcome {
  const { record, refresh } = gathered;
  record.due =
    requeueAfterMs === undefined
      ? undefined
      : { at: deps.clock.now() + requeueAfterMs, intervalMs: refresh.intervalMs };
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

function forget(deps: Deps, key: string): PassOutcome {
  deps.records.forget(key);
  deps.forgetDependencies(key);
  deps.manifests?.release(key);
  deps.metrics.forget(key);
  return {};
}

/**
 * The object is being deleted. The owner reference takes an owned target along, and only what has none needs cleaning up; then the
 * finalizer goes, ours or the peer's, which would hold the object for ever (D2).
 */
async function finish(deps: Deps, es: StoredExternalSecret, pass: Pass): Promise<PassOutcome> {
  await cleanUpManifest(deps, es, pass.signal);
  await dropPeerFinalizer(deps.client, es, pass.signal);
  return {};
}
