/** Builds what pushes: the PushSecret controller, and the one that keeps stores alive while it needs them. */
import { PushSecretController, type WatchedStores } from '../controllers/push-secret/controller.ts';
import type { Deps, StoreCatalogue, StoredPushSecret } from '../controllers/push-secret/deps.ts';
import { Records } from '../controllers/push-secret/records.ts';
import { nameOf } from '../controllers/push-secret/store-guard.ts';
import { STORE_GUARD, storeGuardController } from '../controllers/push-secret/store-guard-controller.ts';
import { identityOf, isOurs, storeKey, type StoreObject, type StoreRef } from '../controllers/store-gate.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Informer } from '../kube/informer.ts';
import { objectKey, splitKey } from '../kube/types.ts';
import { destinationOf } from '../providers/destination.ts';
import type { Controller } from '../runtime/controller.ts';
import { readTemplateSource } from '../tenancy/template-source.ts';
import { concurrencyOf, type Core } from './core.ts';
import { pushSecretEvents, storeBlocked } from './events.ts';
import { isTerminating } from './namespace-cache.ts';
import { pushSecretMetrics } from './object-metrics.ts';

/** None when the PushSecret reconciler is switched off. */
export function pushControllers(core: Core): readonly Controller[] {
  const { pushSecrets } = core.caches;
  if (!core.options.reconcilers.pushSecret || pushSecrets === undefined) return [];
  const stores = watchedStores(core);
  const catalogue = storeCatalogue(core);
  return [pushSecretController(core, pushSecrets, stores, catalogue), storeGuard(core, pushSecrets, stores, catalogue)];
}

function pushSecretController(
  core: Core,
  pushSecrets: Informer<StoredPushSecret>,
  stores: readonly WatchedStores[],
  catalogue: StoreCatalogue,
): Controller {
  const { caches, clock, metrics, named, random, references } = core;
  const records = new Records();
  metrics.watchOverdue('pushsecret', () => records.overdue(clock.now()));
  const controller = new PushSecretController({
    deps: depsOf(core, core.client, pushSecrets, catalogue, records),
    routine: depsOf(core, core.routine, pushSecrets, catalogue, records),
    informers: { pushSecrets, secrets: caches.targets, stores },
    references,
    clock,
    random,
    log: named('pushsecret'),
    observer: metrics.controllerObserver('pushsecret'),
    concurrency: concurrencyOf(core),
  });
  core.onRecovered((store, namespace) => controller.recovered(store, namespace));
  caches.namespaces?.addHandler((previous, current, key) => {
    if (previous === undefined || current === undefined) return;
    controller.namespaceChanged(key, current.terminating && !previous.terminating);
  });
  return controller.controller;
}

/** `client`: what a pass calls the API server with, be it for writing or for templates. */
function depsOf(
  core: Core,
  client: KubeClient,
  pushSecrets: Informer<StoredPushSecret>,
  stores: StoreCatalogue,
  records: Records,
): Deps {
  const { clock, generators, metrics, named, options, pushGate, recorder, references, templates } = core;
  return {
    client,
    clock,
    log: named('pushsecret'),
    heartbeatMs: options.statusHeartbeatMs,
    pushSecrets: pushSecrets.store,
    stores,
    gate: pushGate,
    generators,
    engine: templates.engine,
    renderKey: templates.renderKey,
    readTemplate: (dependent, kind, name, key, signal) =>
      readTemplateSource({ client, references }, dependent, { kind, name, key }, signal),
    watchSource: (dependent, name) =>
      references.add(dependent, { kind: 'Secret', namespace: dependent.namespace, name }),
    isTerminating: (namespace, signal) => isTerminating(client, namespace, signal),
    isLeaving: core.isLeaving,
    records,
    events: pushSecretEvents(recorder.as('pushsecret')),
    metrics: pushSecretMetrics(metrics),
    forgetDependencies: (key) => {
      const { namespace = '', name } = splitKey(key);
      references.forget({ kind: 'PushSecret', namespace, name });
    },
  };
}

function storeGuard(
  core: Core,
  pushSecrets: Informer<StoredPushSecret>,
  stores: readonly WatchedStores[],
  catalogue: StoreCatalogue,
): Controller {
  const { client, clock, metrics, named, random, recorder } = core;
  return storeGuardController({
    deps: {
      client,
      stores: catalogue,
      pushSecrets: pushSecrets.store,
      blocked: (kind, store, by) => storeBlocked(recorder.as('pushsecret'), kind, store, by.map(nameOf)),
    },
    catalogue,
    pushSecrets,
    stores,
    clock,
    random,
    log: named(STORE_GUARD),
    observer: metrics.controllerObserver(STORE_GUARD),
    concurrency: concurrencyOf(core),
  });
}

function watchedStores({ caches }: Core): readonly WatchedStores[] {
  const { secretStores, clusterSecretStores } = caches;
  return [
    { kind: 'SecretStore', informer: secretStores },
    ...(clusterSecretStores === undefined
      ? []
      : [{ kind: 'ClusterSecretStore' as const, informer: clusterSecretStores }]),
  ];
}

function storeCatalogue({ caches, options }: Core): StoreCatalogue {
  const { secretStores, clusterSecretStores } = caches;
  const find = (ref: StoreRef, namespace: string): StoreObject | undefined =>
    ref.kind === 'SecretStore'
      ? secretStores.store.get(objectKey(namespace, ref.name))
      : clusterSecretStores?.store.get(ref.name);
  return {
    find,
    *all(kind, namespace) {
      const cache = kind === 'SecretStore' ? secretStores : clusterSecretStores;
      for (const store of cache?.store.list() ?? [])
        if (kind === 'ClusterSecretStore' || store.metadata.namespace === namespace) yield store;
    },
    isOurs: (store) => isOurs(store, options.controllerClass),
    placeOf(ref, namespace) {
      const store = find(ref, namespace);
      if (store?.spec?.provider === undefined) return storeKey(ref, namespace);
      return destinationOf(identityOf(store, ref.kind), store.spec.provider, namespace);
    },
  };
}
