/**
 * Wires the controller of a cluster-wide kind: which changes concern which object and which of its namespaces. An event in one
 * namespace is work in that namespace only.
 */
import type { Clock } from '../../clock.ts';
import type { Informer } from '../../kube/informer.ts';
import { objectKey, splitKey } from '../../kube/types.ts';
import type { Log } from '../../log.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { changedBesidesStatus, sameMap } from '../object-change.ts';
import { isConflict, isOutage } from '../outage.ts';
import { controllerOf } from './children.ts';
import type { FanOutDeps } from './deps.ts';
import type { Child, Parent } from './kind.ts';
import type { NamespaceView } from './namespace-view.ts';
import { reconcileFanOut } from './reconcile.ts';
import { selects } from './selection.ts';

export interface FanOutControllerOptions {
  readonly deps: Omit<FanOutDeps, 'statusSoon' | 'records'>;
  readonly informers: {
    readonly parents: Pick<Informer<Parent>, 'addHandler'>;
    readonly children: Pick<Informer<Child>, 'addHandler'>;
    readonly namespaces: Pick<Informer<NamespaceView>, 'addHandler'>;
  };
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
  readonly concurrency: number;
}

/** A thousand new namespaces are a few status writes, not a thousand. */
const STATUS_DELAY_MS = 250;

export function fanOutController(options: FanOutControllerOptions): Controller {
  const { clock, random, log, observer, concurrency, informers } = options;
  const deps: FanOutDeps = {
    ...options.deps,
    statusSoon: (name) => controller.enqueue(name, LANES.woken, STATUS_DELAY_MS),
    records: new Map(),
  };
  const controller = new Controller({
    name: deps.kind.parent.kind.toLowerCase(),
    reconcile: (key, { signal }) => reconcileFanOut(deps, key, signal),
    clock,
    random,
    log,
    observer,
    concurrency,
    errors: { isConflict, isOutage },
  });
  const wake = (namespace: string, parent: string): void => {
    controller.enqueue(objectKey(namespace, parent), LANES.woken);
  };
  informers.parents.addHandler((previous, current, name) => {
    if (previous !== undefined && previous.metadata.uid !== current?.metadata.uid)
      deps.records.delete(previous.metadata.uid);
    if (previous === undefined || current === undefined || changedBesidesStatus(previous, current))
      controller.enqueue(name, LANES.first);
  });
  informers.children.addHandler((previous, current, key) => {
    if (previous !== undefined && current !== undefined && !changedBesidesStatus(previous, current)) return;
    const { namespace = '', name } = splitKey(key);
    for (const parent of parentsOf(deps, [previous, current], name)) wake(namespace, parent);
  });
  informers.namespaces.addHandler((previous, current, namespace) => {
    if (!isNews(previous, current)) return;
    for (const parent of deps.parents.list()) {
      // Its whole pass is still to come.
      if (!deps.records.has(parent.metadata.uid)) continue;
      const wanted = deps.kind.wanted(parent);
      const concerned = [previous, current].some((view) => view !== undefined && selects(wanted, view));
      if (concerned) wake(namespace, parent.metadata.name);
    }
  });
  return controller;
}

/** Whose child it is or was, and who would have one of that name: an obstacle may have gone. */
function parentsOf(
  { kind, parents }: FanOutDeps,
  versions: readonly (Child | undefined)[],
  name: string,
): ReadonlySet<string> {
  const owners = versions.flatMap((child) => {
    const owner = child === undefined ? undefined : controllerOf(child);
    return owner?.kind === kind.parent.kind ? [owner.name] : [];
  });
  const waiting = parents.byIndex('childName', name).map(({ metadata }) => metadata.name);
  return new Set([...owners, ...waiting]);
}

function isNews(previous: NamespaceView | undefined, current: NamespaceView | undefined): boolean {
  if (previous === undefined || current === undefined) return true;
  return previous.terminating !== current.terminating || !sameMap(previous.labels, current.labels);
}
