/**
 * The Ready condition of a store: what was checked and what came out, no more than that (Q31). Written only when it changed.
 */
import { clusterSecretStores, secretStores } from '../../api/resources.ts';
import type { SecretStore } from '../../api/secret-store.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Capabilities, Maintenance, StoreKind } from '../../providers/provider.ts';
import { patchStatus } from '../status-patch.ts';
import { timestamp } from '../timestamp.ts';
import type { StoreObject } from '../store-gate.ts';

export const STORE_REASONS = {
  valid: 'Valid',
  unknown: 'ValidationUnknown',
  invalid: 'InvalidProviderConfig',
} as const;

export interface StoreVerdict {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  readonly capabilities?: Capabilities;
  readonly maintenance?: { readonly provider: string; readonly maintenance: Maintenance };
  /** What decides when to look again, if not the interval. Undefined with ready=false: only a change can help. */
  readonly retry: unknown;
}

export interface StoreCondition {
  readonly type: 'Ready';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export function conditionFor(
  verdict: StoreVerdict,
  before: { readonly status?: string; readonly lastTransitionTime?: string | undefined } | undefined,
  now: number,
): StoreCondition {
  const status = verdict.ready ? 'True' : 'False';
  const kept = before?.status === status ? before.lastTransitionTime : undefined;
  return {
    type: 'Ready',
    status,
    reason: verdict.reason,
    message: verdict.message,
    lastTransitionTime: kept ?? timestamp(now),
  };
}

/** @returns whether the store still exists. */
export async function writeStoreStatus(
  client: KubeClient,
  kind: StoreKind,
  store: StoreObject,
  condition: StoreCondition,
  capabilities: Capabilities | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const others = (store.status?.conditions ?? []).filter((each) => each.type !== 'Ready');
  const before = store.status?.conditions?.find((each) => each.type === 'Ready');
  const nextCapabilities = capabilities ?? store.status?.capabilities;
  if (isSame(before, condition) && nextCapabilities === store.status?.capabilities) return true;
  const resource = kind === 'SecretStore' ? secretStores : clusterSecretStores;
  const status = {
    conditions: [condition, ...others],
    ...(nextCapabilities === undefined ? {} : { capabilities: nextCapabilities }),
  };
  try {
    await patchStatus<SecretStore>(client, resource, store, status, signal);
    return true;
  } catch (error) {
    // Deleted while it was checked: nobody is left to tell.
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

function isSame(
  before:
    | { readonly status?: string; readonly reason?: string | undefined; readonly message?: string | undefined }
    | undefined,
  next: StoreCondition,
): boolean {
  return before?.status === next.status && before.reason === next.reason && before.message === next.message;
}
