/**
 * The garbage collector: deletes what only dead owners hold, obeys orphan and foreground deletion. It works one turn
 * of the event loop after the change, where the real one takes about a second.
 */
import type { Cluster } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, textAt, withValueAt } from '../json.ts';
import { FOREGROUND, ORPHAN } from '../rest/remove.ts';
import type { Change, Entry, Table } from '../storage.ts';
import type { SystemWriter } from './system-writer.ts';

interface Located {
  readonly table: Table;
  readonly entry: Entry;
}

export class GarbageCollector {
  readonly #cluster: Cluster;
  readonly #writer: SystemWriter;
  readonly #byUid = new Map<string, Located>();
  /** Owner UID → UIDs of those who name it. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();
  #scheduled = false;

  constructor(cluster: Cluster, writer: SystemWriter) {
    this.#cluster = cluster;
    this.#writer = writer;
  }

  /** To be told of every change. */
  observe(table: Table, change: Change): void {
    const { entry, previous } = change;
    for (const owner of owners(previous?.object)) this.#dependents.get(owner.uid)?.delete(entry.uid);
    if (change.type === 'DELETED') {
      this.#byUid.delete(entry.uid);
      for (const dependent of this.#dependents.get(entry.uid) ?? []) this.#mark(dependent);
      for (const owner of owners(entry.object)) this.#mark(owner.uid);
      return;
    }
    this.#byUid.set(entry.uid, { table, entry });
    for (const owner of owners(entry.object)) this.#depend(owner.uid, entry.uid);
    if (owners(entry.object).length > 0 || isBeingDeleted(entry.object)) this.#mark(entry.uid);
  }

  #depend(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner) ?? new Set();
    this.#dependents.set(owner, dependents.add(dependent));
  }

  #mark(uid: string): void {
    this.#dirty.add(uid);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#sweep());
  }

  #sweep(): void {
    this.#scheduled = false;
    const uids = [...this.#dirty];
    this.#dirty.clear();
    for (const uid of uids) {
      const located = this.#byUid.get(uid);
      if (located === undefined) continue;
      if (isBeingDeleted(located.entry.object)) this.#finishDeletion(located);
      else this.#judge(located);
    }
  }

  /** Deletes an object none of whose owners is left; drops the references to those that are gone. */
  #judge({ table, entry }: Located): void {
    const references = listAt(entry.object, 'metadata', 'ownerReferences');
    if (references.length === 0) return;
    const alive = references.filter((reference) => this.#exists(reference, entry));
    const waiting = alive.filter((reference) => this.#waitsInForeground(reference));
    if (alive.length === waiting.length) {
      const policy =
        waiting.length > 0 && (this.#dependents.get(entry.uid)?.size ?? 0) > 0
          ? { propagationPolicy: 'Foreground' }
          : {};
      this.#writer.remove(table, entry, policy);
    } else if (alive.length < references.length) {
      this.#writer.put(table, withValueAt(entry.object, ['metadata', 'ownerReferences'], alive));
    }
  }

  #exists(reference: Json, dependent: Entry): boolean {
    const located = this.#byUid.get(textAt(reference, 'uid') ?? '');
    if (located === undefined) return false;
    const kind = this.#cluster.registry.byId(located.table.id);
    const named = located.entry.name === textAt(reference, 'name') && kind?.kind === textAt(reference, 'kind');
    return named && (located.entry.namespace === '' || located.entry.namespace === dependent.namespace);
  }

  #waitsInForeground(reference: Json): boolean {
    const owner = this.#byUid.get(textAt(reference, 'uid') ?? '')?.entry.object;
    return isBeingDeleted(owner) && listAt(owner, 'metadata', 'finalizers').includes(FOREGROUND);
  }

  #finishDeletion({ table, entry }: Located): void {
    const finalizers = listAt(entry.object, 'metadata', 'finalizers');
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of this.#dependentsOf(entry.uid)) this.#orphan(dependent, entry.uid);
      this.#release(table, entry, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const dependents = this.#dependentsOf(entry.uid);
      for (const dependent of dependents) this.#judge(dependent);
      const blocking = this.#dependentsOf(entry.uid).filter(({ entry: dependent }) => blocks(dependent, entry.uid));
      if (blocking.length === 0) this.#release(table, entry, FOREGROUND);
    }
  }

  #dependentsOf(uid: string): readonly Located[] {
    return [...(this.#dependents.get(uid) ?? [])]
      .map((dependent) => this.#byUid.get(dependent))
      .filter((located) => located !== undefined);
  }

  #orphan({ table, entry }: Located, owner: string): void {
    const kept = listAt(entry.object, 'metadata', 'ownerReferences').filter(
      (reference) => textAt(reference, 'uid') !== owner,
    );
    this.#writer.put(
      table,
      withValueAt(entry.object, ['metadata', 'ownerReferences'], kept.length === 0 ? undefined : kept),
    );
  }

  #release(table: Table, entry: Entry, finalizer: string): void {
    const current = tableOf(this.#cluster, splitId(table.id)).get(entry.namespace, entry.name);
    if (current === undefined) return;
    const kept = listAt(current.object, 'metadata', 'finalizers').filter((item) => item !== finalizer);
    this.#writer.put(
      table,
      withValueAt(current.object, ['metadata', 'finalizers'], kept.length === 0 ? undefined : kept),
    );
  }
}

function splitId(id: string): { group: string; plural: string } {
  const slash = id.indexOf('/');
  return { group: id.slice(0, slash), plural: id.slice(slash + 1) };
}

interface Owner {
  readonly uid: string;
}

function owners(object: JsonObject | undefined): readonly Owner[] {
  return listAt(object, 'metadata', 'ownerReferences').map((reference) => ({ uid: textAt(reference, 'uid') ?? '' }));
}

function isBeingDeleted(object: JsonObject | undefined): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
}

function blocks(dependent: Entry, owner: string): boolean {
  return listAt(dependent.object, 'metadata', 'ownerReferences').some(
    (reference) => isObject(reference) && reference['uid'] === owner && reference['blockOwnerDeletion'] === true,
  );
}
