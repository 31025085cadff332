/**
 * The namespace controller: a `default` ServiceAccount in each new namespace; in a namespace that is being deleted,
 * everything is deleted, and the namespace goes when nothing (and no finalizer) is left in it.
 */
import type { Cluster } from '../cluster.ts';
import { newUid, tableOf, timestamp } from '../cluster.ts';
import type { Json, JsonObject } from '../json.ts';
import { listAt, objectAt, plainText, textAt, withMember } from '../json.ts';
import type { Change, Entry, Table } from '../storage.ts';
import type { SystemWriter } from './system-writer.ts';

const NAMESPACES = { group: '', plural: 'namespaces' };
const TABLE_ID = '/namespaces';

export class NamespaceController {
  readonly #cluster: Cluster;
  readonly #writer: SystemWriter;
  readonly #dirty = new Set<string>();
  #scheduled = false;

  constructor(cluster: Cluster, writer: SystemWriter) {
    this.#cluster = cluster;
    this.#writer = writer;
  }

  /** To be told of every change. */
  observe(table: Table, change: Change): void {
    const { entry } = change;
    if (table.id === TABLE_ID) {
      if (change.type === 'ADDED') queueMicrotask(() => this.#addDefaultAccount(entry.name));
      if (change.type !== 'DELETED' && isTerminating(entry.object)) this.#mark(entry.name);
    } else if (change.type === 'DELETED' && entry.namespace !== '') {
      const namespace = tableOf(this.#cluster, NAMESPACES).get('', entry.namespace);
      if (namespace !== undefined && isTerminating(namespace.object)) this.#mark(entry.namespace);
      else if (table.id === '/serviceaccounts' && entry.name === 'default')
        queueMicrotask(() => this.#addDefaultAccount(entry.namespace));
    }
  }

  #addDefaultAccount(namespace: string): void {
    const accounts = tableOf(this.#cluster, { group: '', plural: 'serviceaccounts' });
    const owner = tableOf(this.#cluster, NAMESPACES).get('', namespace);
    if (owner === undefined || isTerminating(owner.object) || accounts.get(namespace, 'default') !== undefined) return;
    const metadata = { name: 'default', namespace, uid: newUid(), creationTimestamp: timestamp(this.#cluster) };
    this.#cluster.storage.put(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  }

  #mark(namespace: string): void {
    this.#dirty.add(namespace);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const names = [...this.#dirty];
      this.#dirty.clear();
      for (const name of names) this.#terminate(name);
    });
  }

  #terminate(name: string): void {
    for (const { table, entry } of this.#contents(name)) {
      if (!isTerminating(entry.object)) this.#writer.remove(table, entry);
    }
    const namespace = tableOf(this.#cluster, NAMESPACES).get('', name);
    if (namespace === undefined || !isTerminating(namespace.object)) return;
    const left = this.#contents(name);
    const table = tableOf(this.#cluster, NAMESPACES);
    if (left.length > 0)
      this.#report(
        table,
        namespace,
        left.map(({ entry }) => entry),
      );
    else if (listAt(namespace.object, 'spec', 'finalizers').includes('kubernetes'))
      this.#writer.put(table, withoutKubernetesFinalizer(namespace.object));
  }

  #contents(name: string): { table: Table; entry: Entry }[] {
    const namespaced = this.#cluster.registry.kinds().filter((kind) => kind.namespaced);
    return namespaced.flatMap((kind) => {
      const table = tableOf(this.#cluster, kind);
      return [...table.entries(name)].map((entry) => ({ table, entry }));
    });
  }

  /** What still holds the namespace, in its status, as kubectl users look for it. */
  #report(table: Table, namespace: Entry, left: readonly Entry[]): void {
    const finalizers = new Set(left.flatMap((entry) => listAt(entry.object, 'metadata', 'finalizers')));
    const counts = [...finalizers].map((finalizer) => {
      const holders = left.filter((entry) => listAt(entry.object, 'metadata', 'finalizers').includes(finalizer));
      return `${plainText(finalizer)} in ${holders.length} resource instances`;
    });
    const message = `Some content in the namespace has finalizers remaining: ${counts.join(', ')}`;
    const known = listAt(namespace.object, 'status', 'conditions').find(
      (condition) => textAt(condition, 'message') === message,
    );
    if (known !== undefined) return;
    const condition: Json = {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      lastTransitionTime: timestamp(this.#cluster),
      reason: 'SomeFinalizersRemain',
      message,
    };
    const status = { ...objectAt(namespace.object, 'status'), conditions: [condition] };
    this.#writer.put(table, withMember(namespace.object, 'status', status));
  }
}

function isTerminating(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
}

function withoutKubernetesFinalizer(namespace: JsonObject): JsonObject {
  const finalizers = listAt(namespace, 'spec', 'finalizers').filter((finalizer) => finalizer !== 'kubernetes');
  return withMember(namespace, 'spec', finalizers.length === 0 ? {} : { finalizers });
}
