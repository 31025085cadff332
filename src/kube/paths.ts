/** URLs of the Kubernetes API: where a kind, an object and a subresource live, and how options become a query. */
import type { ListOptions, WriteOptions } from './client.ts';
import type { Resource } from './types.ts';
import { apiVersionOf } from './types.ts';

type Where = Pick<Resource, 'group' | 'version' | 'plural' | 'namespaced'>;

/** The collection of a kind, in one namespace or (undefined) everywhere. */
export function collectionPath(resource: Where, namespace: string | undefined): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const inside =
    resource.namespaced && namespace !== undefined && namespace !== '' ? `/namespaces/${segment(namespace)}` : '';
  return `${root}/${apiVersionOf(resource)}${inside}/${resource.plural}`;
}

/** @throws TypeError when the name is empty: the path would be that of the whole collection. */
export function objectPath(
  resource: Where,
  name: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  if (name.name === undefined || name.name === '') throw new TypeError(`name of ${resource.plural} is empty`);
  if (resource.namespaced && (name.namespace ?? '') === '')
    throw new TypeError(`namespace of ${resource.plural} "${name.name}" is empty`);
  const path = `${collectionPath(resource, name.namespace)}/${segment(name.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function listQuery(options: ListOptions): string {
  return query({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
  });
}

export function writeQuery(options: WriteOptions & { readonly force?: boolean }): string {
  return query({
    fieldManager: options.fieldManager,
    dryRun: options.dryRun === true ? 'All' : undefined,
    force: options.force,
  });
}

/** `?a=b&c=d`, without what is undefined; empty when nothing is left. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** Names come from objects that tenants write: one must never reach another path. */
function segment(name: string): string {
  if (name === '.' || name === '..') throw new TypeError(`"${name}" is not a name`);
  return encodeURIComponent(name);
}
