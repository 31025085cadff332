/** Connects generators to the cluster. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { Generators } from '../generators/index.ts';
import type { StoredState } from '../generators/states.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Informer } from '../kube/informer.ts';
import type { Log } from '../log.ts';
import type { ControllerOptions } from '../options.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { TenantAccess } from '../tenancy/cluster-access.ts';
import type { References } from '../tenancy/references.ts';

export interface GeneratorDeps {
  readonly options: ControllerOptions;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly references: References;
  readonly metrics: Metrics;
  readonly states: Informer<StoredState>;
}

export function buildGenerators({
  options,
  client,
  clock,
  log,
  references,
  metrics,
  states,
}: GeneratorDeps): Generators {
  const { environment, allowTargets, controllerCredentialsForAll, serviceAccountTokenFile } = options;
  const tenancy = { client, references, operatorToken: () => readFile(serviceAccountTokenFile, 'utf8') };
  return new Generators({
    client,
    clock,
    log,
    environment: {
      awsEndpoints: environment.awsEndpoints,
      awsDefaults: environment.awsDefaults,
      allowTargets,
      controllerCredentialsForAll,
    },
    observe: metrics.providerCall,
    access: ({ kind, name, namespace }, store, signal) =>
      new TenantAccess(tenancy, store, namespace, signal, { kind, name, namespace, consumerNamespace: namespace }),
    controllerClass: options.controllerClass,
    statesOf: (owner) => states.store.byIndex('owner', owner),
    keepsStates: options.generatorState,
    gracePeriodMs: options.generatorGcGracePeriodMs,
  });
}
