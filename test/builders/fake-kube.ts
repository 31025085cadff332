/**
 * An API server in memory behind the `KubeClient` interface, for unit tests: versions, UIDs, generations, finalizers,
 * status as a subresource, paging, selectors, watches with history, and faults on demand. It behaves rather than
 * records, and knows no kind. It checks no schemas and runs no admission: that is the sandbox's job.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';
import { sleep, systemClock } from '../../src/clock.ts';
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
} from '../../src/kube/client.ts';
import { AlreadyExistsError, GoneError, NotFoundError, UnreachableError } from '../../src/kube/errors.ts';
import type { KubeObject, ListMeta, Resource, Stored } from '../../src/kube/types.ts';
import { apiVersionOf, objectKey } from '../../src/kube/types.ts';
import { FaultPlan } from './fake-kube-faults.ts';
import type { Loose } from './fake-kube-objects.ts';
import { conflict, jsonMergePatch, jsonPatch, kindKey, matchesSelectors, nameKey } from './fake-kube-objects.ts';
import { partialMetadata, refuseStale, reveal, specChanged } from './fake-kube-objects.ts';
import { WatchLog } from './fake-kube-watches.ts';

export type { FakeVerb } from './fake-kube-faults.ts';

export interface FakeKubeOptions {
  readonly clock?: Clock;
  /** Which kinds keep `status` apart from the rest; default: all outside the core group. */
  readonly hasStatus?: (resource: Resource) => boolean;
  /** Answers `raw()`; default: NotFoundError. */
  readonly raw?: (method: string, path: string, body: unknown) => unknown;
}

export class FakeKube implements KubeClient {
  /** What shall go wrong, e.g. `kube.faults.fail('list', new GoneError(...))`. */
  readonly faults = new FaultPlan();
  readonly #clock: Clock;
  readonly #options: FakeKubeOptions;
  readonly #objects = new Map<string, Map<string, Loose>>();
  readonly #watches = new WatchLog();
  readonly #rests = new Map<string, { readonly resourceVersion: string; readonly objects: readonly Loose[] }>();
  #version = 1000;
  #tokens = 0;

  constructor(options: FakeKubeOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  // --- For tests: the world behind the client's back -------------------------------------------------------------

  /** Creates or replaces an object, whole, as another user would; watchers see it. */
  put<T extends KubeObject>(resource: Resource, object: T): Stored<T> {
    const known = this.#kind(resource).get(nameKey(resource, object.metadata));
    return reveal<T>(known === undefined ? this.#insert(resource, object) : this.#replace(resource, known, object));
  }

  /** Removes an object at once, whatever its finalizers say; watchers see it. */
  remove(resource: Resource, name: ObjectName): void {
    const object = this.#kind(resource).get(nameKey(resource, name));
    if (object !== undefined) this.#erase(resource, object);
  }

  /** A look at one object, without a call. */
  peek<T extends KubeObject>(resource: Resource, name: ObjectName): Stored<T> | undefined {
    const object = this.#kind(resource).get(nameKey(resource, name));
    return object === undefined ? undefined : reveal<T>(object);
  }

  /** All objects of a kind, without a call. */
  objects<T extends KubeObject>(resource: Resource): Stored<T>[] {
    return [...this.#kind(resource).values()].map((object) => reveal<T>(object));
  }

  /** Watches that are open now. */
  get openWatches(): number {
    return this.#watches.open;
  }

  /** Ends all open watches: cleanly, or by throwing `error` in them. */
  endWatches(error?: Error): void {
    this.#watches.end(error);
  }

  /** Sends a bookmark with the newest version on all open watches. */
  sendBookmarks(): void {
    this.#watches.bookmark(String(this.#version));
  }

  /** Forgets the history: watches from versions before now, and lists under way, get 410. */
  compact(): void {
    this.#version++;
    this.#watches.compact(this.#version);
  }

  // --- KubeClient --------------------------------------------------------------------------------------------------

  async get<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    options: CallOptions & { readonly metadataOnly?: boolean } = {},
  ): Promise<Stored<T>> {
    await this.#call('get', resource, name, options);
    const object = this.#find(resource, name);
    return reveal<T>(options.metadataOnly === true ? partialMetadata(object) : object);
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    await this.#call('list', resource, { namespace: options.namespace, name: '' }, options);
    const all = [...this.#kind(resource).values()].filter((object) => matchesSelectors(object, options));
    const [page, metadata] = this.#page(all, options);
    return { metadata, items: page.map((o) => reveal<T>(options.metadataOnly === true ? partialMetadata(o) : o)) };
  }

  async *watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    await this.#call('watch', resource, { namespace: options.namespace, name: '' }, options);
    const timer = new AbortController();
    const stream = this.#watches.subscribe(kindKey(resource), options);
    options.onOpen?.();
    void sleep(this.#clock, options.timeoutSeconds * 1000, timer.signal).then(
      () => stream.end(),
      () => undefined,
    );
    try {
      for await (const event of stream) yield structuredClone(event) as WatchEvent<T>;
    } finally {
      timer.abort();
      stream.close();
    }
  }

  async create<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<Stored<T>> {
    await this.#call('create', resource, object.metadata, options);
    const { name } = object.metadata;
    if (name !== undefined && this.#kind(resource).has(nameKey(resource, object.metadata)))
      throw new AlreadyExistsError(`${resource.plural} "${name}" already exists`, {
        status: 409,
        reason: 'AlreadyExists',
      });
    if (options.dryRun === true) return structuredClone(object) as Stored<T>;
    return reveal<T>(this.#insert(resource, object));
  }

  async update<T extends KubeObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<Stored<T>> {
    await this.#call('update', resource, object.metadata, options);
    const known = this.#find(resource, object.metadata);
    refuseStale(resource, known, object.metadata);
    if (options.dryRun === true) return structuredClone(object) as Stored<T>;
    const kept = this.#hasStatus(resource) ? Object.assign({ ...object }, { status: known['status'] }) : object;
    return reveal<T>(this.#replace(resource, known, kept));
  }

  async updateStatus<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    await this.#call('updateStatus', resource, object.metadata, options);
    const known = this.#find(resource, object.metadata);
    refuseStale(resource, known, object.metadata);
    const next: Loose = { ...known, status: (object as Loose)['status'] };
    return reveal<T>(this.#replace(resource, known, next));
  }

  async patch<T extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    patch: unknown,
    options: WriteOptions & { readonly type?: PatchType; readonly subresource?: string; readonly force?: boolean } = {},
  ): Promise<Stored<T>> {
    await this.#call('patch', resource, name, options);
    const { type = 'merge' } = options;
    if (type === 'apply') throw new Error('FakeKube has no apply patch');
    const known = this.#find(resource, name);
    const merged = (type === 'json' ? jsonPatch(known, patch) : jsonMergePatch(known, patch)) as Loose;
    refuseStale(resource, known, merged.metadata);
    const onStatus = options.subresource === 'status';
    const status = onStatus === this.#hasStatus(resource) ? merged['status'] : known['status'];
    const next = onStatus ? { ...known, status } : { ...merged, ...(status === undefined ? {} : { status }) };
    return reveal<T>(this.#replace(resource, known, next));
  }

  async delete(resource: Resource, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    await this.#call('delete', resource, name, options);
    const known = this.#find(resource, name);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== known.metadata.uid) throw conflict(resource, name.name);
    refuseStale(resource, known, resourceVersion === undefined ? {} : { resourceVersion });
    if ((known.metadata.finalizers ?? []).length === 0) this.#erase(resource, known);
    else if (known.metadata.deletionTimestamp === undefined)
      this.#replace(resource, known, {
        ...known,
        metadata: { ...known.metadata, deletionTimestamp: this.#timestamp() },
      });
  }

  async createToken(
    serviceAccount: ObjectName,
    request: TokenRequest,
    options: CallOptions = {},
  ): Promise<{ token: string; expiresAt: number }> {
    await this.#call('createToken', undefined, serviceAccount, options);
    this.#tokens++;
    return {
      token: `token-${this.#tokens}-of-${objectKey(serviceAccount.namespace, serviceAccount.name)}`,
      expiresAt: this.#clock.now() + (request.expirationSeconds ?? 3600) * 1000,
    };
  }

  async raw(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<unknown> {
    await this.#call('raw', undefined, { name: path }, options);
    if (this.#options.raw === undefined) throw new NotFoundError(`no answer for ${method} ${path}`, { status: 404 });
    return this.#options.raw(method, path, body);
  }

  async close(): Promise<void> {
    this.endWatches(new UnreachableError('client closed', { status: 0 }));
    await turn();
  }

  // --- Inside --------------------------------------------------------------------------------------------------------

  async #call(
    verb: Parameters<FaultPlan['meet']>[0],
    resource: Resource | undefined,
    name: { readonly namespace?: string | undefined; readonly name?: string },
    options: CallOptions,
  ): Promise<void> {
    options.signal?.throwIfAborted();
    await this.faults.meet(verb, resource?.plural, objectKey(name.namespace, name.name ?? ''), options.signal);
    options.signal?.throwIfAborted();
  }

  #insert(resource: Resource, object: KubeObject): Loose {
    const copy = structuredClone(object) as Loose;
    const version = this.#nextVersion();
    const name = copy.metadata.name ?? `${copy.metadata.generateName ?? ''}${version}`;
    const metadata = {
      ...copy.metadata,
      name,
      uid: `uid-${version}`,
      resourceVersion: version,
      creationTimestamp: copy.metadata.creationTimestamp ?? this.#timestamp(),
      ...(this.#hasStatus(resource) ? { generation: 1 } : {}),
    };
    const stored = { ...copy, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
    this.#kind(resource).set(nameKey(resource, metadata), stored);
    this.#watches.append(kindKey(resource), 'ADDED', stored, undefined);
    return stored;
  }

  #replace(resource: Resource, known: Loose, object: KubeObject): Loose {
    const copy = structuredClone(object) as Loose;
    const { uid, creationTimestamp, generation = 1, deletionTimestamp } = known.metadata;
    const system = {
      uid: uid ?? '',
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(this.#hasStatus(resource) ? { generation: specChanged(known, copy) ? generation + 1 : generation } : {}),
      resourceVersion: this.#nextVersion(),
    };
    const stored = {
      ...copy,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { ...copy.metadata, ...system },
    };
    const { deletionTimestamp: dying, finalizers = [] } = stored.metadata;
    if (dying !== undefined && finalizers.length === 0) return this.#erase(resource, stored);
    this.#kind(resource).set(nameKey(resource, stored.metadata), stored);
    this.#watches.append(kindKey(resource), 'MODIFIED', stored, known);
    return stored;
  }

  #erase(resource: Resource, object: Loose): Loose {
    this.#kind(resource).delete(nameKey(resource, object.metadata));
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: this.#nextVersion() } };
    this.#watches.append(kindKey(resource), 'DELETED', last, object);
    return last;
  }

  #find(resource: Resource, name: { readonly namespace?: string | undefined; readonly name?: string }): Loose {
    const object = this.#kind(resource).get(nameKey(resource, name));
    if (object !== undefined) return object;
    throw new NotFoundError(`${resource.plural} "${name.name ?? ''}" not found`, { status: 404, reason: 'NotFound' });
  }

  /** One page of a list. What follows it is kept aside as it is now: all pages show the same moment. */
  #page(all: readonly Loose[], options: ListOptions): [readonly Loose[], ListMeta] {
    const { continue: token, limit = Infinity } = options;
    const rest =
      token === undefined ? { resourceVersion: String(this.#version), objects: all } : this.#rests.get(token);
    if (rest === undefined || Number(rest.resourceVersion) < this.#watches.compactedTo)
      throw new GoneError('The provided continue parameter is too old', { status: 410, reason: 'Expired' });
    const { resourceVersion, objects } = rest;
    if (objects.length <= limit) return [objects, { resourceVersion }];
    const next = `page-${this.#rests.size + 1}`;
    this.#rests.set(next, { resourceVersion, objects: objects.slice(limit) });
    return [objects.slice(0, limit), { resourceVersion, continue: next }];
  }

  #kind(resource: Resource): Map<string, Loose> {
    const key = kindKey(resource);
    let objects = this.#objects.get(key);
    if (objects === undefined) this.#objects.set(key, (objects = new Map()));
    return objects;
  }

  #hasStatus(resource: Resource): boolean {
    return this.#options.hasStatus?.(resource) ?? resource.group !== '';
  }

  #nextVersion(): string {
    return String(++this.#version);
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}
