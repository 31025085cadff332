/**
 * Sessions are made once per identity and lent to everybody who resolves to it. The identity (D70) is the store as it
 * was written, the consumer's namespace where that matters, and every cluster object that was resolved on the way, by
 * version: change any of them and the next consumer gets a new session, while the old one ends with its last borrower.
 *
 *   acquire ─▶ slot of (store, namespace) ─▶ session still current? ─▶ lend it
 *                                        └▶ open (single-flight) ─▶ lend it, retire the old one
 */
import { sleep, type Clock, type Timer } from '../clock.ts';
import { Breaker } from './breaker.ts';
import { isOutage } from './errors.ts';
import type {
  ApiCallObserver,
  ClusterAccess,
  ProviderEnvironment,
  RetrySettings,
  SecretsClient,
  SessionContext,
  StoreIdentity,
} from './provider.ts';
import { SecretsReader, type ReadKind } from './reader.ts';
import { findProvider, type FoundProvider } from './registry.ts';
import { LiveSession, type LiveSessionParts, type Session } from './session.ts';
import { SharedTask } from './shared-task.ts';
import { Slots } from './slots.ts';

export type { Session } from './session.ts';

/** What the pool must know of a SecretStore or ClusterSecretStore. */
export interface PoolStore {
  readonly identity: StoreIdentity;
  /** `spec.provider` as it is in the object: one member. */
  readonly provider: unknown;
  readonly retry?: RetrySettings | undefined;
}

/** A cluster object as it was when a session was opened with it. */
export interface ResolvedObject {
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The pool's view of the cluster: reads for providers that keep a list, and whether what was read is still so. */
export interface ClusterPort {
  access(
    store: StoreIdentity,
    namespace: string,
    signal: AbortSignal,
  ): ClusterAccess & { resolved(): readonly ResolvedObject[] };
  isCurrent(object: ResolvedObject): boolean;
}

export interface ClientPoolOptions {
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  readonly cluster: ClusterPort;
  readonly environment: ProviderEnvironment;
  readonly observeCall?: ApiCallObserver | undefined;
  readonly observeRead?: ((provider: string, kind: ReadKind) => void) | undefined;
  /** Told when the circuit of a store's identity closes: wake who waits for it. `namespace` is the consumer's, or empty. */
  readonly onRecovered?: ((store: StoreIdentity, namespace: string) => void) | undefined;
  /** Calls to backends at the same time, all identities together. Default 64. */
  readonly concurrency?: number | undefined;
  /** Default: the registry. */
  readonly find?: ((provider: unknown) => FoundProvider) | undefined;
}

const IDLE_MS = 5 * 60_000;
const DEFAULT_CONCURRENCY = 64;

/** One store in the eyes of one namespace (or of all, where the namespace does not matter). */
interface Place {
  readonly key: string;
  readonly store: PoolStore;
  readonly namespace: string;
  /** For opening; reading has its own in the reader. */
  readonly breaker: Breaker;
  current: { readonly session: LiveSession; readonly resolved: () => readonly ResolvedObject[] } | undefined;
  opening: SharedTask<LiveSession> | undefined;
  idleTimer: Timer | undefined;
  /** The store is gone or was written anew: whoever still gets a session from here gets its last. */
  gone: boolean;
}

export class ClientPool {
  readonly #options: ClientPoolOptions;
  readonly #common: Slots;
  readonly #places = new Map<string, Place>();
  /** Every session that is not closed yet, retired ones included. */
  readonly #live = new Set<LiveSession>();
  readonly #stopping = new AbortController();

  constructor(options: ClientPoolOptions) {
    this.#options = options;
    this.#common = new Slots(options.concurrency ?? DEFAULT_CONCURRENCY);
  }

  /** Sessions that are open, for a gauge. */
  get size(): number {
    return this.#live.size;
  }

  /**
   * Lends the session of `store` in the eyes of `namespace` (the consumer's; empty while a ClusterSecretStore is validated).
   * The caller has checked that the store admits the namespace. `urgent` passes an open circuit.
   * @throws ProviderError when no session can be opened, or the signal's reason
   */
  async acquire(store: PoolStore, namespace: string, signal: AbortSignal, urgent = false): Promise<Session> {
    this.#stopping.signal.throwIfAborted();
    const found = (this.#options.find ?? findProvider)(store.provider);
    const place = this.#place(store, namespace, found);
    if (place.current !== undefined && this.#isCurrent(place.current)) return this.#lend(place, place.current.session);
    if (place.opening === undefined) {
      if (!urgent) place.breaker.admit();
      this.#open(place, found);
    }
    return this.#lend(place, await place.opening!.join(signal));
  }

  /** The store is gone or was written anew: all its sessions end with their last borrower. */
  retireStore(uid: string): void {
    for (const place of this.#places.values()) if (place.store.identity.uid === uid) this.#drop(place);
  }

  /** Ends everything. Resolves when all clients gave back what they own, or after `withinMs` (default 5 s). */
  async close(withinMs = 5_000): Promise<void> {
    this.#stopping.abort(new DOMException('the client pool is closed', 'AbortError'));
    for (const place of this.#places.values()) place.idleTimer?.cancel();
    this.#places.clear();
    const closed = new AbortController();
    const all = Promise.allSettled([...this.#live].map((session) => session.close()));
    const deadline = sleep(this.#options.clock, withinMs, closed.signal).catch(() => {});
    await Promise.race([all, deadline]);
    closed.abort();
  }

  #place(store: PoolStore, namespace: string, { declaration, spec }: FoundProvider): Place {
    const { kind, uid, generation } = store.identity;
    const seen = kind === 'SecretStore' || declaration.dependsOnNamespace(spec) ? namespace : '';
    const key = JSON.stringify([uid, seen]);
    const known = this.#places.get(key);
    if (known !== undefined && known.store.identity.generation >= generation) return known;
    if (known !== undefined) this.#drop(known);
    const place = this.#newPlace(key, store, seen);
    this.#places.set(key, place);
    return place;
  }

  #newPlace(key: string, store: PoolStore, namespace: string): Place {
    const { clock, random = Math.random } = this.#options;
    const breaker = new Breaker({ clock, random, onClose: () => this.#recovered(store, namespace) });
    return {
      key,
      store,
      namespace,
      breaker,
      current: undefined,
      opening: undefined,
      idleTimer: undefined,
      gone: false,
    };
  }

  #isCurrent({ resolved }: NonNullable<Place['current']>): boolean {
    return resolved().every((object) => this.#options.cluster.isCurrent(object));
  }

  #lend(place: Place, session: LiveSession): Session {
    place.idleTimer?.cancel();
    place.idleTimer = undefined;
    const lent = session.borrow();
    if (place.gone) session.retire();
    return lent;
  }

  #open(place: Place, found: FoundProvider): void {
    const controller = new AbortController();
    const task = new SharedTask<LiveSession>(() => controller.abort(new DOMException('nobody waits', 'AbortError')));
    place.opening = task;
    void this.#settle(
      place,
      task,
      this.#connect(place, found, AbortSignal.any([controller.signal, this.#stopping.signal])),
    );
  }

  async #settle(place: Place, task: SharedTask<LiveSession>, opened: Promise<LiveSession>): Promise<void> {
    try {
      task.resolve(await opened);
      place.breaker.succeeded();
    } catch (error) {
      if (isOutage(error)) place.breaker.failed(error);
      task.reject(error);
    } finally {
      place.opening = undefined;
    }
  }

  async #connect(place: Place, { declaration, spec }: FoundProvider, opening: AbortSignal): Promise<LiveSession> {
    const module = await declaration.load();
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#stopping.signal]);
    const cluster = this.#options.cluster.access(place.store.identity, place.namespace, signal);
    const stop = (): void => ended.abort(new DOMException('the session ended', 'AbortError'));
    opening.addEventListener('abort', stop, { once: true });
    try {
      const client = await module.open(this.#context(place, spec, cluster, signal));
      if (opening.aborted) {
        await client.close();
        throw opening.reason;
      }
      const resolved = (): readonly ResolvedObject[] => cluster.resolved();
      const reader = this.#reader(place, declaration.name, client);
      const identityKey = identityKeyOf(place, resolved());
      return this.#adopt(place, { identityKey, client, reader, values: module.values, end: stop }, resolved);
    } catch (error) {
      stop();
      throw error;
    } finally {
      opening.removeEventListener('abort', stop);
    }
  }

  #context(place: Place, spec: unknown, cluster: ClusterAccess, signal: AbortSignal): SessionContext<unknown> {
    const { clock, environment, observeCall } = this.#options;
    const { identity: store, retry } = place.store;
    const observe = observeCall ?? (() => {});
    return { store, spec, retry, namespace: place.namespace, cluster, clock, environment, observe, signal };
  }

  #reader(place: Place, provider: string, client: SecretsClient): SecretsReader {
    const { clock, random, observeRead } = this.#options;
    return new SecretsReader(client, {
      clock,
      random,
      common: this.#common,
      observe: (kind) => observeRead?.(provider, kind),
      onRecovered: () => this.#recovered(place.store, place.namespace),
    });
  }

  /** The new session takes the place of the old one, which ends with its last borrower. */
  #adopt(place: Place, parts: LiveSessionParts, resolved: () => readonly ResolvedObject[]): LiveSession {
    const session: LiveSession = new LiveSession(parts, {
      onIdle: () => this.#armIdle(place, session),
      onClosed: () => void this.#live.delete(session),
    });
    this.#live.add(session);
    place.current?.session.retire();
    place.current = { session, resolved };
    return session;
  }

  #armIdle(place: Place, session: LiveSession): void {
    if (place.current?.session !== session || this.#stopping.signal.aborted) return;
    place.idleTimer?.cancel();
    place.idleTimer = this.#options.clock.setTimer(IDLE_MS, () => {
      if (session.idle && place.current?.session === session && place.opening === undefined) this.#drop(place);
    });
  }

  #drop(place: Place): void {
    this.#places.delete(place.key);
    place.gone = true;
    place.idleTimer?.cancel();
    place.current?.session.retire();
  }

  #recovered(store: PoolStore, namespace: string): void {
    this.#options.onRecovered?.(store.identity, namespace);
  }
}

function identityKeyOf({ store, namespace }: Place, resolved: readonly ResolvedObject[]): string {
  const { kind, namespace: storeNamespace, name, uid, generation } = store.identity;
  const objects = resolved.map((object) => [
    object.kind,
    object.namespace,
    object.name,
    object.uid,
    object.resourceVersion,
  ]);
  return JSON.stringify([kind, storeNamespace, name, uid, generation, namespace, ...objects]);
}
