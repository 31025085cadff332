/**
 * The peer puts a finalizer on every ExternalSecret; ours need none. We take it away with the next write to the target, and at
 * once when the object is being deleted, so that nothing hangs after a takeover (D2). Going back is no problem: the peer adds
 * it again by itself.
 */
import { externalSecrets } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { StoredExternalSecret } from './deps.ts';
import { PEER_FINALIZER } from './names.ts';

export async function dropPeerFinalizer(
  client: KubeClient,
  es: StoredExternalSecret,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = es.metadata;
  if (!finalizers.includes(PEER_FINALIZER)) return;
  const kept = finalizers.filter((finalizer) => finalizer !== PEER_FINALIZER);
  // The version guards other people's finalizers: a merge patch replaces the whole list.
  const patch = { metadata: { uid, resourceVersion, finalizers: kept } };
  try {
    await client.patch(externalSecrets, { namespace, name }, patch, { type: 'merge', signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
