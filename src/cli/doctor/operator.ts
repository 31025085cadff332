/**
 * Does an operator run? Told by the Deployments that carry the chart's label and by the Lease that a leader renews. Either is enough; where
 * neither is to be seen nothing is known, as an operator may run anywhere.
 */
import type { KubeClient } from '../../kube/client.ts';
import { leases, type Lease } from '../../kube/lease-record.ts';
import type { Stored } from '../../kube/types.ts';
import { listOperators, type Deployment } from '../deployments.ts';
import { listAll } from '../list-all.ts';
import { attempt, type Seen } from './look.ts';
import { fail, lasting, ok, unknown, type Step } from './step.ts';

export interface OperatorSeen {
  readonly deployments: Seen<readonly Stored<Deployment>[]>;
  readonly leases: Seen<readonly Stored<Lease>[]>;
}

export const DEFAULT_LEASE = 'external-secrets-controller';

/** @param leaseName the operator's `--leader-election-id` */
export async function readOperator(client: KubeClient, leaseName: string): Promise<OperatorSeen> {
  const fieldSelector = `metadata.name=${leaseName}`;
  return {
    deployments: await attempt(() => listOperators(client)),
    leases: await attempt(() => listAll<Lease>(client, leases, { fieldSelector })),
  };
}

const WHAT = 'operator';
const LOOK = 'see its Pods and their log: kubectl get pods -A -l app.kubernetes.io/name=external-secrets';

/** `now` in epoch ms. */
export function operatorStep(seen: OperatorSeen, now: number): Step {
  const deployments = foundIn(seen.deployments).map(deploymentSign);
  const signs = [...deployments, ...foundIn(seen.leases).map((lease) => leaseSign(lease, now))];
  const [alive] = signs.filter(({ runs }) => runs);
  if (alive !== undefined) return ok(WHAT, alive.says);
  if (signs.length > 0) return fail(WHAT, `does not run: ${signs.map(({ says }) => says).join('; ')}`, LOOK);
  const isBlind = seen.deployments.state === 'denied' || seen.leases.state === 'denied';
  const why = isBlind
    ? 'your kubeconfig may not list Deployments and Leases of all namespaces'
    : 'no Deployment with the label of the chart and no Lease';
  return unknown(WHAT, `not seen: ${why}`);
}

function foundIn<T>(seen: Seen<readonly T[]>): readonly T[] {
  return seen.state === 'found' ? seen.object : [];
}

interface Sign {
  readonly runs: boolean;
  readonly says: string;
}

function deploymentSign({ metadata, spec, status }: Stored<Deployment>): Sign {
  const ready = status?.readyReplicas ?? 0;
  return {
    runs: ready > 0,
    says: `Deployment ${metadata.namespace}/${metadata.name} has ${ready} of ${spec?.replicas ?? 1} Pods ready`,
  };
}

/** Beyond what a lease lasts: its time is by another machine's clock. */
const SLACK_MS = 45_000;

function leaseSign({ metadata, spec = {} }: Stored<Lease>, now: number): Sign {
  const what = `Lease ${metadata.namespace}/${metadata.name}`;
  const { holderIdentity = '', leaseDurationSeconds = 15, renewTime = '' } = spec;
  if (holderIdentity === '') return { runs: false, says: `${what} has no holder` };
  const age = now - (Date.parse(renewTime) || 0);
  const renewed = `was renewed ${lasting(age)} ago by ${holderIdentity}`;
  return { runs: age <= leaseDurationSeconds * 1000 + SLACK_MS, says: `${what} ${renewed}` };
}
