/**
 * What the controllers of single objects (ExternalSecret, PushSecret) have in common with the world around them: how an object is named
 * to events and metrics, and what is measured of it.
 */
import type { Stored } from '../kube/types.ts';
import type { SecretValue } from '../secret-value.ts';
import type { Dependent } from '../tenancy/references.ts';

/** An object as events and metrics name it. */
export interface ObjectRef {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function refOf({ metadata }: Stored, key: string): ObjectRef {
  const { namespace = '', name, uid, labels = {} } = metadata;
  return { key, namespace, name, uid, labels };
}

export interface ObjectMetrics {
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

/** Reads a key of a ConfigMap or Secret of the dependent's own namespace; from then on it hears of every change of that object. */
export type ReadTemplate = (
  dependent: Dependent,
  kind: 'ConfigMap' | 'Secret',
  name: string,
  key: string,
  signal: AbortSignal,
) => Promise<SecretValue>;
