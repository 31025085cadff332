/**
 * Writes by the cluster itself (garbage collector, namespace controller …): no admission, no ownership of fields, but
 * finalizers count as always.
 */
import type { Cluster } from '../cluster.ts';
import type { JsonObject } from '../json.ts';
import { listAt, textAt } from '../json.ts';
import type { Kind } from '../kinds/kind.ts';
import { removeEntry } from '../rest/remove.ts';
import type { Target } from '../rest/target.ts';
import type { Entry, Table } from '../storage.ts';

export class SystemWriter {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Stores a changed object, or removes it when that was its last finalizer. */
  put(table: Table, object: JsonObject): void {
    const current = table.get(textAt(object, 'metadata', 'namespace') ?? '', textAt(object, 'metadata', 'name') ?? '');
    const deleting = textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
    const held =
      listAt(object, 'metadata', 'finalizers').length > 0 ||
      (table.id === '/namespaces' && listAt(object, 'spec', 'finalizers').length > 0);
    if (deleting && !held && current !== undefined) this.#cluster.storage.remove(table, current, object);
    else this.#cluster.storage.put(table, object);
  }

  /** As a DELETE by the cluster. */
  remove(table: Table, entry: Entry, options: JsonObject = {}): void {
    const kind = this.#cluster.registry.byId(table.id);
    if (kind === undefined) this.#cluster.storage.remove(table, entry);
    else removeEntry(this.#cluster, targetOf(kind, entry), entry, options);
  }
}

function targetOf(kind: Kind, entry: Entry): Target {
  const [version] = kind.versions;
  if (version === undefined) throw new Error(`${kind.kind} has no served version`);
  return { kind, version, namespace: entry.namespace, name: entry.name, subresource: '' };
}
