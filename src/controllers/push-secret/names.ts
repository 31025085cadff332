/**
 * The names a PushSecret leaves in the cluster and in its status. They are the peer's to the byte (`behaviour.md` 0.1, 3.5), so that
 * an installation changes hands without losing track of what it pushed.
 */
import type { StoreRef } from '../store-gate.ts';

export const PUSH_FINALIZER = 'pushsecret.externalsecrets.io/finalizer';
/** On a SecretStore that is still needed to clean up (`behaviour.md` 2.4). */
export const STORE_FINALIZER = 'secretstore.externalsecrets.io/finalizer';

/** Key of `status.syncedPushSecrets`. */
export function statusStoreKey({ kind, name }: StoreRef): string {
  return `${kind}/${name}`;
}

/** The inverse of {@link statusStoreKey}. */
export function storeRefOfStatusKey(key: string): StoreRef {
  const slash = key.indexOf('/');
  const kind = key.slice(0, slash) === 'ClusterSecretStore' ? 'ClusterSecretStore' : 'SecretStore';
  return { kind, name: key.slice(slash + 1) };
}

/** Key inside `status.syncedPushSecrets[store]`. */
export function statusEntryKey(remoteKey: string, property: string | undefined): string {
  return property === undefined || property === '' ? remoteKey : `${remoteKey}/${property}`;
}
