/**
 * What an informer knows, by key and by index. Objects in it are shared by everyone: look, don't touch. Only the
 * informer writes; it remembers each object's version, so a change that was seen already can be told from a new one.
 */
import type { ObjectKey } from './types.ts';

/** The reading side. `C` is what the informer's transform keeps of an object. */
export interface Store<C> {
  get(key: ObjectKey): C | undefined;
  list(): IterableIterator<C>;
  readonly size: number;
  /** All objects for which the index function returned `value`; empty when there is none. */
  byIndex(index: string, value: string): readonly C[];
}

/** Returns the values an object is found under. Must depend on nothing but the object. */
export type IndexFunction<C> = (object: C) => readonly string[];

interface Entry<C> {
  readonly version: string;
  readonly object: C;
}

/** Most values lead to one object: a Set for each would be most of the memory of an index. */
type Index = Map<string, ObjectKey | Set<ObjectKey>>;

export class MutableStore<C> implements Store<C> {
  readonly #entries = new Map<ObjectKey, Entry<C>>();
  readonly #functions: Readonly<Record<string, IndexFunction<C>>>;
  readonly #indexes = new Map<string, Index>();

  constructor(indexes: Readonly<Record<string, IndexFunction<C>>> = {}) {
    this.#functions = indexes;
    for (const name of Object.keys(indexes)) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: ObjectKey): C | undefined {
    return this.#entries.get(key)?.object;
  }

  /** The resource version under which the object is held. */
  versionOf(key: ObjectKey): string | undefined {
    return this.#entries.get(key)?.version;
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#entries.keys();
  }

  *list(): IterableIterator<C> {
    for (const entry of this.#entries.values()) yield entry.object;
  }

  /** @throws Error when no index has that name: a typing mistake must not look like "nothing found". */
  byIndex(name: string, value: string): readonly C[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`store has no index "${name}"`);
    const found: C[] = [];
    for (const key of keysAt(index, value)) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) found.push(entry.object);
    }
    return found;
  }

  /**
   * Returns what was held before.
   * @throws whatever an index function throws; the store is unchanged then.
   */
  set(key: ObjectKey, version: string, object: C): C | undefined {
    const places = this.#places(object);
    const previous = this.delete(key);
    this.#entries.set(key, { version, object });
    for (const [index, value] of places) addTo(index, value, key);
    return previous;
  }

  /** Returns what was held before. */
  delete(key: ObjectKey): C | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    for (const [index, value] of this.#places(entry.object)) removeFrom(index, value, key);
    return entry.object;
  }

  #places(object: C): [Index, string][] {
    const places: [Index, string][] = [];
    for (const [name, index] of this.#indexes)
      for (const value of this.#functions[name]?.(object) ?? []) places.push([index, value]);
    return places;
  }
}

function keysAt(index: Index, value: string): Iterable<ObjectKey> {
  const keys = index.get(value) ?? [];
  return typeof keys === 'string' ? [keys] : keys;
}

function addTo(index: Index, value: string, key: ObjectKey): void {
  const keys = index.get(value);
  if (keys === undefined) index.set(value, key);
  else if (typeof keys !== 'string') keys.add(key);
  else if (keys !== key) index.set(value, new Set([keys, key]));
}

function removeFrom(index: Index, value: string, key: ObjectKey): void {
  const keys = index.get(value);
  if (keys === key) index.delete(value);
  else if (typeof keys === 'object' && keys.delete(key) && keys.size === 0) index.delete(value);
}
