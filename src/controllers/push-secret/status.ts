/**
 * What a person sees of a pass: the Ready condition, when it was last pushed, and what is where. Writes only what changed, and the
 * refresh time no more often than its heartbeat (D9).
 */
import { isDeepStrictEqual } from 'node:util';
import type { PushSecret, PushSecretStatus } from '../../api/push-secret.ts';
import { pushSecrets } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import { patchStatus } from '../status-patch.ts';
import { timestamp } from '../timestamp.ts';
import type { StoredPushSecret } from './deps.ts';
import { readyCondition } from './records.ts';
import type { Synced } from './synced-entries.ts';

export type Reason = 'Synced' | 'Errored' | 'SourceDeleted';

export interface State {
  readonly reason: Reason;
  readonly message: string;
}

export interface Success {
  readonly state: State;
  /** When the pass began, epoch ms. */
  readonly startedAt: number;
  readonly version: string;
  readonly sourceVersion: string;
  readonly synced: Synced;
  /** A stored refresh time younger than this is not written again for its own sake. */
  readonly heartbeatMs: number;
}

/** The status after a success; the same object when nothing is worth a write. */
export function succeeded(current: PushSecretStatus | undefined, success: Success): PushSecretStatus {
  const { state, startedAt, version, sourceVersion, synced, heartbeatMs } = success;
  const next: PushSecretStatus = {
    ...withCondition(current, state, startedAt),
    refreshTime: timestamp(startedAt),
    syncedResourceVersion: version,
    sourceVersion,
    syncedPushSecrets: synced,
  };
  const stored = Date.parse(current?.refreshTime ?? '');
  const isYoung = startedAt - stored < heartbeatMs;
  return isYoung && sameBut(current, next, 'refreshTime') ? current! : next;
}

/** Only the condition, and what is where, move: what was synced before stays known. The same object when nothing changed. */
export function withState(
  current: PushSecretStatus | undefined,
  state: State,
  synced: Synced,
  now: number,
): PushSecretStatus {
  const next = { ...withCondition(current, state, now), syncedPushSecrets: synced };
  return sameBut(current, next) ? current! : next;
}

/** Before the first write: what is about to be there, so that it is cleaned up even if we die in between. */
export function withIntent(current: PushSecretStatus | undefined, synced: Synced): PushSecretStatus {
  const next = { ...current, syncedPushSecrets: synced };
  return sameBut(current, next) ? current! : next;
}

function withCondition(
  current: PushSecretStatus | undefined,
  { reason, message }: State,
  now: number,
): PushSecretStatus {
  const status = reason === 'Synced' ? 'True' : 'False';
  const before = readyCondition(current);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : undefined;
  const ready = { type: 'Ready', status, reason, message, lastTransitionTime: lastTransitionTime ?? timestamp(now) };
  const others = (current?.conditions ?? []).filter(({ type }) => type !== 'Ready');
  return { ...current, conditions: [ready, ...others] };
}

function sameBut(
  a: PushSecretStatus | undefined,
  b: PushSecretStatus,
  ...ignored: (keyof PushSecretStatus)[]
): boolean {
  if (a === undefined) return false;
  // As JSON has it: without members that are undefined. The API server sorts members, so their order says nothing.
  const plain = (status: PushSecretStatus): unknown => {
    const rest = Object.fromEntries(ignored.map((name) => [name, undefined]));
    return JSON.parse(JSON.stringify({ syncedPushSecrets: {}, ...status, ...rest }));
  };
  return isDeepStrictEqual(plain(a), plain(b));
}

/** Replaces the stored status. Undefined: the object is gone. */
export async function writeStatus(
  client: KubeClient,
  ps: StoredPushSecret,
  next: PushSecretStatus,
  signal: AbortSignal,
): Promise<StoredPushSecret | undefined> {
  try {
    return await patchStatus<PushSecret>(client, pushSecrets, ps, next, signal);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
