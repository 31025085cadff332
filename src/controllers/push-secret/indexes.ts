/**
 * By what PushSecrets can be found when something else changes: their sources, their stores, the destinations they claim. Each depends
 * on nothing but the object.
 */
import { objectKey } from '../../kube/types.ts';
import type { StoreKind } from '../../providers/provider.ts';
import { storeKey } from '../store-gate.ts';
import { remoteKeysOf } from './claims.ts';
import type { StoredPushSecret } from './deps.ts';
import { storeRefOfStatusKey } from './names.ts';

export const pushSecretIndexes = {
  /** The Secret it names, as `namespace/name`. */
  source: (ps: StoredPushSecret): readonly string[] => {
    const name = ps.spec?.selector.secret?.name;
    return name === undefined ? [] : [objectKey(namespaceOf(ps), name)];
  },
  /** Its namespace, when it takes Secrets by their labels. */
  sourceLabels: (ps: StoredPushSecret): readonly string[] => {
    const { name, selector } = ps.spec?.selector.secret ?? {};
    return name === undefined && selector !== undefined ? [namespaceOf(ps)] : [];
  },
  /** Stores it names or has pushed to. */
  store: (ps: StoredPushSecret): readonly string[] => {
    const named = (ps.spec?.secretStoreRefs ?? []).flatMap(({ kind, name, labelSelector }) =>
      name === undefined || labelSelector !== undefined ? [] : [{ kind, name }],
    );
    const pushed = Object.keys(ps.status?.syncedPushSecrets ?? {}).map(storeRefOfStatusKey);
    return [...new Set([...named, ...pushed].map((ref) => storeKey(ref, namespaceOf(ps))))];
  },
  /** Where it looks for stores by their labels. */
  storeLabels: (ps: StoredPushSecret): readonly string[] => {
    const kinds = (ps.spec?.secretStoreRefs ?? []).flatMap(({ kind, labelSelector }) =>
      labelSelector === undefined ? [] : [kind],
    );
    return [...new Set(kinds)].map((kind) => storeScope(kind, namespaceOf(ps)));
  },
  /** Remote keys it claims, in whichever store. */
  remoteKey: remoteKeysOf,
  namespace: (ps: StoredPushSecret): readonly string[] => [namespaceOf(ps)],
} as const;

export type PushSecretIndex = keyof typeof pushSecretIndexes;

/** Value of the `storeLabels` index: all stores of a kind that a namespace can see. */
export function storeScope(kind: StoreKind, namespace: string): string {
  return kind === 'SecretStore' ? `${kind}:${namespace}` : kind;
}

function namespaceOf(ps: StoredPushSecret): string {
  return ps.metadata.namespace ?? '';
}
