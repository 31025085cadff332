/** Connects generators to the cluster, and builds the controller of what they leave behind. */
import { readFile } from 'node:fs/promises';
import { generatorStates, namespaces } from '../api/resources.ts';
import { generatorStateController } from '../controllers/generator-state/controller.ts';
import type { Clock } from '../clock.ts';
import { Generators } from '../generators/index.ts';
import type { StoredState } from '../generators/states.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Recorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { apiVersionOf } from '../kube/types.ts';
import type { Log } from '../log.ts';
import type { ControllerOptions } from '../options.ts';
import type { Controller } from '../runtime/controller.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { TenantAccess } from '../tenancy/cluster-access.ts';
import type { References } from '../tenancy/references.ts';
import { concurrencyOf, type Core } from './core.ts';

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

export function buildGeneratorStateController(core: Core): Controller {
  const { caches, client, clock, generators, metrics, named, random, recorder } = core;
  const informer = caches.generatorStates;
  return generatorStateController({
    deps: {
      client,
      clock,
      log: named('generatorstate'),
      states: informer.store,
      generators,
      isTerminating: (namespace, signal) => isTerminating(client, namespace, signal),
      events: { leftBehind: (state, message) => leftBehind(recorder, state, message) },
    },
    informer,
    random,
    observer: metrics.controllerObserver('generatorstate'),
    concurrency: concurrencyOf(core),
  });
}

/** Without the right to look (an operator of one namespace) it counts as staying. */
async function isTerminating(client: KubeClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { metadata } = await client.get(namespaces, { name: namespace }, { signal, metadataOnly: true });
    return metadata.deletionTimestamp !== undefined;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function leftBehind(recorder: Recorder, { metadata }: StoredState, message: string): void {
  const { namespace = '', name, uid } = metadata;
  const about = {
    apiVersion: apiVersionOf(generatorStates),
    kind: generatorStates.kind,
    metadata: { namespace, name, uid },
  };
  recorder.event(about, 'Warning', 'CleanupFailed', message);
}
