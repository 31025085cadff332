/**
 * What the PushSecret controller works with. Everything it touches outside itself is named here, so a test can put a small behaving
 * stand-in at any of these places.
 */
import type { PushSecret } from '../../api/push-secret.ts';
import type { Clock } from '../../clock.ts';
import type { Generators } from '../../generators/index.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/store.ts';
import type { Stored } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import type { Dependent } from '../../tenancy/references.ts';
import type { RenderKey } from '../external-secret/rewrite.ts';
import type { TemplateEngine } from '../external-secret/template-engine.ts';
import type { IsLeaving } from '../leaving-namespace.ts';
import type { StoreGate, StoreObject, StoreRef } from '../store-gate.ts';
import type { StoreKind } from '../../providers/provider.ts';
import type { ObjectMetrics, ObjectRef, ReadTemplate } from '../synced-object.ts';
import type { Records } from './records.ts';

export type StoredPushSecret = Stored<PushSecret>;

/** Events on transitions and real writes (`behaviour.md` 3.7, D55). */
export interface PushSecretEvents {
  synced(object: ObjectRef, message: string): void;
  sourceDeleted(object: ObjectRef, message: string): void;
  failed(object: ObjectRef, message: string): void;
  /** The namespace goes, and this stays in backends. Told about the namespace: in it no event can be made any more. */
  leftBehind(namespace: string, message: string): void;
}

/** SecretStores as the caches show them. */
export interface StoreCatalogue {
  find(ref: StoreRef, namespace: string): StoreObject | undefined;
  /** All of a kind; `namespace` is ignored for ClusterSecretStores. */
  all(kind: StoreKind, namespace: string): Iterable<StoreObject>;
  isOurs(store: StoreObject): boolean;
  /** Equal where pushes land at the same backend under the same identity (D30), be it through different stores. */
  placeOf(ref: StoreRef, namespace: string): string;
}

export interface Deps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  /** `--status-heartbeat` in milliseconds. */
  readonly heartbeatMs: number;
  readonly pushSecrets: Pick<Store<StoredPushSecret>, 'get' | 'byIndex'>;
  readonly stores: StoreCatalogue;
  readonly gate: Pick<StoreGate, 'open'>;
  readonly generators: Pick<Generators, 'begin' | 'isForeign'>;
  readonly engine: TemplateEngine;
  readonly renderKey: RenderKey;
  readonly readTemplate: ReadTemplate;
  /** From now on the PushSecret hears of every change of this Secret of its namespace, also of one that does not exist yet. */
  readonly watchSource: (dependent: Dependent, secret: string) => void;
  readonly isLeaving: IsLeaving;
  /** Asks the API server: for what must not be wrong. */
  readonly isTerminating: (namespace: string, signal: AbortSignal) => Promise<boolean>;
  readonly records: Records;
  readonly events: PushSecretEvents;
  readonly metrics: ObjectMetrics;
  readonly forgetDependencies: (key: string) => void;
}
