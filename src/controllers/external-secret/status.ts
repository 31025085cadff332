/**
 * What a person sees of a pass: the Ready condition, the refresh time, events, metrics. Writes only what changed, and the refresh
 * time no more often than its heartbeat (D9, D52, D56).
 */
import type { ExternalSecret, ExternalSecretCondition, ExternalSecretStatus } from '../../api/external-secret.ts';
import { externalSecrets } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Stored } from '../../kube/types.ts';
import { patchStatus } from '../status-patch.ts';
import { timestamp } from '../timestamp.ts';
import { readyCondition } from './records.ts';

export type FailureReason = 'SecretSyncedError' | 'ResourceSyncedError';
export type ReadyReason =
  | 'SecretSynced'
  | 'SecretDeleted'
  | 'SecretMissing'
  | 'ResourceSynced'
  | 'ResourceDeleted'
  | 'ResourceMissing'
  | FailureReason;

export interface ReadyState {
  readonly ready: boolean;
  readonly reason: ReadyReason;
  readonly message: string;
}

export const READY: Record<'synced' | 'retained' | 'deleted' | 'missing', ReadyState> = {
  synced: { ready: true, reason: 'SecretSynced', message: 'secret synced' },
  retained: { ready: true, reason: 'SecretSynced', message: 'secret retained due to DeletionPolicy=Retain' },
  deleted: { ready: true, reason: 'SecretDeleted', message: 'secret deleted due to DeletionPolicy=Delete' },
  missing: { ready: true, reason: 'SecretMissing', message: 'secret will not be created due to CreationPolicy=Merge' },
};

/** The same where the target is no Secret. */
export const RESOURCE_READY: typeof READY = {
  synced: { ready: true, reason: 'ResourceSynced', message: 'resource synced' },
  retained: { ready: true, reason: 'ResourceSynced', message: 'resource retained due to DeletionPolicy=Retain' },
  deleted: { ready: true, reason: 'ResourceDeleted', message: 'resource deleted due to DeletionPolicy=Delete' },
  missing: {
    ready: true,
    reason: 'ResourceMissing',
    message: 'resource will not be created due to CreationPolicy=Merge',
  },
};

export interface Success {
  readonly state: ReadyState;
  /** When the pass that read the backend began, epoch ms. */
  readonly refreshedAt: number;
  /** The version string of the object that was synced. */
  readonly version: string;
  /** The Secret that was written; undefined leaves `status.binding` as it is. */
  readonly boundTo: string | undefined;
  /** A stored refresh time younger than this is not written again for its own sake. */
  readonly heartbeatMs: number;
  /** OnChange: the condition moves with the refresh time, as health checks compare the two (Q34). */
  readonly moveTransition: boolean;
}

/** The status after a success; the same object when nothing is worth a write. */
export function succeeded(current: ExternalSecretStatus | undefined, success: Success): ExternalSecretStatus {
  const time = timestamp(success.refreshedAt);
  const condition = conditionOf(success.state, readyCondition({ status: current ?? {} }), time, success.moveTransition);
  const next: ExternalSecretStatus = {
    ...current,
    refreshTime: time,
    syncedResourceVersion: success.version,
    conditions: withReady(current?.conditions, condition),
    ...(success.boundTo === undefined ? {} : { binding: { name: success.boundTo } }),
  };
  const onlyHeartbeat = sameButRefreshTime(current, next);
  if (!onlyHeartbeat) return next;
  const stored = Date.parse(current?.refreshTime ?? '');
  return success.refreshedAt - stored >= success.heartbeatMs ? next : current!;
}

/** The status after a failure: only the condition moves, so that what was synced stays known. */
export function failedWith(
  current: ExternalSecretStatus | undefined,
  message: string,
  now: number,
  reason: FailureReason = 'SecretSyncedError',
): ExternalSecretStatus {
  const state: ReadyState = { ready: false, reason, message };
  const before = readyCondition({ status: current ?? {} });
  const condition = conditionOf(state, before, timestamp(now), false);
  if (before !== undefined && isSame(before, condition)) return current!;
  return { ...current, conditions: withReady(current?.conditions, condition) };
}

/** Writes `next` when it differs from what is stored. */
export async function writeStatus(
  client: KubeClient,
  es: Stored<ExternalSecret>,
  next: ExternalSecretStatus,
  signal: AbortSignal,
): Promise<Stored<ExternalSecret> | undefined> {
  return next === es.status ? undefined : patchStatus<ExternalSecret>(client, externalSecrets, es, next, signal);
}

function conditionOf(
  state: ReadyState,
  before: ExternalSecretCondition | undefined,
  time: string,
  moveTransition: boolean,
): ExternalSecretCondition {
  const status = state.ready ? 'True' : 'False';
  const kept = before?.status === status && !moveTransition ? before.lastTransitionTime : undefined;
  return { type: 'Ready', status, reason: state.reason, message: state.message, lastTransitionTime: kept ?? time };
}

function withReady(
  conditions: ExternalSecretStatus['conditions'],
  ready: ExternalSecretCondition,
): readonly ExternalSecretCondition[] {
  return [ready, ...(conditions ?? []).filter((condition) => condition.type !== 'Ready')];
}

function sameButRefreshTime(current: ExternalSecretStatus | undefined, next: ExternalSecretStatus): boolean {
  if (current?.refreshTime === undefined || current.refreshTime === null) return false;
  const before = readyCondition({ status: current });
  const after = readyCondition({ status: next });
  return (
    before !== undefined &&
    isSame(before, after!) &&
    current.syncedResourceVersion === next.syncedResourceVersion &&
    (current.binding?.name ?? '') === (next.binding?.name ?? '')
  );
}

function isSame(a: ExternalSecretCondition, b: ExternalSecretCondition): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message;
}
