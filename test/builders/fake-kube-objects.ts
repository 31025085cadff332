/** What the fake API server knows about objects as data: names, versions, selectors, merge patches. */
import type { ListOptions } from '../../src/kube/client.ts';
import { ConflictError, InvalidError } from '../../src/kube/errors.ts';
import type { KubeObject, ObjectMeta, Resource, Stored } from '../../src/kube/types.ts';
import { objectKey } from '../../src/kube/types.ts';

export type Loose = KubeObject & Record<string, unknown>;

export function kindKey(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}

export function nameKey(
  resource: Resource,
  name: { readonly namespace?: string | undefined; readonly name?: string },
): string {
  return objectKey(resource.namespaced ? name.namespace : undefined, name.name ?? '');
}

export function refuseStale(resource: Resource, known: Loose, wanted: { readonly resourceVersion?: string }): void {
  const { resourceVersion = '' } = wanted;
  if (resourceVersion !== '' && resourceVersion !== known.metadata.resourceVersion)
    throw conflict(resource, known.metadata.name ?? '');
}

export function conflict(resource: Resource, name: string): ConflictError {
  const message = `Operation cannot be fulfilled on ${resource.plural} "${name}": the object has been modified`;
  return new ConflictError(message, { status: 409, reason: 'Conflict' });
}

/** A copy for the outside: nobody can change what the server holds. */
export function reveal<T extends KubeObject>(object: Loose): Stored<T> {
  return structuredClone(object) as unknown as Stored<T>;
}

/** RFC 7386. */
export function jsonMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = jsonMergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902, as far as members of objects go: `test`, `add`, `replace` and `remove`. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  const list = operations as readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];
  return list.reduce((result, { op, path, value }) => edited(result, path.split('/').slice(1), op, value), target);
}

function edited(target: unknown, path: readonly string[], op: string, value: unknown): unknown {
  const [key = '', ...rest] = path;
  const holder = isRecord(target) ? target : {};
  if (rest.length > 0) return { ...holder, [key]: edited(holder[key], rest, op, value) };
  const isSame = JSON.stringify(holder[key]) === JSON.stringify(value);
  if (op === 'test' && !isSame) throw new InvalidError('the test of the patch failed', { status: 422 });
  if (op === 'test') return target;
  const { [key]: _before, ...others } = holder;
  return op === 'remove' ? others : { ...others, [key]: value };
}

/** Whether an update raises `metadata.generation`: something beside metadata and status changed. */
export function specChanged(before: Loose, after: Loose): boolean {
  return bodyOf(before) !== bodyOf(after);
}

export function partialMetadata(object: Loose): Loose {
  return { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: object.metadata };
}

type Selectors = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;

export function matchesSelectors(object: KubeObject, selectors: Selectors): boolean {
  const { metadata } = object;
  if (selectors.namespace !== undefined && metadata.namespace !== selectors.namespace) return false;
  return (
    terms(selectors.labelSelector).every((term) => matchesLabel(metadata.labels ?? {}, term)) &&
    terms(selectors.fieldSelector).every((term) => matchesField(metadata, term))
  );
}

/** Splits at commas outside of parentheses. */
function terms(selector = ''): string[] {
  return selector === '' ? [] : selector.split(/,(?![^(]*\))/);
}

function matchesLabel(labels: Readonly<Record<string, string>>, term: string): boolean {
  const set = /^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(term);
  if (set !== null) {
    const value = labels[set[1] ?? ''];
    const inside = value !== undefined && (set[3] ?? '').split(',').some((entry) => entry.trim() === value);
    return inside === (set[2] === 'in');
  }
  const [, key = '', operator, wanted] = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(term) ?? [];
  if (operator === undefined) return term.startsWith('!') ? !(term.slice(1) in labels) : term.trim() in labels;
  return (labels[key] === wanted) === (operator !== '!=');
}

function matchesField(metadata: ObjectMeta, term: string): boolean {
  const [field, wanted] = term.split(/==?/);
  if (field === 'metadata.name') return metadata.name === wanted;
  if (field === 'metadata.namespace') return metadata.namespace === wanted;
  throw new Error(`FakeKube has no field selector ${field}`);
}

function bodyOf(object: Loose): string {
  const { metadata: _metadata, status: _status, apiVersion: _version, kind: _kind, ...body } = object;
  return JSON.stringify(body);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
