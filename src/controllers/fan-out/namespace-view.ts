/** What we keep of a Namespace: its labels, whether it is on its way out, and what the peer left on it. Pure. */
import type { Stored } from '../../kube/types.ts';
import type { SelectableNamespace } from './selection.ts';

/** The name of a ClusterExternalSecret follows. */
const PEER_NAMESPACE_FINALIZER = 'externalsecrets.external-secrets.io/ces-';

export interface NamespaceView extends SelectableNamespace {
  readonly terminating: boolean;
  /** Names of the ClusterExternalSecrets for which the peer put a finalizer on it (D2). */
  readonly heldFor: readonly string[];
}

export function viewNamespace({ metadata }: Stored): NamespaceView {
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    terminating: metadata.deletionTimestamp !== undefined,
    heldFor: (metadata.finalizers ?? []).map(holderOf).filter((name) => name !== undefined),
  };
}

/** The ClusterExternalSecret for which the peer put this finalizer on a Namespace; undefined: somebody else's finalizer. */
export function holderOf(finalizer: string): string | undefined {
  return finalizer.startsWith(PEER_NAMESPACE_FINALIZER) ? finalizer.slice(PEER_NAMESPACE_FINALIZER.length) : undefined;
}
