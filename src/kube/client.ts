/**
 * What the rest of the program may ask of the API server. One narrow interface; the implementation over HTTP/2 is
 * `http-client.ts`. Every call takes an AbortSignal and throws only the errors of `errors.ts` (or the abort reason).
 */
import type { KubeObject, ListMeta, Resource, Stored } from './types.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Recorded in `managedFields`; default: the client's own name. */
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface ListOptions extends CallOptions {
  /** Omitted: all namespaces (or the cluster, for cluster-scoped kinds). */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Page size; the caller follows `metadata.continue`. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  /** Ask for PartialObjectMetadata: no spec, status or data crosses the wire. */
  readonly metadataOnly?: boolean;
}

export interface WatchOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Seconds after which the API server ends the stream. */
  readonly timeoutSeconds: number;
  /** No byte for this long, in milliseconds: the stream counts as dead and the iterator throws. */
  readonly idleTimeoutMs?: number;
  /** Called once when the API server has accepted the watch; the first event may be minutes away. */
  readonly onOpen?: () => void;
  readonly metadataOnly?: boolean;
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Stored<T> }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface ObjectList<T extends KubeObject> {
  readonly metadata: ListMeta;
  readonly items: readonly Stored<T>[];
}

/** `namespace` is omitted for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export type PatchType = 'merge' | 'json' | 'apply';

export interface DeleteOptions extends CallOptions {
  /** The delete is refused with a conflict when the object has another UID or version by then. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

export interface TokenRequest {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
}

export interface KubeClient {
  /** @throws NotFoundError when there is no such object. */
  get<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    options?: CallOptions & { readonly metadataOnly?: boolean },
  ): Promise<Stored<T>>;
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * Streams events until the server ends the stream (the iterator then finishes), the signal aborts or something
   * breaks (it throws). An ERROR event is thrown as the error its Status describes (410 as GoneError).
   */
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Whole replace; refused with ConflictError when `metadata.resourceVersion` is set and stale. */
  update<T extends KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<Stored<T>>;
  updateStatus<T extends KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<Stored<T>>;
  patch<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    patch: unknown,
    options?: WriteOptions & { readonly type?: PatchType; readonly subresource?: string; readonly force?: boolean },
  ): Promise<Stored<T>>;
  /** Not found is reported as NotFoundError: the caller decides whether that is success. */
  delete(resource: Resource, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /** TokenRequest for a ServiceAccount. `expiresAt` in milliseconds since the epoch. */
  createToken(
    serviceAccount: ObjectName,
    request: TokenRequest,
    options?: CallOptions,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** Any other call, e.g. a review. `path` begins with a slash; returns the parsed JSON body. */
  raw(method: string, path: string, body?: unknown, options?: CallOptions): Promise<unknown>;
  /** Ends all connections. Calls under way fail. */
  close(): Promise<void>;
}
