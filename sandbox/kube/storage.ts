/**
 * The sandbox's etcd: every object of every resource, one increasing version number, a bounded history of changes, and
 * those who listen to it. It knows nothing of kinds; an object is serialised once per change, however many watch.
 */
import type { JsonObject } from './json.ts';
import { objectAt, textAt, withValueAt } from './json.ts';

/** One stored state of one object. */
export interface Entry {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The number in `metadata.resourceVersion`. */
  readonly version: number;
  /** In the storage version; never changed. */
  readonly object: JsonObject;
  /** `object` serialised, without the opening `{"apiVersion":…,"kind":…,` so that every served version shares it. */
  readonly body: string;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  /** What is now (or, for DELETED, the last state with the version of its deletion). */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
  /** Serialised event lines by representation; filled by the watches. */
  readonly lines: Map<string, string>;
}

export type Listener = (change: Change) => void;

/** All objects of one group and plural. */
export class Table {
  /** `group/plural`. */
  readonly id: string;
  readonly #namespaces = new Map<string, Map<string, Entry>>();
  readonly #listeners = new Set<Listener>();
  /** Oldest first; holds what is newer than `#forgotten`. */
  #history: Change[] = [];
  /** The version from which changes are still known. */
  #forgotten: number;
  readonly #capacity: number;

  constructor(id: string, forgotten: number, capacity: number) {
    this.id = id;
    this.#forgotten = forgotten;
    this.#capacity = capacity;
  }

  get(namespace: string, name: string): Entry | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** Entries of one namespace (`undefined`: of all), in no order. */
  *entries(namespace?: string): Generator<Entry> {
    const tables =
      namespace === undefined
        ? this.#namespaces.values()
        : [this.#namespaces.get(namespace) ?? new Map<string, Entry>()];
    for (const table of tables) yield* table.values();
  }

  get size(): number {
    let size = 0;
    for (const table of this.#namespaces.values()) size += table.size;
    return size;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Versions up to and including this one cannot be watched or listed from any more. */
  get forgotten(): number {
    return this.#forgotten;
  }

  record(change: Change): void {
    const { entry } = change;
    let table = this.#namespaces.get(entry.namespace);
    if (table === undefined) this.#namespaces.set(entry.namespace, (table = new Map()));
    if (change.type === 'DELETED') table.delete(entry.name);
    else table.set(entry.name, entry);
    this.#history.push(change);
    if (this.#history.length > this.#capacity * 1.25) this.#forget(this.#history.length - this.#capacity);
    for (const listener of this.#listeners) listener(change);
  }

  #forget(count: number): void {
    const dropped = this.#history.splice(0, count);
    this.#forgotten = dropped.at(-1)?.version ?? this.#forgotten;
  }

  compact(version: number): void {
    this.#history = this.#history.filter((change) => change.version > version);
    this.#forgotten = Math.max(this.#forgotten, version);
  }

  /** Changes after `version`, or undefined when they are forgotten. */
  since(version: number): readonly Change[] | undefined {
    if (version < this.#forgotten) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  /** The entries as they were at `version` (undo of everything newer), or undefined when that is forgotten. */
  at(version: number, namespace?: string): Entry[] | undefined {
    const newer = this.since(version);
    if (newer === undefined) return undefined;
    const state = new Map<string, Entry>();
    for (const entry of this.entries(namespace)) state.set(sortKey(entry), entry);
    for (const { entry, previous } of newer.toReversed()) {
      if (namespace !== undefined && entry.namespace !== namespace) continue;
      if (previous === undefined) state.delete(sortKey(entry));
      else state.set(sortKey(previous), previous);
    }
    return [...state.values()];
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The order of lists: namespace, then name. */
export function sortKey(entry: Pick<Entry, 'namespace' | 'name'>): string {
  return `${entry.namespace}/${entry.name}`;
}

export class Storage {
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<(table: Table, change: Change) => void>();
  readonly #capacity: number;
  #version = 1;
  #compacted = 0;

  /** `capacity`: changes remembered per resource. */
  constructor(capacity = 5000) {
    this.#capacity = capacity;
  }

  get version(): number {
    return this.#version;
  }

  table(id: string): Table {
    let table = this.#tables.get(id);
    if (table === undefined) this.#tables.set(id, (table = new Table(id, this.#compacted, this.#capacity)));
    return table;
  }

  tables(): IterableIterator<Table> {
    return this.#tables.values();
  }

  /** Called after each change of any resource, before the writer goes on. Must be quick and must not write. */
  listen(listener: (table: Table, change: Change) => void): void {
    this.#listeners.add(listener);
  }

  /** Stores `object` under a new version and returns what was stored. */
  put(table: Table, object: JsonObject): Entry {
    const version = ++this.#version;
    const entry = entryOf(withValueAt(object, ['metadata', 'resourceVersion'], String(version)), version);
    const previous = table.get(entry.namespace, entry.name);
    this.#commit(table, {
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      version,
      entry,
      previous,
      lines: new Map(),
    });
    return entry;
  }

  /** Removes an object; the returned entry is its last state with the version of the deletion. */
  remove(table: Table, previous: Entry, last: JsonObject = previous.object): Entry {
    const version = ++this.#version;
    const entry = entryOf(withValueAt(last, ['metadata', 'resourceVersion'], String(version)), version);
    this.#commit(table, { type: 'DELETED', version, entry, previous, lines: new Map() });
    return entry;
  }

  #commit(table: Table, change: Change): void {
    table.record(change);
    for (const listener of this.#listeners) listener(table, change);
  }

  /** Forgets all history up to now. */
  compact(): void {
    this.#compacted = this.#version;
    for (const table of this.#tables.values()) table.compact(this.#compacted);
  }
}

function entryOf(object: JsonObject, version: number): Entry {
  const metadata = objectAt(object, 'metadata');
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return {
    namespace: textAt(metadata, 'namespace') ?? '',
    name: textAt(metadata, 'name') ?? '',
    uid: textAt(metadata, 'uid') ?? '',
    version,
    object,
    body: JSON.stringify(rest).slice(1),
  };
}
