/**
 * Deleting a CustomResourceDefinition deletes its objects first (their finalizers count), then the kind is no more.
 */
import type { Cluster } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import { listAt, textAt, withValueAt } from '../json.ts';
import { CLEANUP } from '../kinds/custom-resource-definition.ts';
import type { Change, Table } from '../storage.ts';
import type { SystemWriter } from './system-writer.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' };
const TABLE_ID = 'apiextensions.k8s.io/customresourcedefinitions';

export class DefinitionController {
  readonly #cluster: Cluster;
  readonly #writer: SystemWriter;
  readonly #terminating = new Set<string>();

  constructor(cluster: Cluster, writer: SystemWriter) {
    this.#cluster = cluster;
    this.#writer = writer;
  }

  /** To be told of every change. */
  observe(table: Table, change: Change): void {
    if (table.id === TABLE_ID) this.#onDefinition(change);
    else if (change.type === 'DELETED' && this.#terminating.has(nameOf(table.id)))
      setImmediate(() => this.#clean(nameOf(table.id)));
  }

  #onDefinition({ type, entry }: Change): void {
    if (type === 'DELETED') {
      this.#terminating.delete(entry.name);
      const spec = entry.object['spec'] ?? {};
      this.#cluster.registry.remove(`${textAt(spec, 'group') ?? ''}/${textAt(spec, 'names', 'plural') ?? ''}`);
    } else if (textAt(entry.object, 'metadata', 'deletionTimestamp') !== undefined) {
      this.#terminating.add(entry.name);
      setImmediate(() => this.#clean(entry.name));
    }
  }

  #clean(name: string): void {
    const table = tableOf(this.#cluster, DEFINITIONS);
    const definition = table.get('', name);
    if (definition === undefined) return;
    const [plural = '', ...group] = name.split('.');
    const instances = tableOf(this.#cluster, { group: group.join('.'), plural });
    for (const entry of Array.from(instances.entries())) this.#writer.remove(instances, entry);
    if (instances.size > 0) return;
    const kept = listAt(definition.object, 'metadata', 'finalizers').filter((finalizer) => finalizer !== CLEANUP);
    this.#writer.put(
      table,
      withValueAt(definition.object, ['metadata', 'finalizers'], kept.length === 0 ? undefined : kept),
    );
  }
}

/** `group/plural` → `plural.group`. */
function nameOf(tableId: string): string {
  const slash = tableId.indexOf('/');
  return `${tableId.slice(slash + 1)}.${tableId.slice(0, slash)}`;
}
