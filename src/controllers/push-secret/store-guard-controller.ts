/**
 * Wires the guard of stores: a store is looked at when it changes (but for its status) and when a PushSecret that may need it does.
 */
import type { Clock } from '../../clock.ts';
import type { Informer } from '../../kube/informer.ts';
import { splitKey } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import type { StoreKind } from '../../providers/provider.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { changedBesidesStatus } from '../object-change.ts';
import { isConflict, isOutage } from '../outage.ts';
import { storeKey } from '../store-gate.ts';
import type { WatchedStores } from './controller.ts';
import type { StoreCatalogue, StoredPushSecret } from './deps.ts';
import { guardStore, storesOf, type StoreGuardDeps } from './store-guard.ts';

export interface StoreGuardOptions {
  readonly deps: StoreGuardDeps;
  readonly catalogue: StoreCatalogue;
  readonly pushSecrets: Pick<Informer<StoredPushSecret>, 'addHandler'>;
  readonly stores: readonly WatchedStores[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

export const STORE_GUARD = 'pushsecretstores';

export function storeGuardController(options: StoreGuardOptions): Controller {
  const { deps, catalogue, pushSecrets, stores, clock, random, log, observer, concurrency } = options;
  const controller = new Controller({
    name: STORE_GUARD,
    reconcile: async (key, { signal }) => {
      const colon = key.indexOf(':');
      const kind: StoreKind = key.slice(0, colon) === 'ClusterSecretStore' ? 'ClusterSecretStore' : 'SecretStore';
      const { namespace = '', name } = splitKey(key.slice(colon + 1));
      await guardStore(deps, kind, { namespace, name }, signal);
      return {};
    },
    clock,
    random,
    log,
    observer,
    concurrency,
    errors: { isConflict, isOutage },
  });
  for (const { kind, informer } of stores) {
    informer.addHandler((previous, current) => {
      if (current === undefined) return;
      if (previous !== undefined && !changedBesidesStatus(previous, current)) return;
      const { namespace = '', name } = current.metadata;
      controller.enqueue(storeKey({ kind, name }, namespace), LANES.woken);
    });
  }
  pushSecrets.addHandler((previous, current) => {
    const concerned = [previous, current].filter((ps) => ps?.spec?.deletionPolicy === 'Delete');
    const keys = concerned.flatMap((ps) => storesOf(ps!, (kind, namespace) => catalogue.all(kind, namespace)));
    for (const key of new Set(keys)) controller.enqueue(key, LANES.woken);
  });
  return controller;
}
