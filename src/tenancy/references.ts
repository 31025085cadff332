/**
 * Who depends on which Secret, ConfigMap or ServiceAccount, whether or not it exists yet. Fed by every read that
 * `cluster-access.ts` does on a tenant's behalf and by the metadata watches; asked whether something read earlier is
 * still current, and telling the dependents when it is not. So a fixed or rotated credential is noticed at once.
 */
import { objectKey } from '../kube/types.ts';

export type DependencyKind = 'Secret' | 'ConfigMap' | 'ServiceAccount';

export interface DependencyName {
  readonly kind: DependencyKind;
  readonly namespace: string;
  readonly name: string;
}

/** One object as it was when it was read. */
export interface ResolvedObject extends DependencyName {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Who depends: a store in the eyes of one consumer namespace (empty for the store itself), or an ExternalSecret. */
export interface Dependent {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly consumerNamespace: string;
}

/** What the watch last said of an object somebody depends on. */
interface Seen {
  /** Undefined: it is gone. */
  readonly uid: string | undefined;
  readonly resourceVersion: string;
}

interface Entry {
  readonly dependents: Map<string, Dependent>;
  seen: Seen | undefined;
}

export class References {
  readonly #entries = new Map<string, Entry>();
  readonly #byDependent = new Map<string, Set<string>>();
  readonly #listeners: ((dependent: Dependent, changed: DependencyName) => void)[] = [];

  /** `listener` hears of each dependent of each object that changes. It may only enqueue. */
  onChange(listener: (dependent: Dependent, changed: DependencyName) => void): void {
    this.#listeners.push(listener);
  }

  add(dependent: Dependent, dependency: DependencyName): void {
    const key = dependencyKey(dependency);
    const id = dependentId(dependent);
    const entry = this.#entries.get(key) ?? { dependents: new Map<string, Dependent>(), seen: undefined };
    entry.dependents.set(id, dependent);
    this.#entries.set(key, entry);
    const keys = this.#byDependent.get(id) ?? new Set();
    keys.add(key);
    this.#byDependent.set(id, keys);
  }

  /** Called when a store or ExternalSecret is gone: in the eyes of every consumer namespace. */
  forget(gone: Omit<Dependent, 'consumerNamespace'>): void {
    const prefix = dependentId({ ...gone, consumerNamespace: '' });
    for (const id of this.#byDependent.keys()) if (id.startsWith(prefix)) this.#drop(id);
  }

  #drop(id: string): void {
    for (const key of this.#byDependent.get(id) ?? []) {
      const entry = this.#entries.get(key);
      entry?.dependents.delete(id);
      if (entry?.dependents.size === 0) this.#entries.delete(key);
    }
    this.#byDependent.delete(id);
  }

  /** Does anybody depend on this object? Decides what the metadata watches keep. */
  has(dependency: DependencyName): boolean {
    return this.#entries.has(dependencyKey(dependency));
  }

  /** The watch's word: the object has this version now, or is gone (`current` undefined). */
  changed(
    dependency: DependencyName,
    current: { readonly uid: string; readonly resourceVersion: string } | undefined,
  ): void {
    const entry = this.#entries.get(dependencyKey(dependency));
    if (entry === undefined) return;
    entry.seen = { uid: current?.uid, resourceVersion: current?.resourceVersion ?? '' };
    for (const dependent of entry.dependents.values()) {
      for (const listener of this.#listeners) listener(dependent, dependency);
    }
  }

  /** False once the watch has shown a later version of the object, another one of its name, or its end. */
  isCurrent(object: ResolvedObject): boolean {
    const seen = this.#entries.get(dependencyKey(object))?.seen;
    if (seen === undefined) return true;
    return seen.uid === object.uid && !isLater(seen.resourceVersion, object.resourceVersion);
  }
}

/** The watch may lag behind a read: only a later version means change. Versions are decimal numbers that only grow. */
function isLater(seen: string, read: string): boolean {
  return seen.length === read.length ? seen > read : seen.length > read.length;
}

function dependencyKey({ kind, namespace, name }: DependencyName): string {
  return `${kind}:${objectKey(namespace, name)}`;
}

function dependentId({ kind, namespace, name, consumerNamespace }: Dependent): string {
  return `${kind}:${namespace}/${name}@${consumerNamespace}`;
}
