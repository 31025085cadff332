/**
 * Namespaces full of our objects, whose stores then stop answering, and how long such namespaces take to go (D6). For the integration
 * test, and in full size for `npm run bench -- namespaces`.
 */
import assert from 'node:assert/strict';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  externalSecrets,
  namespaces,
  pushSecrets,
  secrets,
  secretStores,
} from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import {
  clusterExternalSecret,
  clusterPushSecret,
  entry,
  externalSecret,
  from,
  into,
  pushSecret,
  refreshEvery,
  secret,
  secretStore,
  vault,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { OURS } from './cluster.ts';
import type { Env } from './env.ts';

/** Objects of ours in each namespace, the children of the cluster-wide ones included. */
export const OBJECTS_EACH = 20;
/** Of these, PushSecrets that would have to clean up: 7 and a child. */
export const PUSHING_EACH = 8;
const LABEL = 'crowded';
const PEER = 'externalsecrets.external-secrets.io';
const BOTH_KINDS: readonly Resource[] = [externalSecrets, pushSecrets];

export type Crowd = 'nothing' | 'ExternalSecrets' | 'everything';

/** Makes `count` namespaces and fills them; resolves when all of it is synced and pushed. */
export async function crowdedNamespaces(env: Env, count: number, crowd: Crowd): Promise<readonly string[]> {
  const labels = crowd === 'everything' ? { [LABEL]: 'all' } : {};
  const names = await inParallel(count, () => env.namespace('crowd', labels));
  if (crowd === 'nothing') return names;
  await inParallel(count, async (index) => {
    const namespace = names[index]!;
    await env.kube.create(secrets, secret(namespace, 'account', { token: env.vault.rootToken }));
    await env.kube.create(secretStores, secretStore(namespace, 'vault', vault(env.vault.address, 'account')));
    for (const object of contents(namespace, crowd)) await env.kube.create(kindOf(object), object);
  });
  if (crowd === 'everything') await env.apply(...clusterWide());
  await env.eventually(() => isSettled(env, names), 30_000 + count * 1_000);
  return names;
}

/** What the peer would have left on a namespace that it served. */
export async function markAsThePeer(env: Env, names: readonly string[]): Promise<void> {
  for (const name of names)
    await env.kube.patch(namespaces, { name }, { metadata: { finalizers: [`${PEER}/ces-crowded`] } });
}

/** Deletes all of them at once. @returns milliseconds until the last is gone */
export async function timeToGo(env: Env, names: readonly string[], patienceMs: number): Promise<number> {
  const startedAt = performance.now();
  await inParallel(names.length, (index) => env.kube.delete(namespaces, { name: names[index]! }));
  await env.eventually(async () => {
    const { items } = await env.kube.list(namespaces, { metadataOnly: true });
    const left = items.map(({ metadata }) => metadata.name).filter((name) => names.includes(name));
    assert.equal(left.length, 0, `still there: ${left.slice(0, 3).join(', ')} (${left.length})`);
  }, patienceMs);
  return performance.now() - startedAt;
}

/** Objects of our kinds, and Secrets, in these namespaces, as `<plural> <namespace>/<name>`. */
export async function leftIn(env: Env, names: readonly string[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const resource of [...OURS.filter(({ namespaced }) => namespaced), secrets]) {
    const { items } = await env.kube.list(resource, { metadataOnly: true });
    for (const { metadata } of items)
      if (names.includes(metadata.namespace ?? ''))
        left.push(`${resource.plural} ${metadata.namespace}/${metadata.name}`);
  }
  return left;
}

/** The cluster-wide objects go as well, each at once. */
export async function removeClusterWide(env: Env): Promise<void> {
  for (const resource of [clusterExternalSecrets, clusterPushSecrets]) {
    await env.kube.delete(resource, { name: LABEL });
    await env.eventually(() => assert.rejects(env.kube.get(resource, { name: LABEL }), NotFoundError));
  }
}

function contents(namespace: string, crowd: Crowd): readonly KubeObject[] {
  const source = secret(namespace, 'source', { value: 'pushed' });
  const isFull = crowd === 'everything';
  // The store and, where there is everything, two children of cluster-wide objects make up the rest.
  const pushing = isFull ? PUSHING_EACH - 1 : 0;
  const syncing = OBJECTS_EACH - 1 - pushing - (isFull ? 2 : 0);
  return [
    source,
    ...Array.from({ length: pushing }, (_, n) => {
      return pushSecret(namespace, `push-${n}`, 'source', 'vault', {}, pushedTo(`${namespace}/${n}`));
    }),
    ...Array.from({ length: syncing }, (_, n) => {
      const es = externalSecret(namespace, `es-${n}`, ...spec(n));
      const finalizers = [`${PEER}/externalsecret-cleanup`];
      return n === 0 ? { ...es, metadata: { ...es.metadata, finalizers } } : es;
    }),
  ];
}

/** Every other one would delete its Secret when the value is gone. */
function spec(n: number): Parameters<typeof externalSecret>[2][] {
  const target = into({ deletionPolicy: n % 2 === 0 ? 'Delete' : 'Retain' });
  return [from('vault'), entry('value', 'crowded', 'value'), refreshEvery('10s'), target];
}

function pushedTo(remoteKey: string): Partial<PushSecretSpecInput> {
  const match = { secretKey: 'value', remoteRef: { remoteKey, property: 'value' } };
  return { deletionPolicy: 'Delete', data: [{ match }] };
}

function clusterWide(): readonly KubeObject[] {
  const where = { namespaceSelectors: [{ matchLabels: { [LABEL]: 'all' } }] };
  const { spec: pushSecretSpec } = pushSecret('', '', 'source', 'vault', {}, pushedTo('crowded-child'));
  return [
    clusterExternalSecret(LABEL, where, ...spec(0)),
    clusterPushSecret(LABEL, { [LABEL]: 'all' }, pushSecretSpec),
  ];
}

function kindOf({ kind }: KubeObject): Resource {
  return [...BOTH_KINDS, secrets].find((resource) => resource.kind === kind)!;
}

type Ready = KubeObject & { readonly status?: { readonly conditions?: readonly { readonly status: string }[] } };

async function isSettled(env: Env, names: readonly string[]): Promise<void> {
  for (const resource of BOTH_KINDS) {
    const { items } = await env.kube.list<Ready>(resource);
    const ours = items.filter(({ metadata }) => names.includes(metadata.namespace ?? ''));
    const ready = ours.filter(({ status }) => status?.conditions?.[0]?.status === 'True');
    assert.equal(ready.length, ours.length, `${ready.length} of ${ours.length} ${resource.plural} are ready`);
  }
}

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const worker = async (): Promise<void> => {
    for (const index of indexes) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return results;
}
