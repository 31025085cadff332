/**
 * Wires the controller of one store kind: a store is looked at when its spec changes, when an object it names changes, and at
 * its interval. Its own status writes do not wake it.
 */
import type { Informer } from '../../kube/informer.ts';
import { objectKey } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import type { References } from '../../tenancy/references.ts';
import { isConflict, isOutage } from '../outage.ts';
import type { StoreObject } from '../store-gate.ts';
import { reconcileStore, type StoreDeps } from './reconcile.ts';

export interface StoreControllerOptions {
  readonly deps: StoreDeps;
  readonly informer: Informer<StoreObject>;
  readonly references: References;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

export function storeController(options: StoreControllerOptions): Controller {
  const { deps, informer, references, random, log, observer, concurrency } = options;
  const controller = new Controller({
    name: deps.kind.toLowerCase(),
    reconcile: (key, { signal }) => reconcileStore(deps, key, signal),
    clock: deps.clock,
    random,
    log,
    observer,
    concurrency,
    errors: { isConflict, isOutage },
  });
  informer.addHandler((previous, current, key) => {
    if (previous === undefined || current === undefined || isWorthALook(previous, current))
      controller.enqueue(key, LANES.first);
  });
  references.onChange(({ kind, namespace, name }) => {
    if (kind === deps.kind) controller.enqueue(objectKey(namespace, name), LANES.woken);
  });
  return controller;
}

function isWorthALook(previous: StoreObject, current: StoreObject): boolean {
  const a = previous.metadata;
  const b = current.metadata;
  return a.uid !== b.uid || a.generation !== b.generation || a.deletionTimestamp !== b.deletionTimestamp;
}
