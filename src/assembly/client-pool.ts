/**
 * The pool of sessions with backends, connected to the cluster through the one place that reads for tenants.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ControllerOptions } from '../options.ts';
import { ClientPool } from '../providers/pool.ts';
import type { StoreIdentity } from '../providers/provider.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { TenantAccess } from '../tenancy/cluster-access.ts';
import type { References } from '../tenancy/references.ts';

export interface PoolDeps {
  readonly options: ControllerOptions;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly references: References;
  readonly metrics: Metrics;
  readonly onRecovered: (store: StoreIdentity, namespace: string) => void;
}

export function clientPool({ options, client, clock, random, references, metrics, onRecovered }: PoolDeps): ClientPool {
  const { environment, allowTargets, controllerCredentialsForAll, serviceAccountTokenFile } = options;
  const operatorToken = (): Promise<string> => readFile(serviceAccountTokenFile, 'utf8');
  const tenancy = { client, references, operatorToken };
  return new ClientPool({
    clock,
    random,
    cluster: {
      access: (store, namespace, signal) => new TenantAccess(tenancy, store, namespace, signal),
      isCurrent: (object) => references.isCurrent(object),
    },
    environment: {
      awsEndpoints: environment.awsEndpoints,
      awsDefaults: environment.awsDefaults,
      allowTargets,
      proxies: environment.proxies,
      controllerCredentialsForAll,
    },
    observeCall: metrics.providerCall,
    observeRead: metrics.providerRead,
    onRecovered,
  });
}
