/** Reads the events of a watch from its stream of JSON lines. */
import type { WatchEvent } from './client.ts';
import { UnreachableError } from './errors.ts';
import { jsonLines, JsonStreamError } from './json-stream.ts';
import { errorFromEvent } from './status.ts';
import type { KubeObject, Stored } from './types.ts';

/**
 * @throws UnreachableError when the stream makes no sense; what its Status says when the server sends an ERROR event;
 * whatever reading the chunks throws.
 */
export async function* watchEvents<T extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  try {
    for await (const line of jsonLines(chunks)) yield toEvent<T>(line);
  } catch (error) {
    if (error instanceof JsonStreamError) throw nonsense(error.message);
    throw error;
  }
}

function toEvent<T extends KubeObject>(line: unknown): WatchEvent<T> {
  const { type, object } = (line ?? {}) as { readonly type?: unknown; readonly object?: unknown };
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isStored<T>(object)) throw nonsense('an event without an object');
      return { type, object };
    case 'BOOKMARK': {
      const resourceVersion = (object as Stored | undefined)?.metadata?.resourceVersion;
      if (resourceVersion === undefined) throw nonsense('a bookmark without a version');
      return { type, resourceVersion };
    }
    case 'ERROR':
      throw errorFromEvent(object);
    default:
      throw nonsense('an event of an unknown type');
  }
}

function isStored<T extends KubeObject>(object: unknown): object is Stored<T> {
  const metadata = (object as Partial<KubeObject> | undefined)?.metadata;
  return typeof metadata?.name === 'string' && typeof metadata.resourceVersion === 'string';
}

function nonsense(what: string): UnreachableError {
  return new UnreachableError(`watch broke off: ${what}`, { status: 200 });
}
