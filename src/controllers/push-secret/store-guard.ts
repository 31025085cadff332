/**
 * Keeps a SecretStore alive while something that was pushed through it would have to be removed with it (`behaviour.md` 2.4): a finalizer
 * that is there exactly as long as a PushSecret with `deletionPolicy: Delete` uses the store, by name, by labels, or by what it has pushed.
 */
import { clusterSecretStores, secretStores } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Store } from '../../kube/store.ts';
import type { StoreKind } from '../../providers/provider.ts';
import { matchesSelector } from '../label-selector.ts';
import { storeKey, type StoreObject } from '../store-gate.ts';
import type { StoreCatalogue, StoredPushSecret } from './deps.ts';
import { pushSecretIndexes, storeScope } from './indexes.ts';
import { STORE_FINALIZER } from './names.ts';

export interface StoreGuardDeps {
  readonly client: KubeClient;
  readonly stores: Pick<StoreCatalogue, 'find' | 'isOurs'>;
  readonly pushSecrets: Pick<Store<StoredPushSecret>, 'byIndex'>;
  /** A store that is being deleted waits for these PushSecrets. */
  readonly blocked: (kind: StoreKind, store: StoreObject, by: readonly StoredPushSecret[]) => void;
}

/** One pass over the store of that key: `<Kind>:<namespace>/<name>` or `<Kind>:<name>`. */
export async function guardStore(
  deps: StoreGuardDeps,
  kind: StoreKind,
  name: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const store = deps.stores.find({ kind, name: name.name }, name.namespace);
  if (store === undefined || !deps.stores.isOurs(store)) return;
  const users = usersOf(deps.pushSecrets, kind, store);
  const isBeingDeleted = store.metadata.deletionTimestamp !== undefined;
  const isHeld = store.metadata.finalizers?.includes(STORE_FINALIZER) === true;
  if (isBeingDeleted && isHeld && users.length > 0) deps.blocked(kind, store, users);
  const wanted = users.length > 0;
  // Nobody can add a finalizer to what is being deleted.
  if (wanted === isHeld || (wanted && isBeingDeleted)) return;
  await setStoreFinalizer(deps.client, kind, store, wanted, signal);
}

/** PushSecrets that would have to clean up through this store, by their names. */
export function usersOf(
  pushSecrets: Pick<Store<StoredPushSecret>, 'byIndex'>,
  kind: StoreKind,
  { metadata }: StoreObject,
): readonly StoredPushSecret[] {
  const { namespace = '', name, labels = {} } = metadata;
  const named = pushSecrets.byIndex('store', storeKey({ kind, name }, namespace));
  const selecting = pushSecrets
    .byIndex('storeLabels', storeScope(kind, namespace))
    .filter((ps) =>
      ps.spec?.secretStoreRefs.some(
        (ref) => ref.kind === kind && ref.labelSelector !== undefined && matchesSelector(ref.labelSelector, labels),
      ),
    );
  const users = [...new Set([...named, ...selecting])].filter(({ spec }) => spec?.deletionPolicy === 'Delete');
  return users.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** Keys of the stores to look at after a PushSecret changed; those it takes by labels are found by the caller's list. */
export function storesOf(
  ps: StoredPushSecret,
  all: (kind: StoreKind, namespace: string) => Iterable<StoreObject>,
): readonly string[] {
  const namespace = ps.metadata.namespace ?? '';
  const selected = (ps.spec?.secretStoreRefs ?? []).flatMap(({ kind, labelSelector }) =>
    labelSelector === undefined
      ? []
      : [...all(kind, namespace)].map(({ metadata }) => storeKey({ kind, name: metadata.name }, namespace)),
  );
  return [...new Set([...pushSecretIndexes.store(ps), ...selected])];
}

/** `namespace/name` of each, for people. */
export function nameOf({ metadata }: StoredPushSecret): string {
  return `${metadata.namespace}/${metadata.name}`;
}

async function setStoreFinalizer(
  client: KubeClient,
  kind: StoreKind,
  store: StoreObject,
  wanted: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = store.metadata;
  const kept = finalizers.filter((finalizer) => finalizer !== STORE_FINALIZER);
  // The version guards other people's finalizers: a merge patch replaces the whole list.
  const metadata = { uid, resourceVersion, finalizers: wanted ? [...kept, STORE_FINALIZER] : kept };
  const resource = kind === 'SecretStore' ? secretStores : clusterSecretStores;
  try {
    await client.patch(resource, { namespace, name }, { metadata }, { type: 'merge', signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
