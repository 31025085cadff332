/**
 * Arithmetic on `status.syncedPushSecrets`: what is in which backend because of a PushSecret, by store and entry. Pure.
 */
import type { PushSecretData, PushSecretStatus } from '../../api/push-secret.ts';
import { statusEntry, type StorePlan } from './plan.ts';

/** By `<Kind>/<name>` of the store, then by remote key and property. */
export type Synced = NonNullable<PushSecretStatus['syncedPushSecrets']>;

/** What the plans will have put there. */
export function plannedEntries(plans: readonly StorePlan[]): Synced {
  return normalized(
    plans.map(({ store, entries }) => [
      store.key,
      Object.fromEntries([...entries].map(([key, entry]) => [key, statusEntry(entry)])),
    ]),
  );
}

/** Without the entries that existed before us or that nobody tries to push, unless we made them before (they are known already). */
export function ours(planned: Synced, attempted: Attempted, known: Synced): Synced {
  return filtered(
    planned,
    (store, key) => attempted.get(store)?.has(key) === true || known[store]?.[key] !== undefined,
  );
}

/** By store, the keys in status of entries that are written in this pass, or are found to be there as they should be. */
export type Attempted = ReadonlyMap<string, ReadonlySet<string>>;

/** Both; where they differ `next` wins. */
export function union(before: Synced, next: Synced): Synced {
  const stores = new Set([...Object.keys(before), ...Object.keys(next)]);
  return normalized([...stores].map((store) => [store, { ...before[store], ...next[store] }]));
}

/** What is in `before` and not in `wanted`. */
export function difference(before: Synced, wanted: Synced): Synced {
  return filtered(before, (store, key) => wanted[store]?.[key] === undefined);
}

export function isEmpty(synced: Synced): boolean {
  return Object.keys(synced).length === 0;
}

/** `SecretStore/sm: a, b/user`, for people. */
export function describe(synced: Synced): string {
  return Object.entries(synced)
    .map(([store, entries]) => `${store}: ${Object.keys(entries).join(', ')}`)
    .join('; ');
}

export function filtered(synced: Synced, keep: (store: string, key: string, entry: PushSecretData) => boolean): Synced {
  return normalized(
    Object.entries(synced).map(([store, entries]) => [
      store,
      Object.fromEntries(Object.entries(entries).filter(([key, entry]) => keep(store, key, entry))),
    ]),
  );
}

/** Stores and keys in byte order, no store without entries: so equal ones look equal. */
function normalized(stores: readonly (readonly [string, Readonly<Record<string, PushSecretData>>])[]): Synced {
  const kept = stores.filter(([, entries]) => Object.keys(entries).length > 0);
  return Object.fromEntries(
    kept.sort(byKey).map(([store, entries]) => [store, Object.fromEntries(Object.entries(entries).sort(byKey))]),
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
