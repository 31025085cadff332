/**
 * Which SecretStores a PushSecret pushes to: by name and by labels, without those of another operator and those that are being
 * deleted (`behaviour.md` 3.4). Reads caches only.
 */
import type { PushSecretStoreRef } from '../../api/push-secret.ts';
import { matchesSelector, selectorProblem } from '../label-selector.ts';
import type { StoreObject, StoreRef } from '../store-gate.ts';
import type { StoreCatalogue, StoredPushSecret } from './deps.ts';
import { statusStoreKey, storeRefOfStatusKey } from './names.ts';
import { PushProblem } from './problem.ts';

export interface TargetStore {
  readonly ref: StoreRef;
  /** `<Kind>/<name>`, as in status. */
  readonly key: string;
  readonly object: StoreObject;
}

/** In the order of their keys. @throws PushProblem when a store that is named does not exist, or no store has the labels. */
export function targetStores(
  catalogue: StoreCatalogue,
  refs: readonly PushSecretStoreRef[],
  namespace: string,
): readonly TargetStore[] {
  const resolved = refs.flatMap((ref, index) => resolve(catalogue, ref, namespace, `spec.secretStoreRefs[${index}]`));
  if (resolved.length === 0 && refs.length > 0) throw noneMatches(refs, namespace);
  const usable = resolved.filter(
    ({ object }) => object.metadata.deletionTimestamp === undefined && catalogue.isOurs(object),
  );
  const found = new Map(usable.map((store) => [store.key, store]));
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function noneMatches(refs: readonly PushSecretStoreRef[], namespace: string): PushProblem {
  const kinds = [
    ...new Set(refs.map(({ kind }) => (kind === 'SecretStore' ? `${kind} of namespace "${namespace}"` : kind))),
  ];
  return new PushProblem(
    `spec.secretStoreRefs: no ${kinds.join(', no ')} has the labels that labelSelector asks for: label one, or name it`,
    { permanent: true },
  );
}

/** All stores it uses, or has used, that exist belong to other operators: then so does it, and we do not touch it. */
export function isForeign(
  catalogue: StoreCatalogue,
  { spec, status, metadata: { namespace = '' } }: StoredPushSecret,
): boolean {
  const wanted = (spec?.secretStoreRefs ?? []).flatMap(({ kind, name, labelSelector }) =>
    labelSelector === undefined
      ? [catalogue.find({ kind, name: name ?? '' }, namespace)]
      : [...catalogue.all(kind, namespace)].filter(({ metadata }) =>
          matchesSelector(labelSelector, metadata.labels ?? {}),
        ),
  );
  const used = Object.keys(status?.syncedPushSecrets ?? {}).map((key) =>
    catalogue.find(storeRefOfStatusKey(key), namespace),
  );
  const stores = [...wanted, ...used].filter((store) => store !== undefined);
  return stores.length > 0 && stores.every((store) => !catalogue.isOurs(store));
}

function resolve(
  catalogue: StoreCatalogue,
  { kind, name, labelSelector }: PushSecretStoreRef,
  namespace: string,
  field: string,
): readonly TargetStore[] {
  if (labelSelector !== undefined) {
    const problem = selectorProblem(labelSelector);
    if (problem !== undefined) throw new PushProblem(`${field}.labelSelector: ${problem}`, { permanent: true });
    return [...catalogue.all(kind, namespace)]
      .filter(({ metadata }) => matchesSelector(labelSelector, metadata.labels ?? {}))
      .map((object) => target({ kind, name: object.metadata.name }, object));
  }
  if (name === undefined) throw new PushProblem(`${field} needs a name or a labelSelector`, { permanent: true });
  const object = catalogue.find({ kind, name }, namespace);
  if (object !== undefined) return [target({ kind, name }, object)];
  const where = kind === 'SecretStore' ? ` in namespace "${namespace}"` : '';
  const other = kind === 'SecretStore' ? 'ClusterSecretStore' : 'SecretStore';
  const isOther = catalogue.find({ kind: other, name }, namespace) !== undefined;
  const hint = isOther ? `; there is a ${other} of that name: set kind to it` : '';
  throw new PushProblem(`${field}: ${kind} "${name}" not found${where}${hint}`, { permanent: true });
}

function target(ref: StoreRef, object: StoreObject): TargetStore {
  return { ref, key: statusStoreKey(ref), object };
}

/** Does `ref` (of an entry of `dataTo`) mean this store? */
export function means(ref: PushSecretStoreRef, { ref: { kind, name }, object }: TargetStore): boolean {
  if (ref.kind !== kind) return false;
  return ref.labelSelector === undefined
    ? ref.name === name
    : matchesSelector(ref.labelSelector, object.metadata.labels ?? {});
}
