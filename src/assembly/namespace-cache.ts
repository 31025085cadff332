/**
 * The watch of Namespaces: who may use a ClusterSecretStore, where the cluster-wide kinds have their children, and what is on its way out.
 */
import { namespaces } from '../api/resources.ts';
import { viewNamespace, type NamespaceView } from '../controllers/fan-out/namespace-view.ts';
import type { KubeClient } from '../kube/client.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';

export function namespaceInformer(
  common: Pick<InformerOptions<NamespaceView>, 'client' | 'clock' | 'log' | 'random'>,
): Informer<NamespaceView> {
  return new Informer<NamespaceView>({ ...common, resource: namespaces, metadataOnly: true, transform: viewNamespace });
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
