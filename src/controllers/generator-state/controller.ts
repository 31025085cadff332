/** Wires the controller of GeneratorStates: each change of one is looked at, and its deadline. */
import type { StoredState } from '../../generators/states.ts';
import type { Informer } from '../../kube/informer.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { isConflict, isOutage } from '../outage.ts';
import { reconcileState, type GeneratorStateDeps } from './reconcile.ts';

export interface GeneratorStateControllerOptions {
  readonly deps: GeneratorStateDeps;
  readonly informer: Informer<StoredState>;
  readonly random: () => number;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

export function generatorStateController(options: GeneratorStateControllerOptions): Controller {
  const { deps, informer, random, observer, concurrency } = options;
  const controller = new Controller({
    name: 'generatorstate',
    reconcile: (key, { signal }) => reconcileState(deps, key, signal),
    clock: deps.clock,
    random,
    log: deps.log,
    observer,
    concurrency,
    errors: { isConflict, isOutage },
  });
  informer.addHandler((_previous, current, key) => {
    if (current !== undefined) controller.enqueue(key, LANES.woken);
  });
  return controller;
}
