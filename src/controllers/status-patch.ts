/**
 * Writes a status to the object it was computed for, and to no other: an object may have been deleted and made anew under its name
 * meanwhile. The API server ignores a UID inside a merge patch of a status, so it is told to compare it.
 */
import type { KubeClient } from '../kube/client.ts';
import { ConflictError, InvalidError } from '../kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../kube/types.ts';

/**
 * Replaces the whole status.
 * @throws ConflictError when there is another object of that name now
 */
export async function patchStatus<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  { metadata }: Pick<Stored, 'metadata'>,
  status: object,
  signal: AbortSignal,
): Promise<Stored<T>> {
  const name = { namespace: metadata.namespace, name: metadata.name };
  const patch = [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'add', path: '/status', value: status },
  ];
  try {
    return await client.patch<T>(resource, name, patch, { type: 'json', subresource: 'status', signal });
  } catch (error) {
    // A comparison that fails and a status that is not valid are refused alike.
    if (!(error instanceof InvalidError)) throw error;
    const current = await client.get(resource, name, { metadataOnly: true, signal });
    if (current.metadata.uid === metadata.uid) throw error;
    const text = `${resource.plural} "${metadata.name}" was deleted and made anew`;
    throw new ConflictError(text, { status: 409, reason: 'Conflict', cause: error });
  }
}
