/** Lists everything of a kind, page by page. */
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../kube/types.ts';

const PAGE = 500;

export interface Listing {
  /** Undefined: all of them. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: boolean;
}

/** None when the API server has no such kind. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  options: Listing = {},
): Promise<readonly Stored<T>[]> {
  const found: Stored<T>[] = [];
  let next: string | undefined;
  do {
    const page = { ...options, limit: PAGE, ...(next === undefined ? {} : { continue: next }) };
    try {
      const { items, metadata } = await client.list<T>(resource, page);
      found.push(...items);
      next = metadata.continue === '' ? undefined : metadata.continue;
    } catch (error) {
      if (error instanceof NotFoundError) return [];
      throw error;
    }
  } while (next !== undefined);
  return found;
}
