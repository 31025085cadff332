/** Builds the controller of what generators leave behind on the core. */
import { generatorStates, namespaces } from '../api/resources.ts';
import { generatorStateController } from '../controllers/generator-state/controller.ts';
import type { StoredState } from '../generators/states.ts';
import type { Recorder } from '../kube/events.ts';
import { apiVersionOf } from '../kube/types.ts';
import type { Controller } from '../runtime/controller.ts';
import { concurrencyOf, type Core } from './core.ts';
import { isTerminating } from './namespace-cache.ts';

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
      events: {
        leftBehind: (state, message) => leftBehind(recorder, state, message),
        leftByNamespace: ({ metadata }, message) =>
          leftByNamespace(recorder, metadata.namespace ?? '', `GeneratorState "${metadata.name}": ${message}`),
      },
    },
    informer,
    random,
    observer: metrics.controllerObserver('generatorstate'),
    concurrency: concurrencyOf(core),
  });
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

/** An event about a Namespace stands in "default", which stays. */
function leftByNamespace(recorder: Recorder, name: string, message: string): void {
  const about = { apiVersion: apiVersionOf(namespaces), kind: namespaces.kind, metadata: { name, uid: '' } };
  recorder.event(about, 'Warning', 'CleanupFailed', message);
}
