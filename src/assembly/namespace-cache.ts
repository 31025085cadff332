/**
 * The watch of Namespaces: who may use a ClusterSecretStore, where the cluster-wide kinds have their children, and what is on its way out.
 */
import { namespaces } from '../api/resources.ts';
import { PEER_NAMESPACE_FINALIZER } from '../controllers/fan-out/namespace-finalizers.ts';
import type { KubeClient } from '../kube/client.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';

/** What we keep of a Namespace. */
export interface NamespaceView {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
  /** Carries finalizers that the peer left (D2). */
  readonly held: boolean;
}

export function namespaceInformer(
  common: Pick<InformerOptions<NamespaceView>, 'client' | 'clock' | 'log' | 'random'>,
): Informer<NamespaceView> {
  return new Informer<NamespaceView>({
    ...common,
    resource: namespaces,
    metadataOnly: true,
    transform: ({ metadata }) => ({
      name: metadata.name,
      uid: metadata.uid,
      labels: metadata.labels ?? {},
      terminating: metadata.deletionTimestamp !== undefined,
      held: metadata.finalizers?.some((finalizer) => finalizer.startsWith(PEER_NAMESPACE_FINALIZER)) === true,
    }),
  });
}

/** Asks the API server: the cache may lag. Without the right to look (an operator of one namespace) it counts as staying. */
export async function isTerminating(client: KubeClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { metadata } = await client.get(namespaces, { name: namespace }, { signal, metadataOnly: true });
    return metadata.deletionTimestamp !== undefined;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
