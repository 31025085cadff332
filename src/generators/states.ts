/**
 * GeneratorStates as they lie in the cluster: what remembers, beyond this process, that something at a backend must be taken away. Names,
 * labels and finalizer are the peer's (`behaviour.md` 4.3), so that either operator goes on where the other stopped.
 */
import { createHash } from 'node:crypto';
import type { GeneratorState } from '../api/generators/generator-state.ts';
import { generatorStates } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import { apiVersionOf, type Stored } from '../kube/types.ts';
import type { Manifest } from './resolve.ts';

export type StoredState = Stored<GeneratorState>;

export const STATE_FINALIZER = 'generatorstate.externalsecrets.io/finalizer';
export const OWNER_KEY = 'generators.external-secrets.io/owner-key';

/** The object that uses a generator, and that its states belong to. */
export interface Consumer {
  readonly apiVersion: string;
  readonly kind: 'ExternalSecret' | 'PushSecret';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** `slot`: the index of the entry in `dataFrom`, or `__pushsecret`. */
export function ownerKey({ kind, namespace, name }: Consumer, slot: string): string {
  return createHash('sha3-224').update(`${kind}-${namespace}-${name}-${slot}`, 'utf8').digest('hex');
}

/** UIDs of the owners: the index by which a consumer's states are found. */
export function ownersOf(state: StoredState): readonly string[] {
  return (state.metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

export interface NewState {
  readonly consumer: Consumer;
  readonly slot: string;
  readonly resource: Manifest;
  readonly state: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds; undefined: in use. */
  readonly deadline?: number | undefined;
}

export function createState(client: KubeClient, made: NewState, signal: AbortSignal): Promise<StoredState> {
  const { consumer, slot, resource, state, deadline } = made;
  const { apiVersion, kind, namespace, name, uid } = consumer;
  const object: GeneratorState = {
    apiVersion: apiVersionOf(generatorStates),
    kind: generatorStates.kind,
    metadata: {
      generateName: `gen-${kind.toLowerCase()}-${name}-`,
      namespace,
      labels: { [OWNER_KEY]: ownerKey(consumer, slot) },
      ownerReferences: [{ apiVersion, kind, name, uid }],
      finalizers: [STATE_FINALIZER],
    },
    spec: {
      resource,
      state,
      ...(deadline === undefined ? {} : { garbageCollectionDeadline: timestamp(deadline) }),
    },
  };
  return client.create(generatorStates, object, { signal });
}

/** It is not in use any more: at `deadline` (epoch milliseconds) it goes. One that is gone already is fine. */
export async function setDeadline(
  client: KubeClient,
  { metadata }: StoredState,
  deadline: number,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = metadata;
  const patch = { spec: { garbageCollectionDeadline: timestamp(deadline) } };
  try {
    await client.patch(generatorStates, { namespace, name }, patch, { signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** Neither flagged nor going. */
export function isInUse(state: StoredState): boolean {
  return state.metadata.deletionTimestamp === undefined && deadlineOf(state) === undefined;
}

/** Epoch milliseconds; undefined: none, or one that cannot be read. */
export function deadlineOf({ spec }: StoredState): number | undefined {
  const at = Date.parse(spec?.garbageCollectionDeadline ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Which states of one slot end now that another credential is in use: all but the newest of those before it, which stays one refresh
 * longer so that whoever read the Secret late is not cut off.
 */
export function outdated(before: readonly StoredState[]): readonly StoredState[] {
  return before.toSorted(byAge).slice(0, -1);
}

/** Times have a precision of seconds; versions, which only grow, break the tie. */
function byAge(a: StoredState, b: StoredState): number {
  const byTime = Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '');
  return byTime || Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion);
}

function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
