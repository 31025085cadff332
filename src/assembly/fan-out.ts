/** Builds the controllers of the cluster-wide kinds, and the one that frees namespaces of what the peer left on them. */
import { clusterExternalSecretKind } from '../controllers/cluster-external-secret/kind.ts';
import { clusterPushSecretKind } from '../controllers/cluster-push-secret/kind.ts';
import { fanOutController } from '../controllers/fan-out/controller.ts';
import type { FanOutEvents } from '../controllers/fan-out/deps.ts';
import type { Child, FanOutKind, Parent } from '../controllers/fan-out/kind.ts';
import { NAMESPACE_RELEASE, namespaceReleaseController } from '../controllers/fan-out/namespace-finalizers.ts';
import type { Informer } from '../kube/informer.ts';
import type { Controller } from '../runtime/controller.ts';
import { concurrencyOf, type Core } from './core.ts';
import { clusterPushSecretEvents } from './events.ts';
import type { NamespaceView } from './namespace-cache.ts';
import { fanOutMetrics } from './object-metrics.ts';

export function fanOutControllers(core: Core): readonly Controller[] {
  const { caches, client, clock, metrics, named, random, recorder } = core;
  const { namespaces, clusterPushSecrets: pushParents, clusterExternalSecrets: secretParents, pushSecrets } = caches;
  if (namespaces === undefined) return [];
  const common = { client, clock, random, namespaces };
  return [
    ...(secretParents === undefined
      ? []
      : [build(core, clusterExternalSecretKind, secretParents, caches.externalSecrets, namespaces, NO_EVENTS)]),
    ...(pushParents === undefined || pushSecrets === undefined
      ? []
      : [
          build(
            core,
            clusterPushSecretKind,
            pushParents,
            pushSecrets,
            namespaces,
            clusterPushSecretEvents(recorder.as('external-secrets-controller')),
          ),
        ]),
    namespaceReleaseController({
      ...common,
      log: named(NAMESPACE_RELEASE),
      observer: metrics.controllerObserver(NAMESPACE_RELEASE),
    }),
  ];
}

/** The peer tells no events about ClusterExternalSecrets. */
const NO_EVENTS: FanOutEvents = { failed: () => {} };

function build(
  core: Core,
  kind: FanOutKind,
  parents: Pick<Informer<Parent>, 'store' | 'addHandler'>,
  children: Pick<Informer<Child>, 'store' | 'addHandler'>,
  namespaces: Informer<NamespaceView>,
  events: FanOutEvents,
): Controller {
  const { client, clock, metrics, named, options, random } = core;
  const name = kind === clusterExternalSecretKind ? 'clusterexternalsecret' : 'clusterpushsecret';
  return fanOutController({
    deps: {
      kind,
      client,
      clock,
      parents: parents.store,
      children: children.store,
      namespaces: namespaces.store,
      onlyNamespace: options.namespace,
      events,
      metrics: fanOutMetrics(metrics, name),
    },
    informers: { parents, children, namespaces },
    clock,
    random,
    log: named(name),
    observer: metrics.controllerObserver(name),
    concurrency: concurrencyOf(core),
  });
}
