/**
 * The peer puts a finalizer on every Namespace that a ClusterExternalSecret serves. We never do; what we find we take away: with our next
 * write in the namespace, and at once when it terminates, so that it does not hang (D2).
 */
import { namespaces } from '../../api/resources.ts';
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Informer } from '../../kube/informer.ts';
import type { Log } from '../../log.ts';
import { Controller } from '../../runtime/controller.ts';
import { LANES } from '../../runtime/lanes.ts';
import type { ControllerObserver } from '../../runtime/observer.ts';
import { isConflict, isOutage } from '../outage.ts';
import type { FanOutNamespace } from './deps.ts';

/** The name of a ClusterExternalSecret follows. */
export const PEER_NAMESPACE_FINALIZER = 'externalsecrets.external-secrets.io/ces-';

export async function dropNamespaceFinalizers(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  try {
    const { metadata } = await client.get(namespaces, { name }, { metadataOnly: true, signal });
    const { uid, resourceVersion, finalizers = [] } = metadata;
    const kept = finalizers.filter((finalizer) => !finalizer.startsWith(PEER_NAMESPACE_FINALIZER));
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
  readonly namespaces: Pick<Informer<FanOutNamespace>, 'store' | 'addHandler'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: ControllerObserver;
}

export const NAMESPACE_RELEASE = 'namespacerelease';

/** Looks at namespaces that terminate while the peer's finalizers hold them. */
export function namespaceReleaseController(options: NamespaceReleaseOptions): Controller {
  const { client, clock, random, log, observer } = options;
  const isStuck = (view: FanOutNamespace | undefined): boolean => view?.terminating === true && view.held;
  const controller = new Controller({
    name: NAMESPACE_RELEASE,
    reconcile: async (name, { signal }) => {
      if (isStuck(options.namespaces.store.get(name))) await dropNamespaceFinalizers(client, name, signal);
      return {};
    },
    clock,
    random,
    log,
    observer,
    concurrency: 20,
    errors: { isConflict, isOutage },
  });
  options.namespaces.addHandler((_previous, current, name) => {
    if (isStuck(current)) controller.enqueue(name, LANES.first);
  });
  return controller;
}
