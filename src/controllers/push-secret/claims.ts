/**
 * Who may write a destination (D30). Two PushSecrets on one destination: the older keeps it. A whole remote key overlaps all its
 * properties; different properties of one key are no conflict. What a PushSecret claims is read out of the object alone: the entries
 * of its spec for stores it names, and what its status says it pushed.
 */
import type { PushSecret } from '../../api/push-secret.ts';
import { storeKey, type StoreRef } from '../store-gate.ts';
import type { Deps, StoredPushSecret } from './deps.ts';
import { storeRefOfStatusKey } from './names.ts';
import type { TargetStore } from './stores.ts';

export interface Destination {
  readonly remoteKey: string;
  readonly property?: string | undefined;
}

interface Claim extends Destination {
  readonly store: StoreRef;
}

/** Values of the `destination` index: one per store and remote key. */
export function destinationsOf(ps: StoredPushSecret): readonly string[] {
  const namespace = ps.metadata.namespace ?? '';
  return [...new Set(claimsOf(ps).map(({ store, remoteKey }) => indexKey(store, namespace, remoteKey)))];
}

/** The older PushSecret that keeps `destination` from `ps`, if there is one. */
export function olderClaimant(
  deps: Pick<Deps, 'pushSecrets' | 'stores'>,
  ps: StoredPushSecret,
  store: TargetStore,
  destination: Destination,
): StoredPushSecret | undefined {
  return claimants(deps, ps, store.ref, destination).find((other) => isOlder(other, ps));
}

/** Does anybody else count on what is there? Then it is not ours to remove. */
export function isClaimedByOthers(
  deps: Pick<Deps, 'pushSecrets' | 'stores'>,
  ps: StoredPushSecret,
  store: StoreRef,
  destination: Destination,
): boolean {
  const others = othersAt(deps, ps, store, destination);
  return others.some((other) => other.metadata.deletionTimestamp === undefined);
}

/** Those that can be in conflict: not those with whom it shares a ClusterPushSecret. */
function claimants(
  deps: Pick<Deps, 'pushSecrets' | 'stores'>,
  ps: StoredPushSecret,
  store: StoreRef,
  destination: Destination,
): readonly StoredPushSecret[] {
  const parent = parentOf(ps);
  return othersAt(deps, ps, store, destination).filter((other) => parent === undefined || parentOf(other) !== parent);
}

function othersAt(
  { pushSecrets, stores }: Pick<Deps, 'pushSecrets' | 'stores'>,
  ps: StoredPushSecret,
  store: StoreRef,
  destination: Destination,
): readonly StoredPushSecret[] {
  const namespace = ps.metadata.namespace ?? '';
  const place = stores.placeOf(store, namespace);
  return pushSecrets
    .byIndex('destination', indexKey(store, namespace, destination.remoteKey))
    .filter((other) => other.metadata.uid !== ps.metadata.uid)
    .filter((other) => stores.placeOf(store, other.metadata.namespace ?? '') === place)
    .filter((other) => claimsOf(other).some((claim) => isSameStore(claim.store, store) && overlap(claim, destination)));
}

function claimsOf({ spec, status }: PushSecret): readonly Claim[] {
  const named = (spec?.secretStoreRefs ?? []).filter(({ name, labelSelector }) => name !== undefined && !labelSelector);
  const wanted = named.flatMap(({ kind, name }) =>
    (spec?.data ?? []).map(({ match }) => ({ store: { kind, name: name! }, ...match.remoteRef })),
  );
  const pushed = Object.entries(status?.syncedPushSecrets ?? {}).flatMap(([key, entries]) =>
    Object.values(entries).map(({ match }) => ({ store: storeRefOfStatusKey(key), ...match.remoteRef })),
  );
  return [...wanted, ...pushed].map(({ store, remoteKey, property }) => ({ store, remoteKey, property }));
}

function overlap(a: Destination, b: Destination): boolean {
  if (a.remoteKey !== b.remoteKey) return false;
  const whole = (property: string | undefined): boolean => property === undefined || property === '';
  return whole(a.property) || whole(b.property) || a.property === b.property;
}

function isSameStore(a: StoreRef, b: StoreRef): boolean {
  return a.kind === b.kind && a.name === b.name;
}

export function isOlder(a: StoredPushSecret, b: StoredPushSecret): boolean {
  const [first = '', second = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return first === second ? a.metadata.uid < b.metadata.uid : first < second;
}

function parentOf({ metadata }: StoredPushSecret): string | undefined {
  return metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === 'ClusterPushSecret')
    ?.uid;
}

function indexKey(store: StoreRef, namespace: string, remoteKey: string): string {
  return `${storeKey(store, namespace)}\n${remoteKey}`;
}
