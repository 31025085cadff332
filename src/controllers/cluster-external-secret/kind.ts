/** The ClusterExternalSecret as a cluster-wide kind (`api.md` 5). */
import type { ClusterExternalSecret } from '../../api/cluster-external-secret.ts';
import { clusterExternalSecrets, externalSecrets } from '../../api/resources.ts';
import type { Stored } from '../../kube/types.ts';
import { selectorList } from '../fan-out/selection.ts';
import type { FanOutKind } from '../fan-out/kind.ts';

const FORCE_SYNC = 'external-secrets.io/force-sync';

export const clusterExternalSecretKind: FanOutKind<Stored<ClusterExternalSecret>> = {
  parent: clusterExternalSecrets,
  child: externalSecrets,
  wanted({ spec, metadata }) {
    const { namespaceSelector, namespaceSelectors = [], namespaces = [], externalSecretMetadata } = spec ?? {};
    const { [FORCE_SYNC]: _mirrored, ...annotations } = externalSecretMetadata?.annotations ?? {};
    return {
      childName: spec?.externalSecretName ?? metadata.name,
      childSpec: spec?.externalSecretSpec,
      labels: externalSecretMetadata?.labels ?? {},
      annotations,
      selectors: [
        ...(namespaceSelector === undefined ? [] : [{ field: 'spec.namespaceSelector', selector: namespaceSelector }]),
        ...selectorList(namespaceSelectors),
      ],
      names: namespaces,
      refreshTime: spec?.refreshTime,
    };
  },
  nameField: 'externalSecretName',
  statusOf: ({ status }) => (status === undefined ? undefined : { ...status, childName: status.externalSecretName }),
  // This kind's conditions have neither reason nor time.
  condition: (_before, message) => ({
    type: 'Ready',
    status: message === undefined ? 'True' : 'False',
    ...(message === undefined ? {} : { message }),
  }),
  peerFinalizer: 'externalsecrets.external-secrets.io/clusterexternalsecret-cleanup',
  mirrored: FORCE_SYNC,
};
