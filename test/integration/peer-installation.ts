/**
 * A cluster as the peer leaves it when its Pods end: `count` ExternalSecrets of all creation policies with their Secrets and
 * statuses, and one each of what else it keeps. What each object looks like is in `test/builders/peer-objects.ts`.
 */
import {
  clusterExternalSecrets,
  externalSecrets,
  GENERATORS_GROUP,
  namespaces,
  pushSecrets,
  secrets,
  secretStores,
} from '../../src/api/resources.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import {
  annotated,
  clusterExternalSecret,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  generatedBy,
  into,
  labelled,
  pushSecret,
  refreshEvery,
  secret,
  secretStore,
  templated,
} from '../builders/objects.ts';
import {
  PEER,
  peerChild,
  peerClusterExternalSecretStatus,
  peerExternalSecretStatus,
  peerFieldManager,
  peerPushSecretStatus,
  peerStoreStatus,
  peerTarget,
  type PeerTarget,
} from '../builders/peer-objects.ts';
import type { Env } from './env.ts';

const HOUR_MS = 3_600_000;
const VALUES = { user: 'app', password: 'p1' };
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** What somebody else keeps in the Secrets that are merged into. */
const FOREIGN = { theirs: 'kept' };

export interface PeerInstallation {
  readonly namespace: string;
  /** Where the ClusterExternalSecret has its child. */
  readonly served: string;
  readonly clusterExternalSecret: string;
}

/** @param firstDueInMs the ExternalSecrets (interval 1h) fall due evenly between then and an hour from now */
export async function installPeer(env: Env, count: number, firstDueInMs = 0): Promise<PeerInstallation> {
  const namespace = await env.namespace('taken-over');
  const served = await env.namespace('served', { team: namespace });
  await installStores(env, namespace);
  const now = env.machine.clock.now();
  const step = (HOUR_MS - firstDueInMs) / count;
  await inBatches(count, async (index) => {
    const refreshedAt = now - HOUR_MS + firstDueInMs + Math.floor(index * step);
    await installExternalSecret(env, namespace, index, refreshedAt);
  });
  await installGenerated(env, namespace, now - HOUR_MS / 2);
  await installPushSecret(env, namespace, now - HOUR_MS / 2);
  await installFanOut(env, namespace, served, now - HOUR_MS / 2);
  return { namespace, served, clusterExternalSecret: namespace };
}

async function installStores(env: Env, namespace: string): Promise<void> {
  const [store, shared] = await env.apply(
    secretStore(namespace, 'store', fake(VALUES)),
    clusterSecretStore(namespace, fake(VALUES)),
    secret(namespace, 'source', { 'api-key': 'k1' }),
  );
  const now = env.machine.clock.now();
  await setFinalizers(env, secretStores, store!, PEER.storeFinalizer);
  await setStatus(env, secretStores, store!, peerStoreStatus(now));
  await setStatus(
    env,
    { ...secretStores, plural: 'clustersecretstores', namespaced: false },
    shared!,
    peerStoreStatus(now),
  );
}

/** The mixture: mostly Owner without a template, now and then something else. */
function variety(namespace: string, index: number): { readonly es: KubeObject; readonly target: PeerTarget } {
  const long = index % 11 === 1 ? '-with-a-name-beyond-the-limit-of-field-managers' : '';
  const parts = [from('store'), refreshEvery('1h'), entry('user', 'user'), entry('pass', 'password')] as const;
  const data = { user: VALUES.user, pass: VALUES.password };
  const name = `es-${index}${long}`;
  if (index % 10 === 2) {
    const template = { metadata: { labels: { app: 'db' } }, data: { url: '{{ .user }}:{{ .pass }}@db' } };
    const target = { data: { url: 'app:p1@db' }, template: { labels: { app: 'db' } } };
    return { es: externalSecret(namespace, name, ...parts, templated(template)), target };
  }
  const policy = ({ 3: 'Orphan', 4: 'Merge', 5: 'CreateOrMerge' } as const)[index % 20];
  const es = externalSecret(namespace, name, ...parts, into(policy === undefined ? {} : { creationPolicy: policy }));
  const merges = policy === 'Merge' || policy === 'CreateOrMerge';
  const target: PeerTarget = { policy: policy ?? 'Owner', data: merges ? { ...data, ...FOREIGN } : data };
  const applied = { [LAST_APPLIED]: '{"kind":"ExternalSecret"}\n' };
  return { es: index % 7 === 6 ? annotated(applied, labelled({ team: 'shop' }, es)) : es, target };
}

async function installExternalSecret(env: Env, namespace: string, index: number, refreshedAt: number): Promise<void> {
  const { es, target } = variety(namespace, index);
  // The peer's wording is no part of the contract: some say it otherwise.
  const message = index % 5 === 0 ? 'Secret was synced' : undefined;
  await install(env, es, target, refreshedAt, message);
}

async function install(env: Env, es: KubeObject, target: PeerTarget, at: number, message?: string): Promise<void> {
  const metadata = { ...es.metadata, finalizers: [PEER.externalSecretFinalizer] };
  const stored = await env.kube.create(externalSecrets, { ...es, metadata });
  await installTarget(env, peerTarget(stored, target), target, peerFieldManager(stored.metadata.name));
  const status = peerExternalSecretStatus(stored, at, target.name ?? stored.metadata.name, message);
  await setStatus(env, externalSecrets, stored, status);
}

async function installTarget(env: Env, object: KubeObject, target: PeerTarget, fieldManager: string): Promise<void> {
  if (target.policy !== 'Merge' && target.policy !== 'CreateOrMerge') {
    await env.kube.create(secrets, object, { fieldManager });
    return;
  }
  const { namespace = '', name = '' } = object.metadata;
  const theirs = await env.kube.create(secrets, secret(namespace, name, FOREIGN), { fieldManager: 'kubectl-create' });
  const { resourceVersion } = theirs.metadata;
  await env.kube.update(secrets, { ...object, metadata: { ...object.metadata, resourceVersion } }, { fieldManager });
}

/** Synced once, with a value that nobody can make again. */
async function installGenerated(env: Env, namespace: string, at: number): Promise<void> {
  const password = {
    apiVersion: `${GENERATORS_GROUP}/v1alpha1`,
    kind: 'Password',
    metadata: { namespace, name: 'password' },
    spec: { length: 12, allowRepeat: true, noUpper: false },
  };
  await env.apply(password);
  const es = externalSecret(namespace, 'generated', generatedBy('Password', 'password'), refreshEvery('0'));
  await install(env, es, { data: { password: 'made-by-the-peer' } }, at);
}

async function installPushSecret(env: Env, namespace: string, at: number): Promise<void> {
  const policy = { deletionPolicy: 'Delete', refreshInterval: '1h' } as const;
  const [ps] = await env.apply(pushSecret(namespace, 'push', 'source', 'store', { 'api-key': 'remote' }, policy));
  const stored = await setFinalizers(env, pushSecrets, ps!, PEER.pushSecretFinalizer);
  await setStatus(env, pushSecrets, stored, peerPushSecretStatus(stored, at, 'store', { remote: 'api-key' }));
}

async function installFanOut(env: Env, namespace: string, served: string, at: number): Promise<void> {
  const where = { namespaceSelectors: [{ matchLabels: { team: namespace } }] };
  const parts = [from(namespace, 'ClusterSecretStore'), refreshEvery('1h'), entry('user', 'user')] as const;
  const [made] = await env.apply(clusterExternalSecret(namespace, where, ...parts));
  const parent = (await setFinalizers(
    env,
    clusterExternalSecrets,
    made!,
    PEER.clusterExternalSecretFinalizer,
  )) as Stored & {
    readonly spec: { readonly externalSecretSpec: object };
  };
  await setStatus(env, clusterExternalSecrets, parent, peerClusterExternalSecretStatus(namespace, [served]));
  await install(env, peerChild(parent, served), { data: { user: VALUES.user } }, at);
  const finalizers = [PEER.namespaceFinalizer(namespace)];
  await env.kube.patch(namespaces, { name: served }, { metadata: { finalizers } });
}

async function setFinalizers(env: Env, resource: Resource, { metadata }: Stored, ...finalizers: readonly string[]) {
  const { namespace, name } = metadata;
  return env.kube.patch(resource, { namespace, name }, { metadata: { finalizers } });
}

async function setStatus(env: Env, resource: Resource, { metadata }: Stored, status: object): Promise<void> {
  const { namespace, name } = metadata;
  const options = { subresource: 'status', fieldManager: 'external-secrets' } as const;
  await env.kube.patch(resource, { namespace, name }, { status }, options);
}

/** A few at a time: a real API server takes its time. */
async function inBatches(count: number, make: (index: number) => Promise<void>): Promise<void> {
  const size = 20;
  for (let start = 0; start < count; start += size) {
    const batch = Array.from({ length: Math.min(size, count - start) }, (_, offset) => make(start + offset));
    await Promise.all(batch);
  }
}
