/**
 * Who may write a destination (D30). Two PushSecrets on one destination: the older keeps it. A whole remote key overlaps all its
 * properties; different properties of one key are no conflict. What a PushSecret claims is read out of the object alone: the entries
 * of its spec for stores it names, and what its status says it pushed. Which stores are one place is said by {@link StoreCatalogue}.
 */
import type { PushSecret } from '../../api/push-secret.ts';
import type { StoreRef } from '../store-gate.ts';
import type { Deps, StoredPushSecret } from './deps.ts';
import { storeRefOfStatusKey } from './names.ts';

type ClaimDeps = Pick<Deps, 'pushSecrets' | 'stores'>;

/** In the store `store`, as the namespace of the PushSecret sees it. */
export interface Claim {
  readonly store: StoreRef;
  readonly remoteKey: string;
  readonly property?: string | undefined;
}

/** Values of the `remoteKey` index. */
export function remoteKeysOf(ps: StoredPushSecret): readonly string[] {
  return [...new Set(claimsOf(ps).map(({ remoteKey }) => remoteKey))];
}

/** The older PushSecret that keeps the destination from `ps`, if there is one. */
export function olderClaimant(deps: ClaimDeps, ps: StoredPushSecret, claim: Claim): StoredPushSecret | undefined {
  return rivals(deps, ps, claim).find((other) => isOlder(other, ps));
}

/** Does anybody else count on what is there? Then it is not ours to remove. */
export function isClaimedByOthers(deps: ClaimDeps, ps: StoredPushSecret, claim: Claim): boolean {
  return othersAt(deps, ps, claim).some((other) => other.metadata.deletionTimestamp === undefined);
}

/** PushSecrets that cannot have the destination together with `ps`: not those with whom it shares a ClusterPushSecret. */
export function rivals(deps: ClaimDeps, ps: StoredPushSecret, claim: Claim): readonly StoredPushSecret[] {
  const parent = parentOf(ps);
  return othersAt(deps, ps, claim, (other) => parent === undefined || parentOf(other) !== parent);
}

function othersAt(
  { pushSecrets, stores }: ClaimDeps,
  ps: StoredPushSecret,
  claim: Claim,
  counts: (other: StoredPushSecret) => boolean = () => true,
): readonly StoredPushSecret[] {
  const others = pushSecrets
    .byIndex('remoteKey', claim.remoteKey)
    .filter((other) => other.metadata.uid !== ps.metadata.uid && counts(other));
  if (others.length === 0) return others;
  const place = stores.placeOf(claim.store, ps.metadata.namespace ?? '');
  return others.filter((other) => {
    const namespace = other.metadata.namespace ?? '';
    return claimsOf(other).some(
      (theirs) => overlap(theirs, claim) && stores.placeOf(theirs.store, namespace) === place,
    );
  });
}

/** Objects from a cache do not change, and claims are compared often. */
const claims = new WeakMap<StoredPushSecret, readonly Claim[]>();

export function claimsOf(ps: StoredPushSecret): readonly Claim[] {
  const known = claims.get(ps) ?? collect(ps);
  claims.set(ps, known);
  return known;
}

function collect({ spec, status }: PushSecret): readonly Claim[] {
  const named = (spec?.secretStoreRefs ?? []).filter(({ name, labelSelector }) => name !== undefined && !labelSelector);
  const wanted = named.flatMap(({ kind, name }) =>
    (spec?.data ?? []).map(({ match }) => ({ store: { kind, name: name! }, ...match.remoteRef })),
  );
  const pushed = Object.entries(status?.syncedPushSecrets ?? {}).flatMap(([key, entries]) =>
    Object.values(entries).map(({ match }) => ({ store: storeRefOfStatusKey(key), ...match.remoteRef })),
  );
  return [...wanted, ...pushed].map(({ store, remoteKey, property }) => ({ store, remoteKey, property }));
}

/** Of `next`, what is not in `before`. */
export function newClaims(before: readonly Claim[], next: readonly Claim[]): readonly Claim[] {
  const text = ({ store, remoteKey, property = '' }: Claim): string =>
    JSON.stringify([store.kind, store.name, remoteKey, property]);
  const known = new Set(before.map(text));
  return next.filter((claim) => !known.has(text(claim)));
}

function overlap(a: Claim, b: Claim): boolean {
  if (a.remoteKey !== b.remoteKey) return false;
  const whole = (property: string | undefined): boolean => property === undefined || property === '';
  return whole(a.property) || whole(b.property) || a.property === b.property;
}

export function isOlder(a: StoredPushSecret, b: StoredPushSecret): boolean {
  const [first = '', second = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return first === second ? a.metadata.uid < b.metadata.uid : first < second;
}

function parentOf({ metadata }: StoredPushSecret): string | undefined {
  return metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === 'ClusterPushSecret')
    ?.uid;
}
