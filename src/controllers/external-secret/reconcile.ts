/**
 * One pass over one ExternalSecret, as a table of contents: gather → refresh? → fetch → render → apply → status. Each step is a
 * file of its own; this one only says what follows what.
 */
import { externalSecrets } from '../../api/resources.ts';
import type { Consumer } from '../../generators/index.ts';
import { apiVersionOf } from '../../kube/types.ts';
import {
  applyTarget,
  deleteExactly,
  deleteTarget,
  desiredPrint,
  ownsTarget,
  recordOf,
  readSecret,
  releaseTarget,
  type Target,
} from './apply.ts';
import type { Deps, StoredExternalSecret } from './deps.ts';
import { fetchData, type Fetched } from './fetch.ts';
import { gather, generatorRefsOf, type Gathered } from './gather.ts';
import { createdByOf } from './names.ts';
import { dropPeerFinalizer } from './peer-finalizer.ts';
import { Problem } from './problem.ts';
import { lastSyncOf, readyCondition } from './records.ts';
import { decideRefresh, untilNext, type RefreshReason } from './refresh.ts';
import { renderTarget } from './render.ts';
import { reportFailure, reportSuccess } from './report.ts';
import { READY, type ReadyState } from './status.ts';
import { targetValidity } from './validity.ts';
import { freshSince } from './wave.ts';
import { hashData } from './hash.ts';
import { decodedData } from './secret-object.ts';

export interface Pass {
  readonly signal: AbortSignal;
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
  deps.metrics.started(gathered.object, readyCondition({ status: gathered.status ?? {} })?.status);
  try {
    return await sync(deps, gathered, pass);
  } catch (error) {
    pass.signal.throwIfAborted();
    return await reportFailure(deps, gathered, error, pass.signal);
  }
}

async function sync(deps: Deps, gathered: Gathered, pass: Pass): Promise<PassOutcome> {
  if ((gathered.problem !== undefined || gathered.mustRelease) && (await isForeign(deps, gathered, pass))) return {};
  if (gathered.problem !== undefined) throw gathered.problem;
  const target = targetOf(deps, gathered, pass);
  if (gathered.mustRelease) await releaseTarget(target, gathered.targetName);
  const decision = decideRefresh(
    gathered.refresh,
    lastSyncOf(gathered.record),
    gathered.version,
    await isTargetValid(target, gathered),
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
    (data) => act(deps, target, gathered, data),
    pass.signal,
  );
  await reportSuccess(deps, gathered, { state, startedAt, fetched }, pass.signal);
  return again(deps, gathered, untilNext(gathered.refresh, startedAt, deps.clock.now()));
}

/** Deletes, keeps or writes the target, as the policies say for what came back. */
async function act(deps: Deps, target: Target, gathered: Gathered, fetched: Fetched): Promise<ReadyState> {
  if (fetched.data.size === 0) {
    const { deletionPolicy } = gathered.spec.target;
    if (deletionPolicy === 'Retain') return READY.retained;
    if (deletionPolicy === 'Delete') return remove(deps, target, gathered);
  }
  const desired = await renderTarget({
    es: gathered.es,
    targetName: gathered.targetName,
    data: fetched.data,
    engine: deps.engine,
    readTemplate: (kind, name, item) => deps.readTemplate(gathered.dependent, kind, name, item, target.signal),
  });
  const applied = await applyTarget(target, desired, gathered.record);
  gathered.record.target = applied.target;
  gathered.record.desired = desiredPrint(desired);
  if (applied.outcome === 'created' || applied.outcome === 'updated')
    await dropPeerFinalizer(deps.client, gathered.es, target.signal);
  if (applied.outcome === 'created') deps.events.created(gathered.object, gathered.targetName);
  if (applied.outcome === 'updated') deps.events.updated(gathered.object, gathered.targetName);
  // Last: the old Secret stays in use until the new one stands.
  await removeOrphans(deps, target, gathered);
  return applied.outcome === 'missing' ? READY.missing : READY.synced;
}

async function remove(deps: Deps, target: Target, gathered: Gathered): Promise<ReadyState> {
  if (gathered.spec.target.creationPolicy !== 'Owner') {
    throw new Problem(
      'delete',
      `spec.target.deletionPolicy Delete needs creationPolicy Owner, not ${gathered.spec.target.creationPolicy}: only an owned Secret may be deleted`,
      { permanent: true },
    );
  }
  if (await deleteTarget(target, gathered.targetName)) deps.events.deleted(gathered.object, gathered.targetName);
  gathered.record.target = undefined;
  return READY.deleted;
}

/** After a rename of the target: Secrets that carry our mark under another name go (Owner only). */
async function removeOrphans(deps: Deps, target: Target, gathered: Gathered): Promise<void> {
  if (gathered.spec.target.creationPolicy !== 'Owner') return;
  const mark = createdByOf(target.owner.namespace, target.owner.name);
  for (const view of deps.targetsCreatedBy(target.owner.namespace, mark)) {
    if (
      view.name === gathered.targetName ||
      !ownsTarget(target.owner, { ownerReferences: view.controller === undefined ? [] : [view.controller] })
    )
      continue;
    try {
      if (await deleteExactly(target, view.name, view.uid)) deps.events.deleted(gathered.object, view.name);
    } catch (error) {
      throw new Problem(
        'orphans',
        `Secret ${view.namespace}/${view.name}: ${error instanceof Error ? error.message : 'unknown error'}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** Reads the body only when the cached metadata cannot tell, and remembers what it said (D51). */
async function isTargetValid(target: Target, gathered: Gathered): Promise<boolean> {
  const { record } = gathered;
  const validity = targetValidity(target.owner.creationPolicy, target.view, record.target);
  if (validity !== 'unknown') return validity === 'valid';
  const secret = await readSecret(target, gathered.targetName);
  if (secret === undefined) return false;
  const found = recordOf(secret);
  if (found.dataHash !== hashData(decodedData(secret))) return false;
  // The same data, whoever wrote it. What metadata we last compared with stays: it may have drifted in the same write.
  record.target = { ...found, metaPrint: record.target?.metaPrint ?? found.metaPrint };
  return true;
}

function requestOf(
  gathered: Gathered,
  reason: RefreshReason,
  now: number,
  pass: Pass,
): Omit<Parameters<typeof fetchData>[1], 'generation'> {
  const mayShare = reason === 'interval' || reason === 'first sync';
  return {
    spec: gathered.spec,
    namespace: gathered.namespace,
    notBefore: mayShare ? freshSince(now, gathered.refresh.intervalMs) : now,
    urgent: reason === 'changed',
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

function targetOf(deps: Deps, gathered: Gathered, pass: Pass): Target {
  return { client: deps.client, owner: gathered.owner, view: gathered.view, signal: pass.signal };
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
  deps.metrics.forget(key);
  return {};
}

/**
 * The object is being deleted: nothing of ours needs cleaning up (the owner reference takes the Secret along), but the peer's
 * finalizer would hold it for ever (D2).
 */
async function finish(deps: Deps, es: StoredExternalSecret, pass: Pass): Promise<PassOutcome> {
  await dropPeerFinalizer(deps.client, es, pass.signal);
  return {};
}
