/**
 * Where a store writes to, and as whom (D30): two stores with one answer are one place, whatever they are called. It is said from the
 * store alone, by the references to its credentials, so that nobody logs in to find out. Pure.
 */
import type { StoreIdentity } from './provider.ts';
import { findProvider } from './registry.ts';

/** Objects from a cache do not change: each is looked at once for each namespace. */
const known = new WeakMap<object, Map<string, string>>();

/**
 * Equal for stores, in the eyes of these namespaces, that write to the same backend as the same identity.
 * @param provider `spec.provider` as it is in the store
 * @param namespace the consumer's
 */
export function destinationOf(store: StoreIdentity, provider: object, namespace: string): string {
  const found = known.get(provider) ?? new Map<string, string>();
  known.set(provider, found);
  const text = found.get(namespace) ?? describe(store, provider, namespace);
  found.set(namespace, text);
  return text;
}

function describe(store: StoreIdentity, provider: object, namespace: string): string {
  const consumer = store.kind === 'SecretStore' ? store.namespace : namespace;
  try {
    const { declaration, spec } = findProvider(provider);
    const place = declaration.destination === undefined ? spec : declaration.destination(spec, consumer);
    if (place !== undefined) return JSON.stringify([declaration.name, located(place, consumer)]);
    return ownPlace(store, declaration.dependsOnNamespace(spec) ? consumer : '');
  } catch {
    // Nothing is pushed to a store that cannot be read.
    return ownPlace(store, '');
  }
}

function ownPlace({ uid }: StoreIdentity, namespace: string): string {
  return JSON.stringify([uid, namespace]);
}

const REFERENCE_MEMBERS = new Set(['name', 'namespace', 'key', 'type', 'audiences']);

/** The same with members in order, and with the namespace where a reference to an object leaves it out. */
function located(value: unknown, namespace: string): unknown {
  if (Array.isArray(value)) return value.map((item) => located(item, namespace));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const isReference = members.every(([name]) => REFERENCE_MEMBERS.has(name)) && 'name' in value;
  const where = isReference && !('namespace' in value && value.namespace) ? [['namespace', namespace] as const] : [];
  const all = [...members.filter(([name]) => where.length === 0 || name !== 'namespace'), ...where];
  return all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, located(member, namespace)]);
}
