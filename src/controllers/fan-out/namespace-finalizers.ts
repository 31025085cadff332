/**
 * The peer puts a finalizer on every Namespace that a ClusterExternalSecret serves. We never do; what we find we take away (D2): with our
 * next write in the namespace, at once when it terminates, so that it does not hang, and at once when the ClusterExternalSecret goes or
 * is gone, because nobody else would ever do it.
 */
import { namespaces } from '../../api/resources.ts';
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Informer } from '../../kube/informer.ts';
import type { Store } from '../../kube/store.ts';
import type { Log } from '../../log.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { isConflict, isOutage } from '../outage.ts';
import type { Parent } from './kind.ts';
import { holderOf, type NamespaceView } from './namespace-view.ts';

/** Takes away those of the peer's finalizers whose ClusterExternalSecret's name passes `isOver`. */
export async function dropNamespaceFinalizers(
  client: KubeClient,
  name: string,
  isOver: (holder: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { metadata } = await client.get(namespaces, { name }, { metadataOnly: true, signal });
    const { uid, resourceVersion, finalizers = [] } = metadata;
    const kept = finalizers.filter((finalizer) => {
      const holder = holderOf(finalizer);
      return holder === undefined || !isOver(holder);
    });
    if (kept.length === finalizers.length) return;
    // The version guards other people's finalizers: a merge patch replaces the whole list.
    const patch = { metadata: { uid, resourceVersion, finalizers: kept } };
    await client.patch(namespaces, { name }, patch, { type: 'merge', signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

export interface NamespaceReleaseOptions {
  readonly client: KubeClient;
  readonly informers: {
    readonly namespaces: Pick<Informer<NamespaceView>, 'store' | 'addHandler'>;
    /** The ClusterExternalSecrets. */
    readonly parents: Pick<Informer<Parent>, 'store' | 'addHandler'>;
  };
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
}

export const NAMESPACE_RELEASE = 'namespacerelease';

/** Looks at namespaces that carry such finalizers, and lets go of what holds them for nothing. */
export function namespaceReleaseController(options: NamespaceReleaseOptions): Controller {
  const { client, informers, clock, random, log, observer } = options;
  const controller = new Controller({
    name: NAMESPACE_RELEASE,
    reconcile: async (name, { signal }) => {
      const view = informers.namespaces.store.get(name);
      const isOver = (holder: string): boolean =>
        view?.terminating === true || !isThere(informers.parents.store, holder);
      if (view?.heldFor.some(isOver) === true) await dropNamespaceFinalizers(client, name, isOver, signal);
      return {};
    },
    clock,
    random,
    log,
    observer,
    concurrency: 20,
    errors: { isConflict, isOutage },
  });
  informers.namespaces.addHandler((_previous, current, name) => {
    if ((current?.heldFor.length ?? 0) > 0) controller.enqueue(name, LANES.first);
  });
  informers.parents.addHandler((_previous, _current, parent) => {
    if (isThere(informers.parents.store, parent)) return;
    for (const view of informers.namespaces.store.list())
      if (view.heldFor.includes(parent)) controller.enqueue(view.name, LANES.woken);
  });
  return controller;
}

function isThere(parents: Pick<Store<Parent>, 'get'>, name: string): boolean {
  const parent = parents.get(name);
  return parent !== undefined && parent.metadata.deletionTimestamp === undefined;
}
