/** Everything an operator works on, as far as the person at the terminal may list it. */
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { PushSecret } from '../../api/push-secret.ts';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  externalSecrets,
  pushSecrets,
  secretStores,
} from '../../api/resources.ts';
import type { SecretStore } from '../../api/secret-store.ts';
import { storeRefsOf } from '../../controllers/external-secret/gather.ts';
import type { StoreObject, StoreRef } from '../../controllers/store-gate.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource, Stored } from '../../kube/types.ts';
import { listAll } from '../list-all.ts';
import type { Conditioned } from './last-pass.ts';
import { attempt } from './look.ts';

export interface Survey {
  readonly externalSecrets: readonly Stored<ExternalSecret>[];
  readonly pushSecrets: readonly Stored<PushSecret>[];
  readonly secretStores: readonly StoreObject[];
  readonly clusterSecretStores: readonly StoreObject[];
  /** ClusterExternalSecrets and ClusterPushSecrets, by kind. */
  readonly fanOuts: ReadonlyMap<string, readonly Stored<Conditioned>[]>;
  /** Kinds that may not be listed: nothing is known of them. */
  readonly denied: ReadonlySet<string>;
}

/** @param namespace undefined: all; otherwise objects of the cluster are left out, but for the stores that are used there */
export async function surveyCluster(client: KubeClient, namespace: string | undefined): Promise<Survey> {
  const denied = new Set<string>();
  const all = async <T extends KubeObject>(resource: Resource): Promise<readonly Stored<T>[]> => {
    const seen = await attempt(() => listAll<T>(client, resource, resource.namespaced ? { namespace } : {}));
    if (seen.state === 'denied') denied.add(resource.kind);
    return seen.state === 'found' ? seen.object : [];
  };
  const users = {
    externalSecrets: await all<ExternalSecret>(externalSecrets),
    pushSecrets: await all<PushSecret>(pushSecrets),
  };
  const shared = await all<SecretStore>(clusterSecretStores);
  const fanOuts = namespace === undefined ? [clusterExternalSecrets, clusterPushSecrets] : [];
  const fannedOut = new Map<string, readonly Stored<Conditioned>[]>();
  for (const resource of fanOuts) fannedOut.set(resource.kind, await all<Conditioned>(resource));
  return {
    ...users,
    secretStores: await all<SecretStore>(secretStores),
    clusterSecretStores: namespace === undefined ? shared : usedBy(users, shared),
    fanOuts: fannedOut,
    denied,
  };
}

function usedBy(
  { externalSecrets: es, pushSecrets: ps }: Pick<Survey, 'externalSecrets' | 'pushSecrets'>,
  stores: readonly StoreObject[],
): readonly StoreObject[] {
  const refs = [...es.flatMap(storeRefsOf), ...ps.flatMap(pushStoreRefs)];
  const used = new Set(refs.filter(({ kind }) => kind === 'ClusterSecretStore').map(({ name }) => name));
  return stores.filter(({ metadata }) => used.has(metadata.name));
}

/** The stores that a PushSecret names; those it chooses by labels are left out. */
export function pushStoreRefs({ spec }: PushSecret): readonly StoreRef[] {
  return (spec?.secretStoreRefs ?? []).flatMap(({ kind, name }) => (name === undefined ? [] : [{ kind, name }]));
}
