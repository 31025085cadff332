/** The watch of PushSecrets, and which Secrets it makes worth watching. */
import { pushSecrets } from '../api/resources.ts';
import type { StoredPushSecret } from '../controllers/push-secret/deps.ts';
import { pushSecretIndexes } from '../controllers/push-secret/indexes.ts';
import { childIndexes } from '../controllers/fan-out/children.ts';
import { matchesSelector } from '../controllers/label-selector.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';
import type { Store } from '../kube/store.ts';
import type { ObjectKey, Stored } from '../kube/types.ts';

export function pushSecretInformer(
  common: Pick<InformerOptions<StoredPushSecret>, 'client' | 'clock' | 'log' | 'random' | 'namespace'>,
): Informer<StoredPushSecret> {
  return new Informer<StoredPushSecret>({
    ...common,
    resource: pushSecrets,
    indexes: { ...pushSecretIndexes, ...childIndexes },
  });
}

/** Does a PushSecret name this Secret as its source? */
export function isNamedSource(store: Store<StoredPushSecret>, key: ObjectKey): boolean {
  return store.byIndex('source', key).length > 0;
}

/** Names of the PushSecrets of the Secret's namespace that take it by its labels. */
export function selectingPushSecrets(store: Store<StoredPushSecret>, { metadata }: Stored): readonly string[] {
  const { namespace = '', labels = {} } = metadata;
  return store
    .byIndex('sourceLabels', namespace)
    .filter(({ spec }) => matchesSelector(spec?.selector.secret?.selector ?? {}, labels))
    .map((ps) => ps.metadata.name);
}
