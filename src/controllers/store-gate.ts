/**
 * From a store reference to a live session, for one consumer namespace: the store must exist, be of our class, admit
 * the namespace and be ready, in this order (`behaviour.md` 1.6). Every consumer goes through here at each sync, so a
 * shared session never leaks to a namespace that the store denies.
 */
import { RE2JS } from 're2js';
import { parseDuration } from '../api/duration.ts';
import type { SecretStore, SecretStoreNamespaceCondition } from '../api/secret-store.ts';
import { objectKey, type Stored } from '../kube/types.ts';
import type { PoolStore, Session } from '../providers/pool.ts';
import type { RetrySettings, StoreIdentity, StoreKind } from '../providers/provider.ts';
import { matchesSelector } from './label-selector.ts';

export interface StoreRef {
  readonly kind: StoreKind;
  readonly name: string;
}

export type StoreObject = Stored<SecretStore>;

/** Why a store cannot be used. The message names the store and which of the four checks it failed. */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError';
}

/** The store was not validated yet. At first that is no fault of anybody's: it will be in a moment. */
export class StorePendingError extends StoreUnusableError {
  /** When we first met the store like this, epoch ms. */
  readonly since: number;

  constructor(message: string, since: number) {
    super(message);
    this.since = since;
  }
}

export interface StoreGateOptions {
  /** Finds a store in the cache; `namespace` is ignored for a ClusterSecretStore. */
  readonly find: (ref: StoreRef, namespace: string) => StoreObject | undefined;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly acquire: (store: PoolStore, namespace: string, signal: AbortSignal, urgent: boolean) => Promise<Session>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly controllerClass: string;
  /** `--enable-flood-gate`: only stores with Ready=True are used. */
  readonly floodGate: boolean;
}

export class StoreGate {
  readonly #options: StoreGateOptions;
  /** Stores that had no verdict when last asked for, by UID: when that was first so. */
  readonly #pending = new Map<string, number>();

  constructor(options: StoreGateOptions) {
    this.#options = options;
  }

  /**
   * `urgent` passes an open circuit. The caller releases the session.
   * @throws StoreUnusableError, or ProviderError when no session can be opened
   */
  async open(ref: StoreRef, namespace: string, signal: AbortSignal, urgent = false): Promise<Session> {
    const store = this.#find(ref, namespace);
    this.#refuse(store, ref, namespace);
    return this.#options.acquire(poolStoreOf(store, ref.kind), namespace, signal, urgent);
  }

  /** True when the store exists and belongs to another controller class. */
  isForeign(ref: StoreRef, namespace: string): boolean {
    const store = this.#options.find(ref, namespace);
    return store !== undefined && !isOurs(store, this.#options.controllerClass);
  }

  #find(ref: StoreRef, namespace: string): StoreObject {
    if (ref.name === '') {
      throw new StoreUnusableError('no store is named: set spec.secretStoreRef, or sourceRef.storeRef in the entry');
    }
    const store = this.#options.find(ref, namespace);
    if (store !== undefined) return store;
    const where = ref.kind === 'SecretStore' ? ` in namespace "${namespace}"` : '';
    const other = this.#options.find({ name: ref.name, kind: otherKind(ref.kind) }, namespace);
    const hint = other === undefined ? '' : `; there is a ${otherKind(ref.kind)} of that name: set secretStoreRef.kind`;
    throw new StoreUnusableError(`${ref.kind} "${ref.name}" not found${where}${hint}`);
  }

  #refuse(store: StoreObject, ref: StoreRef, namespace: string): void {
    const { controllerClass, floodGate } = this.#options;
    const named = `${ref.kind} "${ref.name}"`;
    if (!isOurs(store, controllerClass)) {
      throw new StoreUnusableError(
        `${named} belongs to controller class "${store.spec?.controller}", this operator serves "${controllerClass}"`,
      );
    }
    if (ref.kind === 'ClusterSecretStore' && !this.#admits(store, namespace)) {
      throw new StoreUnusableError(
        `${named} may not be used from namespace "${namespace}": its spec.conditions deny it`,
      );
    }
    if (!floodGate) return;
    const ready = store.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (ready === undefined) {
      throw new StorePendingError(`${named} is not ready (it was not validated yet)`, this.#pendingSince(store));
    }
    this.#pending.delete(store.metadata.uid);
    if (ready.status === 'True') return;
    const why = `${ready.reason ?? 'unknown reason'}: ${ready.message ?? ''}`;
    throw new StoreUnusableError(`${named} is not ready (${why})`);
  }

  /** When we first met the store without a verdict: it may be older than this process, which then has not looked at it yet. */
  #pendingSince(store: StoreObject): number {
    const { uid } = store.metadata;
    const since = this.#pending.get(uid) ?? this.#options.now();
    this.#pending.set(uid, since);
    return since;
  }

  #admits(store: StoreObject, namespace: string): boolean {
    const conditions = store.spec?.conditions ?? [];
    if (conditions.length === 0) return true;
    const labels = this.#options.namespaceLabels(namespace) ?? {};
    return conditions.some((condition) => admits(condition, namespace, labels));
  }
}

export function isOurs(store: StoreObject, controllerClass: string): boolean {
  const wanted = store.spec?.controller;
  return wanted === undefined || wanted === '' || wanted === controllerClass;
}

/** What the client pool must know of a store. @throws Error when its retry settings cannot be read. */
export function poolStoreOf(store: StoreObject, kind: StoreKind): PoolStore {
  const retry = retrySettingsOf(store);
  return {
    identity: identityOf(store, kind),
    provider: store.spec?.provider ?? {},
    ...(retry === undefined ? {} : { retry }),
  };
}

export function identityOf(store: StoreObject, kind: StoreKind): StoreIdentity {
  const { namespace = '', name, uid, generation = 0 } = store.metadata;
  return { kind, namespace: kind === 'ClusterSecretStore' ? '' : namespace, name, uid, generation };
}

export function storeKey(ref: StoreRef, namespace: string): string {
  return `${ref.kind}:${ref.kind === 'ClusterSecretStore' ? ref.name : objectKey(namespace, ref.name)}`;
}

function retrySettingsOf(store: StoreObject): RetrySettings | undefined {
  const settings = store.spec?.retrySettings;
  if (settings === undefined) return undefined;
  const { maxRetries, retryInterval } = settings;
  return { maxRetries, retryIntervalMs: retryInterval === undefined ? undefined : parseDuration(retryInterval) };
}

function admits(
  condition: SecretStoreNamespaceCondition,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (condition.namespaces?.includes(namespace) === true) return true;
  if (condition.namespaceSelector !== undefined && matchesSelector(condition.namespaceSelector, labels)) return true;
  return condition.namespaceRegexes?.some((source) => matchesSomewhere(source, namespace)) === true;
}

/** An expression that does not compile admits nobody; admission and the store's own condition say so. */
function matchesSomewhere(source: string, text: string): boolean {
  try {
    return RE2JS.compile(source).matcher(text).find();
  } catch {
    return false;
  }
}

function otherKind(kind: StoreKind): StoreKind {
  return kind === 'SecretStore' ? 'ClusterSecretStore' : 'SecretStore';
}
