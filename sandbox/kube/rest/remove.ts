/**
 * Delete and deletecollection: preconditions, finalizers, propagation.
 */
import type { Cluster } from '../cluster.ts';
import { tableOf, timestamp } from '../cluster.ts';
import type { JsonObject } from '../json.ts';
import { listAt, objectAt, textAt, withMember, withValueAt } from '../json.ts';
import { CLEANUP } from '../kinds/custom-resource-definition.ts';
import type { Predicate } from '../selectors.ts';
import { conflict, forbidden, notFound } from '../status.ts';
import type { Entry } from '../storage.ts';
import { sortKey } from '../storage.ts';
import type { Target, Terms } from './target.ts';
import { admissionOf } from './write.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

export interface Removal {
  /** The object as it was last, or as it waits for its finalizers. */
  readonly object: JsonObject;
  readonly gone: boolean;
}

/** @param options DeleteOptions, from the body or the query. */
export async function remove(cluster: Cluster, target: Target, options: JsonObject, terms: Terms): Promise<Removal> {
  for (;;) {
    const entry = tableOf(cluster, target.kind).get(target.namespace, target.name);
    if (entry === undefined) throw notFound(target.kind, target.name);
    refuseProtected(target);
    checkDeletePreconditions(target, options, entry);
    await cluster.admission.review(admissionOf(target, terms, 'DELETE', undefined, entry.object));
    if (tableOf(cluster, target.kind).get(target.namespace, target.name) !== entry) continue;
    return removeEntry(cluster, target, entry, options, terms.dryRun);
  }
}

function refuseProtected(target: Target): void {
  if (target.kind.kind !== 'Namespace' || target.kind.group !== '') return;
  if (['default', 'kube-system', 'kube-public'].includes(target.name))
    throw forbidden(target.kind, target.name, 'this namespace may not be deleted');
}

function checkDeletePreconditions(target: Target, options: JsonObject, entry: Entry): void {
  const { group, kind } = target.kind;
  const fail = (what: string, wanted: string, actual: string, happened: string): never => {
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual}). The object might have been ${happened}`;
    throw conflict({ group, plural: kind }, target.name, why);
  };
  const uid = textAt(options, 'preconditions', 'uid');
  const version = textAt(options, 'preconditions', 'resourceVersion');
  if (uid !== undefined && uid !== entry.uid) fail('UID', uid, entry.uid, 'deleted and then recreated');
  if (version !== undefined && version !== String(entry.version))
    fail('ResourceVersion', version, String(entry.version), 'modified');
}

/** Deletes at once, or marks the object as being deleted when finalizers (or propagation) hold it. */
export function removeEntry(
  cluster: Cluster,
  target: Target,
  entry: Entry,
  options: JsonObject,
  dryRun = false,
): Removal {
  const asked = finalizersFor(entry.object, textAt(options, 'propagationPolicy'), options['orphanDependents'] === true);
  const finalizers = isNewlyDeletedDefinition(target, entry.object) ? [...asked, CLEANUP] : asked;
  const marked = marks(cluster, target, entry.object, finalizers);
  const held = finalizers.length > 0 || (isNamespace(target) && listAt(entry.object, 'spec', 'finalizers').length > 0);
  if (dryRun) return { object: marked, gone: !held };
  const table = tableOf(cluster, target.kind);
  if (!held) return { object: cluster.storage.remove(table, entry).object, gone: true };
  if (marked === entry.object) return { object: marked, gone: false };
  return { object: cluster.storage.put(table, marked).object, gone: false };
}

function isNewlyDeletedDefinition(target: Target, object: JsonObject): boolean {
  const isDefinition =
    target.kind.group === 'apiextensions.k8s.io' && target.kind.plural === 'customresourcedefinitions';
  return isDefinition && textAt(object, 'metadata', 'deletionTimestamp') === undefined;
}

function isNamespace(target: Target): boolean {
  return target.kind.group === '' && target.kind.plural === 'namespaces';
}

function finalizersFor(object: JsonObject, policy: string | undefined, orphanDependents: boolean): readonly string[] {
  const existing = listAt(object, 'metadata', 'finalizers') as readonly string[];
  if (policy === undefined && !orphanDependents) return existing;
  const others = existing.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (policy === 'Orphan' || orphanDependents) return [...others, ORPHAN];
  return policy === 'Foreground' ? [...others, FOREGROUND] : others;
}

function marks(cluster: Cluster, target: Target, object: JsonObject, finalizers: readonly string[]): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const same = JSON.stringify(finalizers) === JSON.stringify(listAt(metadata, 'finalizers'));
  if (textAt(metadata, 'deletionTimestamp') !== undefined && same) return object;
  const generation = metadata['generation'];
  let marked = withValueAt(object, ['metadata', 'finalizers'], finalizers.length === 0 ? undefined : finalizers);
  if (textAt(metadata, 'deletionTimestamp') === undefined) {
    marked = withValueAt(marked, ['metadata', 'deletionTimestamp'], timestamp(cluster));
    if (!isNamespace(target)) marked = withValueAt(marked, ['metadata', 'deletionGracePeriodSeconds'], 0);
    if (typeof generation === 'number') marked = withValueAt(marked, ['metadata', 'generation'], generation + 1);
  }
  return isNamespace(target)
    ? withMember(marked, 'status', { ...objectAt(marked, 'status'), phase: 'Terminating' })
    : marked;
}

/** Deletes everything that is selected; returns what was deleted or marked, as it was. */
export async function removeCollection(
  cluster: Cluster,
  target: Target,
  selected: Predicate,
  options: JsonObject,
  terms: Terms,
): Promise<readonly JsonObject[]> {
  const namespace = target.namespace === '' ? undefined : target.namespace;
  const entries = [...tableOf(cluster, target.kind).entries(namespace)].filter((entry) => selected(entry.object));
  const removed: JsonObject[] = [];
  for (const entry of entries.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))) {
    const one = { ...target, namespace: entry.namespace, name: entry.name };
    removed.push((await remove(cluster, one, options, terms)).object);
  }
  return removed;
}
