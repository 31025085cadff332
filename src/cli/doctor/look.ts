/** Reads objects with the rights of the person at the terminal: what they may not read is an answer too, not an error. */
import type { KubeClient, ObjectName } from '../../kube/client.ts';
import { DeniedError, NotFoundError } from '../../kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../../kube/types.ts';

export type Seen<T> =
  { readonly state: 'found'; readonly object: T } | { readonly state: 'missing' } | { readonly state: 'denied' };

export function look<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  name: ObjectName,
): Promise<Seen<Stored<T>>> {
  return attempt(() => client.get<T>(resource, name));
}

/** @throws KubeError when nobody knows us (401), or the API server cannot be reached */
export async function attempt<T>(read: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { state: 'found', object: await read() };
  } catch (error) {
    if (error instanceof NotFoundError) return { state: 'missing' };
    if (error instanceof DeniedError && error.status === 403) return { state: 'denied' };
    throw error;
  }
}

/** The same, with what is kept of the object. */
export function seenAs<T, U>(seen: Seen<T>, view: (object: T) => U): Seen<U> {
  return seen.state === 'found' ? { state: 'found', object: view(seen.object) } : seen;
}
