/**
 * Wires the ExternalSecret controller: which changes wake which objects, and in which lane of the work queue. What a pass does
 * is in `reconcile.ts`.
 */
import type { Clock } from '../../clock.ts';
import type { Informer } from '../../kube/informer.ts';
import type { Log } from '../../log.ts';
import { Controller, type Outcome, type ReconcileContext } from '../../runtime/controller.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { isRoutine, LANES } from '../../runtime/lanes.ts';
import type { Dependent, References } from '../../tenancy/references.ts';
import type { StoreIdentity } from '../../providers/provider.ts';
import { tellFailure } from '../failure.ts';
import { isDeletionBegun, LET_GO_MS } from '../object-change.ts';
import { isConflict, isOutage, RECOVERY_SPREAD_MS } from '../outage.ts';
import { storeKey, type StoreObject } from '../store-gate.ts';
import { refOf } from '../synced-object.ts';
import { forgetWritten } from '../written-status.ts';
import type { Deps, StoredExternalSecret } from './deps.ts';
import { generatorRefsOf, storeRefsOf, targetNameOf, waveOf } from './gather.ts';
import { manifestKey } from './manifest/manifests.ts';
import { reconcile } from './reconcile.ts';
import { readyCondition } from './records.ts';
import type { TargetView } from './target-view.ts';

/** Indexes that the ExternalSecret informer must have. */
export const externalSecretIndexes = {
  /** By the Secret it writes. */
  target: (es: StoredExternalSecret): readonly string[] =>
    es.spec?.target.manifest === undefined ? [`${es.metadata.namespace}/${targetNameOf(es)}`] : [],
  /** By the object of another kind that it writes. */
  manifest: (es: StoredExternalSecret): readonly string[] =>
    es.spec?.target.manifest === undefined
      ? []
      : [manifestKey(es.spec.target.manifest, `${es.metadata.namespace}/${targetNameOf(es)}`)],
  store: (es: StoredExternalSecret): readonly string[] => [
    ...new Set(storeRefsOf(es).map((ref) => storeKey(ref, es.metadata.namespace ?? ''))),
  ],
  /** By the generators it names, each as it is seen from its namespace. */
  generator: (es: StoredExternalSecret): readonly string[] =>
    generatorRefsOf(es).map(({ kind, name }) => generatorKey(kind, es.metadata.namespace ?? '', name)),
  namespace: (es: StoredExternalSecret): readonly string[] => [es.metadata.namespace ?? ''],
} as const;

export interface ExternalSecretControllerOptions {
  readonly deps: Deps;
  /** The same with a client for passes that nobody waits for. */
  readonly routine: Deps;
  readonly informers: {
    readonly externalSecrets: Informer<StoredExternalSecret>;
    readonly targets: Informer<TargetView>;
    readonly stores: readonly {
      readonly kind: 'SecretStore' | 'ClusterSecretStore';
      readonly informer: Informer<StoreObject>;
    }[];
  };
  readonly references: References;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

export class ExternalSecretController {
  readonly controller: Controller;
  readonly #options: ExternalSecretControllerOptions;

  constructor(options: ExternalSecretControllerOptions) {
    this.#options = options;
    const { deps, clock, random, log, observer, concurrency } = options;
    this.controller = new Controller({
      name: 'externalsecret',
      reconcile: (key, context) => this.#reconcile(key, context),
      clock,
      random,
      log,
      observer,
      concurrency,
      groupOf: (key) => this.#groupOf(key),
      describe: (key) => ({ store: this.#groupOf(key), secret: this.#targetOf(key) }),
      onFailure: (key, retryInMs) =>
        tellFailure(deps.records.peek(key), retryInMs, (object, text) => deps.events.failed(object, text)),
      errors: { isConflict, isOutage },
    });
    const { externalSecrets, targets, stores } = options.informers;
    externalSecrets.addHandler((previous, current, key) => this.#externalSecretChanged(previous, current, key));
    targets.addHandler((_previous, current, key) => this.#targetChanged('target', current, key));
    deps.manifests?.onChange((current, key) => this.#targetChanged('manifest', current, key));
    for (const { kind, informer } of stores) {
      informer.addHandler((previous, current) => this.#storeChanged(kind, previous, current));
    }
    options.references.onChange((dependent) => this.#dependencyChanged(dependent));
    this.#deps = deps;
  }

  readonly #deps: Deps;

  /** The circuit of a store's identity closed: what failed on it may go on. `namespace` empty: of all namespaces. */
  recovered(store: StoreIdentity, namespace: string): void {
    const key = storeKey(store, store.namespace);
    this.#wakeFailed(key, namespace, () => this.#options.random() * RECOVERY_SPREAD_MS);
  }

  /** Labels of a namespace changed: a ClusterSecretStore may admit it now. */
  namespaceChanged(namespace: string): void {
    for (const es of this.#byIndex('namespace', namespace)) this.#wakeIfFailed(es, 0);
  }

  async #reconcile(key: string, { signal, lane, crowded }: ReconcileContext): Promise<Outcome> {
    const { deps, routine } = this.#options;
    const startedAt = this.#options.clock.now();
    let failed = true;
    try {
      const outcome = await reconcile(isRoutine(lane) ? routine : deps, key, { signal, crowded });
      failed = false;
      return outcome;
    } finally {
      const es = this.#options.informers.externalSecrets.store.get(key);
      const tookMs = this.#options.clock.now() - startedAt;
      if (es !== undefined) this.#deps.metrics.finished(refOf(es, key), tookMs, failed && !signal.aborted);
    }
  }

  #externalSecretChanged(
    previous: StoredExternalSecret | undefined,
    current: StoredExternalSecret | undefined,
    key: string,
  ): void {
    const record = this.#deps.records.peek(key);
    if (record !== undefined && current !== undefined) forgetWritten(record, current);
    if (previous !== undefined && current !== undefined && !isWorthALook(previous, current)) return;
    const known =
      previous === undefined &&
      current?.status?.refreshTime !== undefined &&
      readyCondition(current)?.status === 'True';
    if (isDeletionBegun(previous, current)) this.controller.hurry(key, LET_GO_MS);
    this.controller.enqueue(key, known ? LANES.periodic : LANES.first);
  }

  /** Our own writes come back as events too: what we remember of them tells them apart. */
  #targetChanged(index: 'target' | 'manifest', current: TargetView | undefined, key: string): void {
    for (const es of this.#byIndex(index, key)) {
      const name = keyOf(es);
      const written = this.#deps.records.peek(name)?.target;
      const isEcho =
        current !== undefined &&
        written?.uid === current.uid &&
        written.dataHash === current.dataHash &&
        written.dataWriters === current.dataWriters &&
        written.metaPrint === current.metaPrint;
      if (!isEcho) this.controller.enqueue(name, LANES.woken);
    }
  }

  #storeChanged(
    kind: 'SecretStore' | 'ClusterSecretStore',
    previous: StoreObject | undefined,
    current: StoreObject | undefined,
  ): void {
    if (current === undefined || !isReady(current)) return;
    if (previous !== undefined && isReady(previous) && previous.metadata.generation === current.metadata.generation)
      return;
    const key = storeKey({ kind, name: current.metadata.name }, current.metadata.namespace ?? '');
    this.#wakeFailed(key, '', () => 0);
  }

  #dependencyChanged(dependent: Dependent): void {
    const { kind, namespace, name, consumerNamespace } = dependent;
    if (kind === 'ExternalSecret') {
      const key = `${namespace}/${name}`;
      const record = this.#deps.records.peek(key);
      // Reading again costs nothing; making a new password because a template changed would. It waits for its refresh.
      if (record !== undefined && !this.#isGenerated(key)) record.outdated = true;
      this.controller.enqueue(key, LANES.woken);
    } else if (kind === 'SecretStore' || kind === 'ClusterSecretStore') {
      // The store may have been Valid all along: with static keys only a read shows that they are wrong (Q31).
      this.#wakeFailed(storeKey({ kind, name }, namespace), consumerNamespace, () => 0);
    } else {
      for (const es of this.#byIndex('generator', generatorKey(kind, namespace, name))) this.#wakeIfFailed(es, 0);
    }
  }

  #isGenerated(key: string): boolean {
    const es = this.#options.informers.externalSecrets.store.get(key);
    return es !== undefined && generatorRefsOf(es).length > 0;
  }

  #wakeFailed(store: string, namespace: string, delayMs: () => number): void {
    for (const es of this.#byIndex('store', store)) {
      if (namespace === '' || es.metadata.namespace === namespace) this.#wakeIfFailed(es, delayMs());
    }
  }

  #wakeIfFailed(es: StoredExternalSecret, delayMs: number): void {
    const key = keyOf(es);
    const record = this.#deps.records.peek(key);
    if (record === undefined || record.failed || record.version === '')
      this.controller.enqueue(key, LANES.woken, delayMs);
  }

  #byIndex(index: keyof typeof externalSecretIndexes, value: string): readonly StoredExternalSecret[] {
    return this.#options.informers.externalSecrets.store.byIndex(index, value);
  }

  #groupOf(key: string): string {
    const es = this.#options.informers.externalSecrets.store.get(key);
    return es?.spec === undefined ? '' : waveOf(es.spec, es.metadata.namespace ?? '');
  }

  #targetOf(key: string): string {
    const es = this.#options.informers.externalSecrets.store.get(key);
    return es === undefined ? '' : targetNameOf(es);
  }
}

function keyOf(es: StoredExternalSecret): string {
  return `${es.metadata.namespace}/${es.metadata.name}`;
}

function generatorKey(kind: string, namespace: string, name: string): string {
  return `${kind}:${namespace}/${name}`;
}

function isReady(store: StoreObject): boolean {
  return (
    store.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  );
}

/** Status-only updates, above all our own, are no reason to look again. */
function isWorthALook(previous: StoredExternalSecret, current: StoredExternalSecret): boolean {
  const a = previous.metadata;
  const b = current.metadata;
  return (
    a.uid !== b.uid ||
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    !sameMap(a.labels, b.labels) ||
    !sameMap(a.annotations, b.annotations) ||
    (a.finalizers ?? []).join() !== (b.finalizers ?? []).join()
  );
}

function sameMap(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
