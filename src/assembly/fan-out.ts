/** Builds the controllers of the cluster-wide kinds, and the one that frees namespaces of what the peer left on them. */
import { clusterExternalSecretKind } from '../controllers/cluster-external-secret/kind.ts';
import { clusterPushSecretKind } from '../controllers/cluster-push-secret/kind.ts';
import { fanOutController } from '../controllers/fan-out/controller.ts';
import type { FanOutEvents } from '../controllers/fan-out/deps.ts';
import type { Child, FanOutKind, Parent } from '../controllers/fan-out/kind.ts';
import type { NamespaceView } from '../controllers/fan-out/namespace-view.ts';
import { NAMESPACE_RELEASE, namespaceReleaseController } from '../controllers/fan-out/namespace-finalizers.ts';
import type { Informer } from '../kube/informer.ts';
import type { Controller } from '../runtime/controller.ts';
import { concurrencyOf, type Core } from './core.ts';
import { clusterPushSecretEvents } from './events.ts';
import { fanOutMetrics } from './object-metrics.ts';

export function fanOutControllers(core: Core): readonly Controller[] {
  const { caches, client, clock, metrics, named, random, recorder } = core;
  const { namespaces, clusterPushSecrets, clusterExternalSecrets, pushSecrets } = caches;
  const controllers: Controller[] = [];
  if (namespaces === undefined) return controllers;
  if (clusterExternalSecrets !== undefined) {
    const informers = { parents: clusterExternalSecrets, children: caches.externalSecrets, namespaces };
    controllers.push(build(core, clusterExternalSecretKind, informers, NO_EVENTS));
    const observer = metrics.controllerObserver(NAMESPACE_RELEASE);
    const log = named(NAMESPACE_RELEASE);
    controllers.push(namespaceReleaseController({ client, clock, random, informers, log, observer }));
  }
  if (clusterPushSecrets !== undefined && pushSecrets !== undefined) {
    const events = clusterPushSecretEvents(recorder.as('external-secrets-controller'));
    const informers = { parents: clusterPushSecrets, children: pushSecrets, namespaces };
    controllers.push(build(core, clusterPushSecretKind, informers, events));
  }
  return controllers;
}

/** The peer tells no events about ClusterExternalSecrets. */
const NO_EVENTS: FanOutEvents = { failed: () => {} };

interface Informers {
  readonly parents: Pick<Informer<Parent>, 'store' | 'addHandler'>;
  readonly children: Pick<Informer<Child>, 'store' | 'addHandler'>;
  readonly namespaces: Informer<NamespaceView>;
}

function build(core: Core, kind: FanOutKind, informers: Informers, events: FanOutEvents): Controller {
  const { client, clock, metrics, named, options, random } = core;
  const name = kind === clusterExternalSecretKind ? 'clusterexternalsecret' : 'clusterpushsecret';
  return fanOutController({
    deps: {
      kind,
      client,
      clock,
      parents: informers.parents.store,
      children: informers.children.store,
      namespaces: informers.namespaces.store,
      onlyNamespace: options.namespace,
      events,
      metrics: fanOutMetrics(metrics, name),
    },
    informers,
    clock,
    random,
    log: named(name),
    observer: metrics.controllerObserver(name),
    concurrency: concurrencyOf(core),
  });
}
