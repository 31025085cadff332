/**
 * An API server in memory with the caches and the controllers of a cluster-wide kind on it, on a clock that stands still: the world of
 * the fan-out's unit tests. Nobody collects garbage in it, and nobody syncs the children.
 */
import type { TestContext } from 'node:test';
import { namespaces } from '../../api/resources.ts';
import type { KubeObject, ObjectMeta, Stored } from '../../kube/types.ts';
import { Informer } from '../../kube/informer.ts';
import { silentLog } from '../../log.ts';
import type { Controller } from '../../runtime/controller.ts';
import { silentObserver } from '../../runtime/observer.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { clusterExternalSecretKind } from '../cluster-external-secret/kind.ts';
import { clusterPushSecretKind } from '../cluster-push-secret/kind.ts';
import { childIndexes, parentIndexes } from './children.ts';
import { fanOutController } from './controller.ts';
import type { Child, FanOutKind, FanOutStatus, Parent } from './kind.ts';
import { namespaceReleaseController } from './namespace-finalizers.ts';
import { viewNamespace, type NamespaceView } from './namespace-view.ts';

type Texts = Readonly<Record<string, string>>;
type Status = FanOutStatus & { readonly externalSecretName?: string; readonly pushSecretName?: string };
interface WorldOptions {
  readonly kind?: FanOutKind;
  readonly onlyNamespace?: string;
}

/** Time for the status that follows events: it gathers them for a moment. */
const SOON_MS = 300;

export class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  /** Events as `<parent>: <message>`. */
  readonly told: string[] = [];
  /** The last value of the condition's series, by parent. */
  readonly series = new Map<string, string>();
  readonly kind: FanOutKind;
  readonly #abort = new AbortController();
  readonly #namespaces: Informer<NamespaceView>;
  readonly #parents: Informer<Parent>;
  readonly #children: Informer<Child>;
  readonly #controllers: readonly Controller[];
  readonly #running: Promise<unknown>[] = [];

  constructor({ kind = clusterExternalSecretKind, onlyNamespace }: WorldOptions = {}) {
    this.kind = kind;
    const common = { client: this.kube, clock: this.clock, log: silentLog, random: () => 0.5 };
    this.#namespaces = new Informer({ ...common, resource: namespaces, metadataOnly: true, transform: viewNamespace });
    this.#parents = new Informer<Parent>({ ...common, resource: kind.parent, indexes: parentIndexes(kind) });
    this.#children = new Informer<Child>({ ...common, resource: kind.child, indexes: childIndexes });
    const informers = { parents: this.#parents, children: this.#children, namespaces: this.#namespaces };
    const rest = { ...common, observer: silentObserver, concurrency: 100 };
    this.#controllers = [
      fanOutController({
        ...rest,
        informers,
        deps: {
          kind,
          client: this.kube,
          clock: this.clock,
          parents: this.#parents.store,
          children: this.#children.store,
          namespaces: this.#namespaces.store,
          onlyNamespace,
          events: { failed: ({ metadata }, message) => void this.told.push(`${metadata.name}: ${message}`) },
          metrics: {
            finished: () => {},
            ready: ({ metadata }, status) => void this.series.set(metadata.name, status),
            forget: (name) => void this.series.delete(name),
          },
        },
      }),
      ...(kind === clusterExternalSecretKind ? [namespaceReleaseController({ ...rest, informers })] : []),
    ];
  }

  /** Starts caches, then controllers, as the process does; stopped with the test. */
  async start(t: TestContext): Promise<this> {
    const watches = [this.#namespaces, this.#parents, this.#children];
    this.#running.push(...watches.map((watch) => watch.run(this.#abort.signal)));
    await Promise.all(watches.map((watch) => watch.synced()));
    this.#running.push(...this.#controllers.map((controller) => controller.run(this.#abort.signal)));
    t.after(async () => {
      this.#abort.abort(new DOMException('stopping', 'AbortError'));
      await Promise.all(this.#running);
    });
    await this.pass();
    return this;
  }

  /** Lets time pass; without a number just enough for everything that was caused by now. */
  async pass(ms = SOON_MS): Promise<void> {
    await this.clock.advance(ms);
    await this.clock.advance(0);
  }

  namespace(name: string, labels: Texts = {}, metadata: Partial<ObjectMeta> = {}): void {
    const before = this.kube.peek(namespaces, { name });
    const all = { 'kubernetes.io/metadata.name': name, ...labels };
    this.kube.put(namespaces, { ...before, metadata: { ...before?.metadata, name, labels: all, ...metadata } });
  }

  finalizersOf(namespace: string): readonly string[] | undefined {
    return this.kube.peek(namespaces, { name: namespace })?.metadata.finalizers;
  }

  /** Creates the cluster-wide object, or changes its spec; what is not said stays out. */
  apply(name: string, spec: object, metadata: Partial<ObjectMeta> = {}): void {
    const before = this.kube.peek(this.kind.parent, { name });
    const child = this.kind === clusterExternalSecretKind ? 'externalSecretSpec' : 'pushSecretSpec';
    const object = { ...before, metadata: { ...before?.metadata, name, ...metadata } };
    this.kube.put(this.kind.parent, Object.assign(object, { spec: { [child]: { refreshInterval: '1h' }, ...spec } }));
  }

  /** Somebody's object of the children's kind. */
  put(namespace: string, name: string, metadata: Partial<ObjectMeta> = {}, spec: object = {}): void {
    const before = this.kube.peek(this.kind.child, { namespace, name });
    const object = { ...before, metadata: { ...before?.metadata, namespace, name, ...metadata } };
    this.kube.put(this.kind.child, Object.assign(object, { spec }));
  }

  child(namespace: string, name: string): Stored<KubeObject & { readonly spec?: object }> | undefined {
    return this.kube.peek(this.kind.child, { namespace, name });
  }

  /** All children as `namespace/name`, sorted. */
  children(): readonly string[] {
    return this.kube
      .objects(this.kind.child)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort();
  }

  parent(name: string): Stored | undefined {
    return this.kube.peek(this.kind.parent, { name });
  }

  statusOf(name: string): Status {
    return this.kube.peek<KubeObject & { status?: Status }>(this.kind.parent, { name })?.status ?? {};
  }

  /** `True`, or `False: <message>`. */
  ready(name: string): string {
    const ready = this.statusOf(name).conditions?.find(({ type }) => type === 'Ready');
    return ready === undefined ? 'none' : `${ready.status}${ready.message === undefined ? '' : `: ${ready.message}`}`;
  }
}

export const pushing: WorldOptions = { kind: clusterPushSecretKind };

/** Namespaces with the label `team` of that value. */
export function team(...values: readonly string[]): { readonly namespaceSelectors: readonly object[] } {
  return { namespaceSelectors: values.map((value) => ({ matchLabels: { team: value } })) };
}
