/** What the controllers of cluster-wide kinds work with. Everything they touch outside themselves is named here. */
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/store.ts';
import type { FanOutKind, Child, Parent } from './kind.ts';
import type { NamespaceView } from './namespace-view.ts';

export interface FanOutEvents {
  /** Told once per cause. */
  failed(parent: Parent, message: string): void;
}

export interface FanOutMetrics {
  finished(parent: Parent, tookMs: number, failed: boolean): void;
  ready(parent: Parent, status: 'True' | 'False'): void;
  forget(name: string): void;
}

export interface FanOutDeps {
  readonly kind: FanOutKind;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Indexed by `parentIndexes`. */
  readonly parents: Pick<Store<Parent>, 'get' | 'list' | 'byIndex'>;
  /** Indexed by `childIndexes`. */
  readonly children: Pick<Store<Child>, 'get' | 'byIndex'>;
  readonly namespaces: Pick<Store<NamespaceView>, 'get' | 'list'>;
  /** `--namespace`: only there children are made; undefined: everywhere. */
  readonly onlyNamespace: string | undefined;
  readonly events: FanOutEvents;
  readonly metrics: FanOutMetrics;
  /** The outcome in one namespace has changed: the status is to be written soon. */
  readonly statusSoon: (name: string) => void;
  /** By the parent's UID. */
  readonly records: Map<string, FanOutRecord>;
}

/** What is remembered of a cluster-wide object; there from the beginning of its first pass over all namespaces. */
export interface FanOutRecord {
  /** As last known, by namespace. */
  readonly outcomes: Map<string, Outcome>;
  /** When its failure was last told by an event (or, after a start, could have been). */
  toldAt: number;
}

/** What became of one namespace. */
export type Outcome =
  | { readonly state: 'provisioned' }
  | { readonly state: 'failed'; readonly reason: string }
  /** Not selected, or on its way out. */
  | { readonly state: 'none' };
