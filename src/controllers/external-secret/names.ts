/**
 * The names an ExternalSecret leaves in the cluster: labels, annotations, finalizer, field manager. They are the peer's to the
 * byte (`behaviour.md` 0.1), so that an installation changes hands without a write.
 */
import { hashText } from './hash.ts';

export const MANAGED_LABEL = 'reconcile.external-secrets.io/managed';
export const CREATED_BY_LABEL = 'reconcile.external-secrets.io/created-by';
export const DATA_HASH_ANNOTATION = 'reconcile.external-secrets.io/data-hash';
/** Left by the peer on every ExternalSecret. We keep it only where something must be cleaned up, and remove it elsewhere (D2). */
export const PEER_FINALIZER = 'externalsecrets.external-secrets.io/externalsecret-cleanup';
export const FIELD_MANAGER_PREFIX = 'externalsecrets.external-secrets.io/';

/** The API server accepts no longer field manager in the form the peer writes it. */
const LONGEST_FIELD_MANAGER = 63;

/** Who we are in the `managedFields` of the target of the ExternalSecret called `name`. */
export function fieldManagerOf(name: string): string {
  const plain = FIELD_MANAGER_PREFIX + name;
  return plain.length <= LONGEST_FIELD_MANAGER ? plain : `${FIELD_MANAGER_PREFIX}sha3/${hashText(name)}`;
}

/** Value of the created-by label on targets of creationPolicy Owner. */
export function createdByOf(namespace: string, name: string): string {
  return hashText(`${namespace}/${name}`);
}
