/** Manifests as the guides have them, for a store that needs nothing from outside. */
import { entry, externalSecret, extract, fake, from, refreshEvery, secretStore } from '../builders/objects.ts';
import { eventually, get } from './cluster.ts';

export const fakeStore = (namespace: string) => secretStore(namespace, 'store', fake({ db: 'from-the-backend' }));

export const fromFake = (namespace: string, name: string) =>
  externalSecret(namespace, name, from('store'), entry('password', 'db'), refreshEvery('1h'));

/** All fields of the JSON object `key` of a ClusterSecretStore. */
export const fieldsOf = (namespace: string, name: string, store: string, key: string) =>
  externalSecret(namespace, name, from(store, 'ClusterSecretStore'), extract(key), refreshEvery('1h'));

/** Waits until the Secret is there. @returns its values */
export function valuesOf(namespace: string, name: string, timeoutMs?: number): Promise<Record<string, string>> {
  return eventually(async () => {
    const { data } = (await get('secret', name, namespace)) ?? {};
    if (data === undefined) throw new Error(`there is no Secret ${namespace}/${name}`);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, atob(value)]));
  }, timeoutMs);
}
