/** The ClusterPushSecret as a cluster-wide kind (`api.md` 7). */
import type { ClusterPushSecret } from '../../api/cluster-push-secret.ts';
import { clusterPushSecrets, pushSecrets } from '../../api/resources.ts';
import type { Stored } from '../../kube/types.ts';
import { selectorList } from '../fan-out/selection.ts';
import type { FanOutKind } from '../fan-out/kind.ts';
import { timestamp } from '../timestamp.ts';

export const clusterPushSecretKind: FanOutKind<Stored<ClusterPushSecret>> = {
  parent: clusterPushSecrets,
  child: pushSecrets,
  wanted: ({ spec, metadata }) => ({
    childName: spec?.pushSecretName ?? metadata.name,
    childSpec: spec?.pushSecretSpec,
    labels: spec?.pushSecretMetadata?.labels ?? {},
    annotations: spec?.pushSecretMetadata?.annotations ?? {},
    selectors: selectorList(spec?.namespaceSelectors ?? []),
    names: [],
    refreshTime: spec?.refreshTime,
  }),
  nameField: 'pushSecretName',
  statusOf: ({ status }) => (status === undefined ? undefined : { ...status, childName: status.pushSecretName }),
  // The peer leaves the reason empty when all is well, and with it the column STATUS.
  condition(before, message, now) {
    const status = message === undefined ? 'True' : 'False';
    const kept = before?.status === status ? before.lastTransitionTime : undefined;
    return {
      type: 'Ready',
      status,
      reason: message === undefined ? 'Synced' : 'Errored',
      ...(message === undefined ? {} : { message }),
      lastTransitionTime: kept ?? timestamp(now),
    };
  },
  peerFinalizer: undefined,
  mirrored: undefined,
};
