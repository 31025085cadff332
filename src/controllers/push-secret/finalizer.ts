/**
 * Our finalizer on a PushSecret: there only while something would have to be removed from a backend before the object may go.
 */
import { pushSecrets } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { StoredPushSecret } from './deps.ts';
import { PUSH_FINALIZER } from './names.ts';

export function hasFinalizer(ps: StoredPushSecret): boolean {
  return ps.metadata.finalizers?.includes(PUSH_FINALIZER) === true;
}

export async function setFinalizer(
  client: KubeClient,
  ps: StoredPushSecret,
  wanted: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (hasFinalizer(ps) === wanted) return;
  const { namespace, name, uid, resourceVersion, finalizers = [] } = ps.metadata;
  const kept = finalizers.filter((finalizer) => finalizer !== PUSH_FINALIZER);
  // The version guards other people's finalizers: a merge patch replaces the whole list.
  const metadata = { uid, resourceVersion, finalizers: wanted ? [...kept, PUSH_FINALIZER] : kept };
  try {
    await client.patch(pushSecrets, { namespace, name }, { metadata }, { type: 'merge', signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
