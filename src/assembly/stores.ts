/** Builds the controller of SecretStores or of ClusterSecretStores on the core. */
import { storeController } from '../controllers/secret-store/controller.ts';
import { identityOf, type StoreObject } from '../controllers/store-gate.ts';
import type { Informer } from '../kube/informer.ts';
import { splitKey } from '../kube/types.ts';
import type { StoreKind } from '../providers/provider.ts';
import { providers } from '../providers/registry.ts';
import type { Controller } from '../runtime/controller.ts';
import { concurrencyOf, type Core } from './core.ts';
import { storeEvents } from './events.ts';
import { storeMetrics } from './object-metrics.ts';

const COMPONENTS: Readonly<Record<StoreKind, string>> = {
  SecretStore: 'secret-store',
  ClusterSecretStore: 'cluster-secret-store',
};

export function buildStoreController(core: Core, kind: StoreKind, informer: Informer<StoreObject>): Controller {
  const { client, clock, metrics, named, options, pool, random, recorder, references } = core;
  const name = kind.toLowerCase();
  return storeController({
    deps: {
      kind,
      isLeaving: core.isLeaving,
      client,
      clock,
      random,
      stores: informer.store,
      controllerClass: options.controllerClass,
      requeueIntervalMs: options.storeRequeueIntervalMs,
      providers,
      acquire: (store, namespace, signal, urgent) => pool.acquire(store, namespace, signal, urgent),
      retire: retirement(core, kind, informer),
      events: storeEvents(recorder.as(COMPONENTS[kind]), kind),
      metrics: storeMetrics(metrics, kind),
      told: new Map(),
    },
    informer,
    references,
    random,
    log: named(name),
    observer: metrics.controllerObserver(name),
    concurrency: concurrencyOf(core),
  });
}

/** Ends what a store that is gone has left: its sessions are known by its UID, which only the cache still knew. */
function retirement(
  { pool, references }: Core,
  kind: StoreKind,
  informer: Informer<StoreObject>,
): (key: string) => void {
  const uids = new Map<string, string>();
  informer.addHandler((_previous, current, key) => {
    if (current !== undefined) uids.set(key, identityOf(current, kind).uid);
  });
  return (key) => {
    const { namespace = '', name } = splitKey(key);
    const uid = uids.get(key);
    if (uid !== undefined) pool.retireStore(uid);
    uids.delete(key);
    references.forget({ kind, namespace, name });
  };
}
