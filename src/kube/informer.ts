/**
 * A local copy of the objects of one kind, kept in step by a reflector, and a word to those who want to know what
 * changed. Handlers are told keys to look at, synchronously and in the order of the API server: they may only enqueue.
 */
import type { Clock } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { Compactor } from './compact.ts';
import type { Log } from '../log.ts';
import type { ReflectorState } from './reflector.ts';
import { Reflector } from './reflector.ts';
import type { IndexFunction, Store } from './store.ts';
import { MutableStore } from './store.ts';
import type { ObjectKey, Resource, Stored } from './types.ts';
import { keyOf } from './types.ts';

export interface InformerOptions<C> {
  readonly client: KubeClient;
  readonly resource: Resource;
  /** Omitted: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Watch metadata only: no spec, status or data crosses the wire. */
  readonly metadataOnly?: boolean | undefined;
  /**
   * What to keep of an object; undefined: nothing. Default: the whole. It sees `managedFields`, which are dropped from
   * whatever it returns. It must not throw: an object it throws on is not kept.
   */
  readonly transform?: ((object: Stored) => C | undefined) | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<C>>> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Objects per list page; default 500. */
  readonly pageSize?: number | undefined;
}

/** `previous` undefined: new (or newly kept); `current` undefined: gone (or no longer kept). */
export type Handler<C> = (previous: C | undefined, current: C | undefined, key: ObjectKey) => void;

export class Informer<C = Stored> {
  readonly resource: Resource;
  readonly #options: InformerOptions<C>;
  readonly #store: MutableStore<C>;
  readonly #reflector: Reflector;
  readonly #handlers: Handler<C>[] = [];
  readonly #compactor = new Compactor();
  readonly #firstSync = Promise.withResolvers<void>();
  #hasSynced = false;
  #handlerErrors = 0;
  /** Keys of the list under way. */
  #listed: Set<ObjectKey> | undefined;

  constructor(options: InformerOptions<C>) {
    this.#options = options;
    this.resource = options.resource;
    this.#store = new MutableStore(options.indexes);
    const sink = {
      beginList: () => this.#beginList(),
      upsert: (object: Stored) => this.#upsert(object),
      remove: (object: Stored) => this.#remove(object),
      endList: () => this.#endList(),
    };
    this.#reflector = new Reflector({ ...options, sink });
  }

  get store(): Store<C> {
    return this.#store;
  }

  /** Whether the first list is complete. Never becomes false again. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get state(): ReflectorState {
    return this.#reflector.state;
  }

  /** How often a handler or the transform threw. */
  get handlerErrors(): number {
    return this.#handlerErrors;
  }

  /**
   * Resolves when the first list is complete.
   * @throws the signal's reason when it aborts before.
   */
  async synced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined || this.#hasSynced) return this.#firstSync.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#firstSync.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** A handler that comes late is first told, at once, about everything that is held already. */
  addHandler(handler: Handler<C>): void {
    this.#handlers.push(handler);
    for (const key of this.#store.keys()) this.#call(handler, undefined, this.#store.get(key), key);
  }

  /** Resolves when the signal aborted and nothing is left running. The store keeps what it has. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  #beginList(): void {
    this.#listed = new Set();
  }

  #upsert(object: Stored): void {
    const key = keyOf(object);
    this.#listed?.add(key);
    const version = object.metadata.resourceVersion;
    // A replay after a reconnect or a relist is no news.
    if (this.#store.versionOf(key) === version) return;
    const previous = this.#store.get(key);
    this.#tell(previous, this.#hold(object, key), key);
  }

  #remove(object: Stored): void {
    const key = keyOf(object);
    // What was not held may have become interesting since it was last seen: its end is news then.
    if (this.#store.get(key) === undefined) this.#hold(object, key);
    this.#tell(this.#store.delete(key), undefined, key);
  }

  #endList(): void {
    const listed = this.#listed ?? new Set();
    this.#listed = undefined;
    for (const key of this.#store.keys()) {
      if (!listed.has(key)) this.#tell(this.#store.delete(key), undefined, key);
    }
    this.#hasSynced = true;
    this.#firstSync.resolve();
  }

  /** Puts what is to be kept into the store. One object that transform or index cannot stand must not stop the rest. */
  #hold(object: Stored, key: ObjectKey): C | undefined {
    try {
      const current = this.#keep(object);
      if (current === undefined) this.#store.delete(key);
      else this.#store.set(key, object.metadata.resourceVersion, current);
      return current;
    } catch (error) {
      this.#failed(error, key, 'object cannot be kept');
      this.#store.delete(key);
      return undefined;
    }
  }

  #keep(object: Stored): C | undefined {
    const { transform } = this.#options;
    // Without a transform C is Stored: the type parameter's default.
    const kept = transform === undefined ? (object as C) : transform(object);
    return kept === undefined ? undefined : this.#compactor.compact(kept);
  }

  #tell(previous: C | undefined, current: C | undefined, key: ObjectKey): void {
    if (previous === undefined && current === undefined) return;
    for (const handler of this.#handlers) this.#call(handler, previous, current, key);
  }

  #call(handler: Handler<C>, previous: C | undefined, current: C | undefined, key: ObjectKey): void {
    try {
      handler(previous, current, key);
    } catch (error) {
      this.#failed(error, key, 'event handler failed');
    }
  }

  #failed(error: unknown, key: ObjectKey, message: string): void {
    this.#handlerErrors++;
    const text = error instanceof Error ? error.message : 'not an Error';
    this.#options.log.error({ resource: this.resource.plural, key, error: text }, message);
  }
}
