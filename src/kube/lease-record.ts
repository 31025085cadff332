/** The Lease object of leader election: what it holds, and how each move of ours changes it. */
import type { KubeObject, Resource } from './types.ts';

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** RFC 3339, microsecond precision; by the holder's clock, so never compared with ours. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** Takes the lease, or renews it if it is ours already. `now` in milliseconds since the epoch. */
export function held(spec: LeaseSpec, identity: string, durationMs: number, now: number): LeaseSpec {
  const ours = spec.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.round(durationMs / 1000),
    acquireTime: ours ? (spec.acquireTime ?? microTime(now)) : microTime(now),
    renewTime: microTime(now),
    leaseTransitions: (spec.leaseTransitions ?? 0) + (ours || spec.holderIdentity === undefined ? 0 : 1),
  };
}

/** Gives the lease up: whoever looks next may take it at once. */
export function released(spec: LeaseSpec, now: number): LeaseSpec {
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: microTime(now),
    renewTime: microTime(now),
    leaseTransitions: spec.leaseTransitions ?? 0,
  };
}

export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
