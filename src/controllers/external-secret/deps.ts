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
import type { SecretValue } from '../../secret-value.ts';
import type { Dependent } from '../../tenancy/references.ts';
import type { StoreGate } from '../store-gate.ts';
import type { Manifests } from './manifest/manifests.ts';
import type { Records } from './records.ts';
import type { RenderKey } from './rewrite.ts';
import type { TargetView } from './target-view.ts';
import type { TemplateEngine } from './template-engine.ts';

export type StoredExternalSecret = Stored<ExternalSecret>;

/** An ExternalSecret as events and metrics name it. */
export interface ObjectRef {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

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

export interface ExternalSecretMetrics {
  /**
   * A pass begins: the error counter exists from now on, at 0 (Q30), and the condition as it is stored, so that a restart leaves
   * no gap (J22).
   */
  started(object: ObjectRef, stored: string | undefined): void;
  finished(object: ObjectRef, tookMs: number, failed: boolean): void;
  ready(object: ObjectRef, status: 'True' | 'False'): void;
  /** The object is gone: no series of it may remain. */
  forget(key: string): void;
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
  readonly readTemplate: (
    dependent: Dependent,
    kind: 'ConfigMap' | 'Secret',
    name: string,
    key: string,
    signal: AbortSignal,
  ) => Promise<SecretValue>;
  readonly records: Records;
  readonly events: ExternalSecretEvents;
  readonly metrics: ExternalSecretMetrics;
  /** Targets of other kinds; absent without `--unsafe-allow-generic-targets`. */
  readonly manifests?: Manifests | undefined;
  readonly forgetDependencies: (key: string) => void;
}
