/** Builds the ExternalSecret controller on the core. */
import { ExternalSecretController } from '../controllers/external-secret/controller.ts';
import type { Deps } from '../controllers/external-secret/deps.ts';
import { Records } from '../controllers/external-secret/records.ts';
import type { KubeClient } from '../kube/client.ts';
import { objectKey, splitKey } from '../kube/types.ts';
import type { Controller } from '../runtime/controller.ts';
import { readTemplateSource } from '../tenancy/template-source.ts';
import { concurrencyOf, type Core } from './core.ts';
import { externalSecretEvents } from './events.ts';
import { externalSecretMetrics } from './object-metrics.ts';

export function externalSecretController(core: Core): Controller {
  const { caches, clock, metrics, named, random, references } = core;
  const records = new Records();
  metrics.watchOverdue('externalsecret', () => records.overdue(clock.now()));
  const clusterStores = caches.clusterSecretStores;
  const controller = new ExternalSecretController({
    deps: depsOf(core, core.client, records),
    routine: depsOf(core, core.routine, records),
    informers: {
      externalSecrets: caches.externalSecrets,
      targets: caches.targets,
      stores: [
        { kind: 'SecretStore', informer: caches.secretStores },
        ...(clusterStores === undefined ? [] : [{ kind: 'ClusterSecretStore' as const, informer: clusterStores }]),
      ],
    },
    references,
    clock,
    random,
    log: named('externalsecret'),
    observer: metrics.controllerObserver('externalsecret'),
    concurrency: concurrencyOf(core),
  });
  core.onRecovered((store, namespace) => controller.recovered(store, namespace));
  caches.namespaces?.addHandler((previous, current, key) => {
    if (previous !== undefined && current !== undefined) controller.namespaceChanged(key);
  });
  return controller.controller;
}

/** `client`: what a pass calls the API server with, be it for writing or for templates. */
function depsOf(core: Core, client: KubeClient, records: Records): Deps {
  const { caches, clock, gate, generators, metrics, named, options, recorder, references, templates } = core;
  return {
    client,
    clock,
    log: named('externalsecret'),
    settings: {
      controllerClass: options.controllerClass,
      clusterStores: options.reconcilers.clusterSecretStore,
      heartbeatMs: options.statusHeartbeatMs,
    },
    externalSecrets: caches.externalSecrets.store,
    targets: caches.targets.store,
    targetsCreatedBy: (namespace, mark) => caches.targets.store.byIndex('createdBy', objectKey(namespace, mark)),
    gate,
    generators,
    engine: templates.engine,
    renderKey: templates.renderKey,
    readTemplate: (dependent, kind, name, key, signal) =>
      readTemplateSource({ client, references }, dependent, { kind, name, key }, signal),
    manifests: core.manifests,
    isLeaving: core.isLeaving,
    records,
    events: externalSecretEvents(recorder),
    metrics: externalSecretMetrics(metrics),
    forgetDependencies: (key) => {
      const { namespace = '', name } = splitKey(key);
      references.forget({ kind: 'ExternalSecret', namespace, name });
    },
  };
}
