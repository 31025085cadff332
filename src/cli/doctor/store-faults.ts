/** Which stores are not in order, and whether one of them is why an object is not. Pure. */
import { isOurs, type StoreObject, type StoreRef } from '../../controllers/store-gate.ts';
import { keyOf, type KubeObject } from '../../kube/types.ts';
import { complaintOf } from './last-pass.ts';
import type { Survey } from './survey.ts';

export class StoreFaults {
  readonly #controllerClass: string;
  readonly #denied: ReadonlySet<string>;
  readonly #stores: ReadonlyMap<string, StoreObject>;
  readonly #faults: ReadonlyMap<string, string>;

  /** `now` in epoch ms. */
  constructor({ secretStores, clusterSecretStores, denied }: Survey, controllerClass: string, now: number) {
    this.#controllerClass = controllerClass;
    this.#denied = denied;
    this.#stores = new Map([
      ...secretStores.map((store) => [`SecretStore ${keyOf(store)}`, store] as const),
      ...clusterSecretStores.map((store) => [`ClusterSecretStore ${keyOf(store)}`, store] as const),
    ]);
    const faults = [...this.#stores].flatMap(([name, store]) => {
      const complaint = isOurs(store, controllerClass) ? complaintOf(store, now) : undefined;
      return complaint === undefined ? [] : [[name, `${name} is not ready: ${complaint}`] as const];
    });
    this.#faults = new Map(faults);
  }

  /** How many stores there are. */
  get count(): number {
    return this.#stores.size;
  }

  /** A sentence for each store of ours that is not ready. */
  get broken(): readonly string[] {
    return [...this.#faults.values()];
  }

  /** What is wrong with the first of these stores, as `user` refers to it; undefined when they are in order or cannot be seen. */
  faultOf(refs: readonly StoreRef[], user: KubeObject): string | undefined {
    const faults = refs.map((ref) => {
      const name = nameOf(ref, user);
      if (this.#stores.has(name)) return this.#faults.get(name);
      return this.#denied.has(ref.kind) ? undefined : `${name} does not exist`;
    });
    return faults.find((fault) => fault !== undefined);
  }

  /** Of these stores, those that another operator serves. */
  foreignAmong(refs: readonly StoreRef[], user: KubeObject): readonly StoreRef[] {
    return refs.filter((ref) => {
      const store = this.#stores.get(nameOf(ref, user));
      return store !== undefined && !isOurs(store, this.#controllerClass);
    });
  }
}

function nameOf({ kind, name }: StoreRef, { metadata }: KubeObject): string {
  return kind === 'SecretStore' ? `${kind} ${metadata.namespace}/${name}` : `${kind} ${name}`;
}
