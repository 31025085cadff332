/**
 * deletionPolicy Delete of a target that no owner reference takes along: the only case in which deleting an ExternalSecret leaves work
 * to us, and thus the only one in which it carries our finalizer (D2, Q20).
 */
import { externalSecrets, namespaces } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { NotFoundError } from '../../../kube/errors.ts';
import type { Stored } from '../../../kube/types.ts';
import type { Deps, StoredExternalSecret } from '../deps.ts';
import { fieldManagerOf, MANAGED_LABEL, PEER_FINALIZER } from '../names.ts';
import { Problem } from '../problem.ts';
import { deleteManifest, type ManifestPlace } from './apply.ts';
import { isSoleWriter } from './content-fields.ts';
import type { Manifests } from './manifests.ts';

export function needsCleanUp(es: Pick<StoredExternalSecret, 'spec'>): boolean {
  const target = es.spec?.target;
  return target?.manifest !== undefined && target.deletionPolicy === 'Delete' && target.creationPolicy !== 'Owner';
}

/** Puts the finalizer on, once. */
export async function holdForCleanUp(client: KubeClient, es: StoredExternalSecret, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = es.metadata;
  if (finalizers.includes(PEER_FINALIZER)) return;
  const patch = { metadata: { uid, resourceVersion, finalizers: [...finalizers, PEER_FINALIZER] } };
  await client.patch(externalSecrets, { namespace, name }, patch, { type: 'merge', signal });
}

/**
 * Deletes the target of an ExternalSecret that is being deleted, if there is anything to do.
 * @throws what stands in the way, so that it is tried again; the finalizer then stays
 */
export async function cleanUpManifest(deps: Deps, es: StoredExternalSecret, signal: AbortSignal): Promise<void> {
  const { manifests } = deps;
  const isHeld = (es.metadata.finalizers ?? []).includes(PEER_FINALIZER);
  if (manifests === undefined || !isHeld || !needsCleanUp(es)) return;
  // Everything in a namespace that ends goes with it (D6).
  if (await isEnding(deps.client, es.metadata.namespace ?? '', signal)) return;
  await removeTarget(deps, manifests, es, signal);
}

async function removeTarget(
  deps: Deps,
  manifests: Manifests,
  es: StoredExternalSecret,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '', name, uid, labels = {} } = es.metadata;
  const { manifest: kind, name: targetName = name, creationPolicy } = es.spec!.target;
  try {
    const resource = await manifests.kinds.resourceOf(kind!, signal);
    const owner = { namespace, name, uid, creationPolicy };
    const place: ManifestPlace = { client: deps.client, owner, resource, name: targetName, view: undefined, signal };
    if (await deleteManifest(place, (object) => isOurWork(name, object))) {
      deps.events.deleted({ key: `${namespace}/${name}`, namespace, name, uid, labels }, targetName, resource.kind);
    }
  } catch (error) {
    // Without the kind there is no object.
    if (error instanceof Problem && error.cause === undefined) return;
    throw error;
  }
}

/** Written by us alone and controlled by nobody: without an owner reference there is no better proof. */
function isOurWork(name: string, { metadata }: Stored): boolean {
  const isControlled = (metadata.ownerReferences ?? []).some((reference) => reference.controller === true);
  const isManaged = metadata.labels?.[MANAGED_LABEL] === 'true';
  return isManaged && !isControlled && isSoleWriter(fieldManagerOf(name), metadata.managedFields ?? []);
}

async function isEnding(client: KubeClient, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const namespace = await client.get(namespaces, { name }, { metadataOnly: true, signal });
    return namespace.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    // Not ours to see, as in an install for one namespace: then the target is cleaned up like any other.
    return error instanceof NotFoundError;
  }
}
