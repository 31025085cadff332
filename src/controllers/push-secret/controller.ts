/**
 * Wires the PushSecret controller: which changes wake which objects, and in which lane of the work queue. What a pass does is in
 * `reconcile.ts`.
 */
import type { Clock } from '../../clock.ts';
import type { Informer } from '../../kube/informer.ts';
import { keyOf, objectKey } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import type { StoreIdentity, StoreKind } from '../../providers/provider.ts';
import { Controller, type Outcome, type ReconcileContext } from '../../runtime/controller.ts';
import { isRoutine, LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import type { Dependent, DependencyName, References } from '../../tenancy/references.ts';
import { tellFailure } from '../failure.ts';
import { changedBesidesStatus, isDeletionBegun, LET_GO_MS, sameMap } from '../object-change.ts';
import { isConflict, isOutage, RECOVERY_SPREAD_MS } from '../outage.ts';
import { storeKey, type StoreObject } from '../store-gate.ts';
import { refOf } from '../synced-object.ts';
import { claimsOf, isOlder, newClaims, rivals } from './claims.ts';
import type { Deps, StoredPushSecret } from './deps.ts';
import { storeScope, type PushSecretIndex } from './indexes.ts';
import { reconcile } from './reconcile.ts';
import { readyCondition } from './records.ts';

/** A Secret as the watch shows it. */
export interface SourceView {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** Names of the PushSecrets that take it by its labels; undefined: none. */
  readonly selectedBy?: readonly string[] | undefined;
}

export interface WatchedStores {
  readonly kind: StoreKind;
  readonly informer: Pick<Informer<StoreObject>, 'addHandler'>;
}

export interface PushSecretControllerOptions {
  readonly deps: Deps;
  /** The same with a client for passes that nobody waits for. */
  readonly routine: Deps;
  readonly informers: {
    readonly pushSecrets: Informer<StoredPushSecret>;
    readonly secrets: Pick<Informer<SourceView>, 'store' | 'addHandler'>;
    readonly stores: readonly WatchedStores[];
  };
  readonly references: References;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

export class PushSecretController {
  readonly controller: Controller;
  readonly #options: PushSecretControllerOptions;
  readonly #deps: Deps;

  constructor(options: PushSecretControllerOptions) {
    this.#options = options;
    this.#deps = options.deps;
    const { deps, clock, random, log, observer, concurrency } = options;
    this.controller = new Controller({
      name: 'pushsecret',
      reconcile: (key, context) => this.#reconcile(key, context),
      clock,
      random,
      log,
      observer,
      concurrency,
      groupOf: (key) => this.#groupOf(key),
      describe: (key) => ({ store: this.#groupOf(key) }),
      onFailure: (key, retryInMs) =>
        tellFailure(deps.records.peek(key), retryInMs, (object, text) => deps.events.failed(object, text)),
      errors: { isConflict, isOutage },
    });
    const { pushSecrets, secrets, stores } = options.informers;
    pushSecrets.addHandler((previous, current, key) => this.#pushSecretChanged(previous, current, key));
    secrets.addHandler((_previous, current) => this.#selectedSecretChanged(current));
    for (const { kind, informer } of stores)
      informer.addHandler((previous, current) => this.#storeChanged(kind, previous, current));
    options.references.onChange((dependent, changed) => this.#dependencyChanged(dependent, changed));
  }

  /** The circuit of a store's identity closed: what failed on it may go on. `namespace` empty: of all namespaces. */
  recovered(store: StoreIdentity, namespace: string): void {
    const key = storeKey(store, store.namespace);
    this.#wakeFailed(key, namespace, () => this.#options.random() * RECOVERY_SPREAD_MS);
  }

  /**
   * Labels of a namespace changed, or it terminates: a store may admit it now, and no clean-up may hold it up. `isBegun`: that has just
   * begun.
   */
  namespaceChanged(namespace: string, isBegun: boolean): void {
    for (const ps of this.#byIndex('namespace', namespace)) {
      if (isBegun) this.controller.hurry(keyOf(ps), LET_GO_MS);
      if (ps.metadata.deletionTimestamp === undefined) this.#wakeIfFailed(ps, 0);
      else this.controller.enqueue(keyOf(ps), LANES.first);
    }
  }

  async #reconcile(key: string, { signal, lane }: ReconcileContext): Promise<Outcome> {
    const { deps, routine } = this.#options;
    const startedAt = this.#options.clock.now();
    let failed = true;
    try {
      const outcome = await reconcile(isRoutine(lane) ? routine : deps, key, signal);
      failed = false;
      return outcome;
    } finally {
      const ps = this.#options.informers.pushSecrets.store.get(key);
      const tookMs = this.#options.clock.now() - startedAt;
      if (ps !== undefined) this.#deps.metrics.finished(refOf(ps, key), tookMs, failed && !signal.aborted);
    }
  }

  #pushSecretChanged(previous: StoredPushSecret | undefined, current: StoredPushSecret | undefined, key: string): void {
    this.#claimsChanged(previous, current);
    if (previous !== undefined && current !== undefined && !changedBesidesStatus(previous, current)) return;
    const known =
      previous === undefined &&
      current?.status?.refreshTime !== undefined &&
      readyCondition(current.status)?.status === 'True';
    if (isDeletionBegun(previous, current)) this.controller.hurry(key, LET_GO_MS);
    this.controller.enqueue(key, known ? LANES.periodic : LANES.first);
  }

  /** Destinations that became free wake who waits for them; those that an older one took must be told. */
  #claimsChanged(previous: StoredPushSecret | undefined, current: StoredPushSecret | undefined): void {
    const before = previous === undefined ? [] : claimsOf(previous);
    const after = current === undefined ? [] : claimsOf(current);
    for (const claim of newClaims(after, before))
      for (const other of rivals(this.#deps, previous!, claim)) this.#wakeIfFailed(other, 0);
    for (const claim of newClaims(before, after))
      for (const other of rivals(this.#deps, current!, claim)) if (isOlder(current!, other)) this.#wakeOutdated(other);
  }

  /** Of a Secret that it knows by name a PushSecret hears through its references; this is for new ones. */
  #selectedSecretChanged(current: SourceView | undefined): void {
    for (const name of current?.selectedBy ?? []) {
      const ps = this.#options.informers.pushSecrets.store.get(objectKey(current!.namespace, name));
      const known =
        ps === undefined ? undefined : this.#deps.records.peek(keyOf(ps))?.sourceVersions.get(current!.name);
      if (ps !== undefined && known !== current!.resourceVersion) this.#wakeOutdated(ps);
    }
  }

  #storeChanged(kind: StoreKind, previous: StoreObject | undefined, current: StoreObject | undefined): void {
    const store = current ?? previous;
    if (store === undefined) return;
    const { namespace = '', name, labels } = store.metadata;
    const isMoved = previous === undefined || current === undefined || !sameMap(previous.metadata.labels, labels);
    const isBegun = previous?.metadata.deletionTimestamp !== current?.metadata.deletionTimestamp;
    if (isMoved || isBegun)
      for (const ps of this.#byIndex('storeLabels', storeScope(kind, namespace))) this.#wakeOutdated(ps);
    const isEcho =
      previous?.metadata.generation === current?.metadata.generation && isReady(previous) === isReady(current);
    if (current === undefined || isEcho) return;
    const key = storeKey({ kind, name }, namespace);
    this.#wakeFailed(key, '', () => 0);
    if (previous !== undefined && previous.metadata.generation !== current.metadata.generation) this.#storeMoved(key);
  }

  /** It may lead to another backend now: who waited for a destination there may have it. */
  #storeMoved(store: string): void {
    const remoteKeys = this.#byIndex('store', store).flatMap((ps) => claimsOf(ps).map(({ remoteKey }) => remoteKey));
    for (const remoteKey of new Set(remoteKeys))
      for (const other of this.#byIndex('remoteKey', remoteKey)) this.#wakeIfFailed(other, 0);
  }

  #dependencyChanged(dependent: Dependent, changed: DependencyName): void {
    const { kind, namespace, name, consumerNamespace } = dependent;
    if (kind === 'PushSecret') this.#sourceChanged(objectKey(namespace, name), changed);
    else if (kind === 'SecretStore' || kind === 'ClusterSecretStore')
      this.#wakeFailed(storeKey({ kind, name }, namespace), consumerNamespace, () => 0);
  }

  #sourceChanged(key: string, changed: DependencyName): void {
    const record = this.#deps.records.peek(key);
    const known = changed.kind === 'Secret' ? record?.sourceVersions.get(changed.name) : undefined;
    if (record !== undefined && known !== undefined) {
      const seen = this.#options.informers.secrets.store.get(objectKey(changed.namespace, changed.name));
      // The watch may lag behind our own read.
      if (seen?.resourceVersion === known) return;
    } else if (record !== undefined && this.#isTemplate(key, changed)) record.templateChanges += 1;
    if (record !== undefined) record.outdated = true;
    this.controller.enqueue(key, LANES.woken);
  }

  #isTemplate(key: string, { kind, name }: DependencyName): boolean {
    const { templateFrom = [] } = this.#options.informers.pushSecrets.store.get(key)?.spec?.template ?? {};
    return templateFrom.some(({ configMap, secret }) => (kind === 'ConfigMap' ? configMap : secret)?.name === name);
  }

  #wakeFailed(store: string, namespace: string, delayMs: () => number): void {
    for (const ps of this.#byIndex('store', store)) {
      if (namespace === '' || ps.metadata.namespace === namespace) this.#wakeIfFailed(ps, delayMs());
    }
  }

  #wakeIfFailed(ps: StoredPushSecret, delayMs: number): void {
    const record = this.#deps.records.peek(keyOf(ps));
    if (record === undefined || record.failed || record.version === '')
      this.controller.enqueue(keyOf(ps), LANES.woken, delayMs);
  }

  #wakeOutdated(ps: StoredPushSecret): void {
    const record = this.#deps.records.peek(keyOf(ps));
    if (record !== undefined) record.outdated = true;
    this.controller.enqueue(keyOf(ps), LANES.woken);
  }

  #byIndex(index: PushSecretIndex, value: string): readonly StoredPushSecret[] {
    return this.#options.informers.pushSecrets.store.byIndex(index, value);
  }

  /** What shares the queue's fairness: the first store. */
  #groupOf(key: string): string {
    const ps = this.#options.informers.pushSecrets.store.get(key);
    const ref = ps?.spec?.secretStoreRefs[0];
    const namespace = ps?.metadata.namespace ?? '';
    return ref === undefined ? '' : storeKey({ kind: ref.kind, name: ref.name ?? '' }, namespace);
  }
}

function isReady(store: StoreObject | undefined): boolean {
  return store?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
