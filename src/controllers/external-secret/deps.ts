/**
 * What the ExternalSecret controller works with. Everything it touches outside itself is named here, so a test can put a small
 * behaving stand-in at any of these places.
 */
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { Clock } from '../../clock.ts';
import type { Generators } from '../../generators/index.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/store.ts';
import type { Stored } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import type { IsLeaving } from '../leaving-namespace.ts';
import type { StoreGate } from '../store-gate.ts';
import type { ObjectMetrics, ObjectRef, ReadTemplate } from '../synced-object.ts';
import type { Manifests } from './manifest/manifests.ts';
import type { Records } from './records.ts';
import type { RenderKey } from './rewrite.ts';
import type { TargetView } from './target-view.ts';
import type { TemplateEngine } from './template-engine.ts';

export type StoredExternalSecret = Stored<ExternalSecret>;

/** Events on transitions, in the peer's words (`behaviour.md` 1.10). */
export interface ExternalSecretEvents {
  /** `kind` of the target; default: a Secret. */
  created(object: ObjectRef, target: string, kind?: string): void;
  updated(object: ObjectRef, target: string, kind?: string): void;
  deleted(object: ObjectRef, target: string, kind?: string): void;
  missing(object: ObjectRef, entries: readonly string[]): void;
  /** Rewrites that turned two keys into one (D12). */
  collided(object: ObjectRef, collisions: readonly string[]): void;
  failed(object: ObjectRef, message: string): void;
}

export interface Settings {
  /** `--controller-class`. */
  readonly controllerClass: string;
  /** False: ExternalSecrets whose default store is a ClusterSecretStore are not ours. */
  readonly clusterStores: boolean;
  /** `--status-heartbeat` in milliseconds. */
  readonly heartbeatMs: number;
}

export interface Deps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly externalSecrets: Pick<Store<StoredExternalSecret>, 'get'>;
  readonly targets: Pick<Store<TargetView>, 'get'>;
  /** Target Secrets of `namespace` that carry this created-by mark. */
  readonly targetsCreatedBy: (namespace: string, mark: string) => readonly TargetView[];
  readonly gate: Pick<StoreGate, 'open' | 'isForeign'>;
  readonly generators: Pick<Generators, 'begin' | 'isForeign'>;
  readonly engine: TemplateEngine;
  readonly renderKey: RenderKey;
  readonly readTemplate: ReadTemplate;
  readonly isLeaving: IsLeaving;
  readonly records: Records;
  readonly events: ExternalSecretEvents;
  readonly metrics: ObjectMetrics;
  /** Targets of other kinds; absent without `--unsafe-allow-generic-targets`. */
  readonly manifests?: Manifests | undefined;
  readonly forgetDependencies: (key: string) => void;
}
