/**
 * The state of one sandbox cluster and the few things every request works with.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import type { JsonObject } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { kindId } from './kinds/kind.ts';
import type { Registry } from './registry.ts';
import type { Storage, Table } from './storage.ts';

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a request wants to do, as SubjectAccessReviews ask it. */
export interface Attributes {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Says whether something is allowed. The default allows everything. */
export type Authorizer = (attributes: Attributes) => boolean;

export interface Admission {
  /** Asks the webhooks that match. @throws StatusError when one refuses. Warnings are collected. */
  review(request: AdmissionRequest): Promise<void>;
}

export interface AdmissionRequest {
  readonly kind: Kind;
  readonly version: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly dryRun: boolean;
  readonly user: User;
  readonly warnings: string[];
}

export interface Cluster {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly registry: Registry;
  readonly admission: Admission;
  authorize: Authorizer;
}

export function tableOf(cluster: Cluster, kind: Pick<Kind, 'group' | 'plural'>): Table {
  return cluster.storage.table(kindId(kind));
}

/** Now as Kubernetes writes times: RFC 3339, whole seconds. */
export function timestamp(cluster: Cluster): string {
  return `${new Date(cluster.clock.now()).toISOString().slice(0, 19)}Z`;
}

export function newUid(): string {
  return randomUUID();
}
