/**
 * The Kubernetes API over HTTP: what each call of `KubeClient` is on the wire. JSON only. Connections, credentials and
 * time limits are `transport.ts`'s part; errors are made in `status.ts`.
 */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  ObjectName,
  PatchType,
  TokenRequest,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { UnreachableError } from './errors.ts';
import type { WholeAnswer } from './exchange.ts';
import { unreachable } from './network-errors.ts';
import { collectionPath, listQuery, objectPath, query, writeQuery } from './paths.ts';
import { RateLimit } from './rate-limit.ts';
import { errorFromAnswer } from './status.ts';
import type { ConnectionConfig, RequestInfo, StreamAnswer, TransportRequest } from './transport.ts';
import { Transport } from './transport.ts';
import type { KubeObject, Resource, Stored } from './types.ts';
import { apiVersionOf } from './types.ts';
import { watchEvents } from './watch-events.ts';

export type { ConnectionConfig, RequestInfo } from './transport.ts';

export interface ClientOptions {
  /** For the rate limit only. */
  readonly clock?: Clock;
  /** Client-side limit in requests per second; 0 or undefined: none, the API server's own fairness decides (D54). */
  readonly qps?: number;
  /** What may exceed `qps` for a moment; default 2 · qps. */
  readonly burst?: number;
  /** Milliseconds until the headers of an answer, and the longest silence inside one; default 30 s. */
  readonly timeoutMs?: number;
  /** Told about each request once its headers are there, or it failed. Must not throw. */
  readonly observe?: (info: RequestInfo) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_IDLE_TIMEOUT_MS = 90_000;
const JSON_TYPE = 'application/json';
const PARTIAL = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const PARTIAL_LIST = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};
const SERVICE_ACCOUNTS = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };

/** No connection is made before the first call. */
export function connect(config: ConnectionConfig, options: ClientOptions = {}): KubeClient {
  return new HttpKubeClient(config, options);
}

class HttpKubeClient implements KubeClient {
  readonly #transport: Transport;
  readonly #limit: RateLimit | undefined;

  constructor(config: ConnectionConfig, options: ClientOptions) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, observe = () => undefined, qps = 0, clock = systemClock } = options;
    this.#transport = new Transport(config, timeoutMs, observe);
    this.#limit = qps > 0 ? new RateLimit({ qps, burst: options.burst ?? 2 * qps, clock }) : undefined;
  }

  async get<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    options: CallOptions & { readonly metadataOnly?: boolean } = {},
  ): Promise<Stored<T>> {
    const accept = acceptFor(PARTIAL, options.metadataOnly);
    return this.#json({ method: 'GET', path: objectPath(resource, name), accept, signal: options.signal });
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    const path = collectionPath(resource, options.namespace) + listQuery(options);
    const accept = acceptFor(PARTIAL_LIST, options.metadataOnly);
    const list = await this.#json<Partial<ObjectList<T>>>({ method: 'GET', path, accept, signal: options.signal });
    const { metadata, items } = list;
    if (typeof metadata?.resourceVersion !== 'string') throw this.#noAnswer();
    // Go prints an empty list as null now and then.
    return { metadata, items: items ?? [] };
  }

  async *watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const answer = await this.#transport.open({
      method: 'GET',
      path: collectionPath(resource, options.namespace) + watchQuery(options),
      accept: acceptFor(PARTIAL, options.metadataOnly),
      signal: options.signal,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    });
    if (answer.statusCode !== 200) throw refusal({ ...answer, text: await answer.body.text().catch(() => '') });
    try {
      options.onOpen?.();
      yield* watchEvents<T>(this.#chunks(answer, options.signal));
    } finally {
      // Whoever stops reading half-way must not leave the stream open.
      answer.body.destroy();
    }
  }

  async create<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<Stored<T>> {
    const path = collectionPath(resource, object.metadata.namespace) + writeQuery(options);
    return this.#json({
      method: 'POST',
      path,
      accept: JSON_TYPE,
      body: body(resource, object),
      signal: options.signal,
    });
  }

  async update<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<Stored<T>> {
    return this.#put(resource, object, undefined, options);
  }

  async updateStatus<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    return this.#put(resource, object, 'status', options);
  }

  async patch<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    patch: unknown,
    options: WriteOptions & { readonly type?: PatchType; readonly subresource?: string; readonly force?: boolean } = {},
  ): Promise<Stored<T>> {
    const type = PATCH_TYPES[options.type ?? 'merge'];
    const path = objectPath(resource, name, options.subresource) + writeQuery(options);
    const sent = { text: JSON.stringify(patch), type };
    return this.#json({ method: 'PATCH', path, accept: JSON_TYPE, body: sent, signal: options.signal });
  }

  async delete(resource: Resource, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    const { preconditions, propagationPolicy, signal } = options;
    const wishes = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy };
    await this.#json({
      method: 'DELETE',
      path: objectPath(resource, name),
      // The answer may be the whole object; all that matters of it is that it came.
      accept: acceptFor(PARTIAL, true),
      body: { text: JSON.stringify(wishes), type: JSON_TYPE },
      signal,
    });
  }

  async createToken(
    serviceAccount: ObjectName,
    request: TokenRequest,
    options: CallOptions = {},
  ): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const path = objectPath(SERVICE_ACCOUNTS, serviceAccount, 'token');
    const wanted = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [], ...request },
    };
    const { status } = (await this.raw('POST', path, wanted, options)) as {
      readonly status?: { readonly token?: string; readonly expirationTimestamp?: string };
    };
    const expiresAt = Date.parse(status?.expirationTimestamp ?? '');
    if (typeof status?.token !== 'string' || Number.isNaN(expiresAt)) throw this.#noAnswer();
    return { token: status.token, expiresAt };
  }

  async raw(method: string, path: string, sent?: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#json({
      method,
      path,
      accept: JSON_TYPE,
      signal: options.signal,
      ...(sent === undefined ? {} : { body: { text: JSON.stringify(sent), type: JSON_TYPE } }),
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #put<T extends KubeObject>(
    resource: Resource,
    object: T,
    subresource: string | undefined,
    options: WriteOptions,
  ): Promise<Stored<T>> {
    const path = objectPath(resource, object.metadata, subresource) + writeQuery(options);
    return this.#json({ method: 'PUT', path, accept: JSON_TYPE, body: body(resource, object), signal: options.signal });
  }

  async #json<T>(request: TransportRequest): Promise<T> {
    await this.#limit?.take(request.signal);
    const answer = await this.#transport.exchange(request);
    const { statusCode, text } = answer;
    if (statusCode < 200 || statusCode > 299) throw refusal(answer);
    try {
      return (text === '' ? {} : JSON.parse(text)) as T;
    } catch {
      // The parser's own message quotes the text, which may be a Secret.
      throw this.#noAnswer();
    }
  }

  async *#chunks(answer: StreamAnswer, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of answer.body) yield chunk as Uint8Array;
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(this.#transport.host, error);
    }
  }

  #noAnswer(): UnreachableError {
    return new UnreachableError(`API server ${this.#transport.host} gave an answer that makes no sense`, { status: 0 });
  }
}

function watchQuery(options: WatchOptions): string {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  return query({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
  });
}

function acceptFor(partial: string, metadataOnly: boolean | undefined): string {
  return metadataOnly === true ? `${JSON_TYPE};${partial},${JSON_TYPE}` : JSON_TYPE;
}

/** Callers may leave out what the resource says already. */
function body(resource: Resource, object: KubeObject): { text: string; type: string } {
  return {
    text: JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }),
    type: JSON_TYPE,
  };
}

function refusal({ statusCode, headers, text }: WholeAnswer): Error {
  const retryAfter = headers['retry-after'];
  return errorFromAnswer(statusCode, parseOr(text), typeof retryAfter === 'string' ? retryAfter : undefined);
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
