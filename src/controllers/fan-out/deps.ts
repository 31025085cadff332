/** What the controllers of cluster-wide kinds work with. Everything they touch outside themselves is named here. */
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/store.ts';
import type { FanOutKind, Child, Parent } from './kind.ts';
import type { SelectableNamespace } from './selection.ts';

export interface FanOutNamespace extends SelectableNamespace {
  readonly terminating: boolean;
  /** Carries finalizers that the peer left (D2). */
  readonly held: boolean;
}

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
  readonly parents: Pick<Store<Parent>, 'get' | 'list'>;
  readonly children: Pick<Store<Child>, 'get' | 'byIndex'>;
  readonly namespaces: Pick<Store<FanOutNamespace>, 'get' | 'list'>;
  /** `--namespace`: only there children are made; undefined: everywhere. */
  readonly onlyNamespace: string | undefined;
  readonly events: FanOutEvents;
  readonly metrics: FanOutMetrics;
  /** The outcome in one namespace has changed: the status is to be written soon. */
  readonly statusSoon: (name: string) => void;
  /** Outcomes as last known, by parent's UID. */
  readonly outcomes: Map<string, Map<string, Outcome>>;
}

/** What became of one namespace. */
export type Outcome =
  | { readonly state: 'provisioned' }
  | { readonly state: 'failed'; readonly reason: string }
  /** Not selected, or on its way out. */
  | { readonly state: 'none' };
