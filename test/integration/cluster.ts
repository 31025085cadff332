/** What a test does to a cluster as a person would: apply manifests, read events, clean up. */
import { setTimeout as wait } from 'node:timers/promises';
import * as catalogue from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { ConflictError, NotFoundError, TooManyRequestsError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import type { Event } from './env.ts';

/** Kinds that tests apply but the operator does not know. */
const OTHERS: readonly Resource[] = [
  ...['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'].map((kind) => ({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: `${kind.toLowerCase()}s`,
    kind,
    namespaced: !kind.startsWith('Cluster'),
  })),
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
];
const KNOWN: readonly Resource[] = [...Object.values(catalogue).flatMap(resourcesIn), ...OTHERS];

/** Everything of our own groups. */
export const OURS = KNOWN.filter(({ group }) => group === catalogue.GROUP || group === catalogue.GENERATORS_GROUP);

function resourcesIn(exported: unknown): readonly Resource[] {
  return typeof exported === 'object' && exported !== null && 'plural' in exported ? [exported as Resource] : [];
}

/** How the object's kind is addressed, in the version that the object says. */
export function resourceOf(object: KubeObject): Resource {
  const { apiVersion = '', kind = '' } = object;
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const known = KNOWN.find((resource) => resource.group === group && resource.kind === kind);
  if (known === undefined) throw new Error(`test/integration/cluster.ts does not know ${apiVersion} ${kind}`);
  return { ...known, version };
}

/** Creates the object, or replaces all of it but labels and annotations (which are added to) and the status. */
export async function applyObject(kube: KubeClient, object: KubeObject): Promise<Stored> {
  const resource = resourceOf(object);
  const { namespace, name = '' } = object.metadata;
  for (;;) {
    try {
      const current = await kube.get<KubeObject>(resource, { namespace, name });
      return await kube.update(resource, merged(current, object), { fieldManager: 'kubectl-client-side-apply' });
    } catch (error) {
      if (error instanceof NotFoundError)
        return kube.create(resource, object, { fieldManager: 'kubectl-client-side-apply' });
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function merged(current: Stored, wanted: KubeObject): KubeObject {
  const { managedFields: _theirs, ...metadata } = current.metadata;
  const labels = { ...metadata.labels, ...wanted.metadata.labels };
  const annotations = { ...metadata.annotations, ...wanted.metadata.annotations };
  const status = 'status' in current ? { status: current.status } : {};
  return { ...status, ...wanted, metadata: { ...metadata, ...wanted.metadata, labels, annotations } };
}

/** Gives a ServiceAccount the rights of a ClusterRole in all namespaces. */
export async function bindClusterRole(
  kube: KubeClient,
  clusterRole: string,
  account: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `test:${account.namespace}:${account.name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  };
  await applyObject(kube, binding);
}

type CoreEvent = KubeObject & {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
};

export async function eventsAbout(kube: KubeClient, namespace: string | undefined, name: string): Promise<Event[]> {
  const { items } = await kube.list<CoreEvent>(catalogue.events, { namespace: namespace ?? 'default' });
  const about = items.filter((event) => event.involvedObject.name === name);
  return about.toSorted(byAge).map((event) => ({
    type: event.type ?? '',
    reason: event.reason ?? '',
    message: event.message ?? '',
    count: event.count ?? 1,
    kind: event.involvedObject.kind ?? '',
  }));
}

/** Times have a precision of seconds, so versions, which only grow, break the tie. */
function byAge(a: Stored<CoreEvent>, b: Stored<CoreEvent>): number {
  const byTime = (a.firstTimestamp ?? '').localeCompare(b.firstTimestamp ?? '');
  return byTime === 0 ? Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion) : byTime;
}

/** Waits until all our kinds can be listed: a fresh API server, or fresh CRDs, first answer 429. */
export async function untilServed(kube: KubeClient): Promise<void> {
  for (const resource of OURS) {
    for (let served = false; !served;) {
      served = await kube.list(resource, { limit: 1 }).then(() => true, isLasting);
      if (!served) await wait(200);
    }
  }
}

/** @throws the error, unless it asks us to come back. "Not found" means that the CRD is not installed. */
function isLasting(error: unknown): boolean {
  if (error instanceof TooManyRequestsError) return false;
  if (error instanceof NotFoundError) return true;
  throw error;
}

/** Removes every object of our groups, finalizers or not: nobody may be running any more who would see to them. */
export async function removeOurObjects(kube: KubeClient): Promise<void> {
  for (const resource of OURS) {
    for (const object of await listOf(kube, resource)) await removeObject(kube, resource, object);
  }
}

async function listOf(kube: KubeClient, resource: Resource): Promise<readonly Stored[]> {
  try {
    return (await kube.list(resource)).items;
  } catch (error) {
    if (error instanceof NotFoundError) return []; // its CRD is not installed
    throw error;
  }
}

async function removeObject(kube: KubeClient, resource: Resource, object: Stored): Promise<void> {
  const { namespace, name, finalizers } = object.metadata;
  try {
    if ((finalizers?.length ?? 0) > 0)
      await kube.patch(resource, { namespace, name }, { metadata: { finalizers: null } });
    await kube.delete(resource, { namespace, name });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
