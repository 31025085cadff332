/**
 * Which SecretStores a PushSecret pushes to: by name and by labels, without those of another operator and those that are being
 * deleted (`behaviour.md` 3.4). Reads caches only.
 */
import type { PushSecretStoreRef } from '../../api/push-secret.ts';
import { matchesSelector, selectorProblem } from '../label-selector.ts';
import type { StoreObject, StoreRef } from '../store-gate.ts';
import type { StoreCatalogue } from './deps.ts';
import { statusStoreKey } from './names.ts';
import { PushProblem } from './problem.ts';

export interface TargetStore {
  readonly ref: StoreRef;
  /** `<Kind>/<name>`, as in status. */
  readonly key: string;
  readonly object: StoreObject;
}

/** In the order of their keys. @throws PushProblem when a store that is named does not exist. */
export function targetStores(
  catalogue: StoreCatalogue,
  refs: readonly PushSecretStoreRef[],
  namespace: string,
): readonly TargetStore[] {
  const found = new Map<string, TargetStore>();
  for (const [index, ref] of refs.entries()) {
    for (const store of resolve(catalogue, ref, namespace, `spec.secretStoreRefs[${index}]`)) {
      const { object } = store;
      if (object.metadata.deletionTimestamp === undefined && catalogue.isOurs(object)) found.set(store.key, store);
    }
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
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
  throw new PushProblem(`${kind} "${name}" not found${where}`, { permanent: true });
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
