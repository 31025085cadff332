/**
 * The watches of the controller process: which kinds, what is kept of each object, and by what it can be found. Custom resources are
 * kept whole (D50); of Secrets, ConfigMaps and ServiceAccounts only the metadata crosses the wire, and only what somebody refers to
 * stays in memory.
 */
import type { ClusterExternalSecret } from '../api/cluster-external-secret.ts';
import type { ClusterPushSecret } from '../api/cluster-push-secret.ts';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  configMaps,
  externalSecrets,
  generatorStates,
  secrets,
  secretStores,
  serviceAccounts,
} from '../api/resources.ts';
import type { SecretStore } from '../api/secret-store.ts';
import type { Clock } from '../clock.ts';
import { externalSecretIndexes } from '../controllers/external-secret/controller.ts';
import type { StoredExternalSecret } from '../controllers/external-secret/deps.ts';
import { viewTarget, type TargetView } from '../controllers/external-secret/target-view.ts';
import { clusterExternalSecretKind } from '../controllers/cluster-external-secret/kind.ts';
import { clusterPushSecretKind } from '../controllers/cluster-push-secret/kind.ts';
import { childIndexes, parentIndexes } from '../controllers/fan-out/children.ts';
import type { NamespaceView } from '../controllers/fan-out/namespace-view.ts';
import type { StoredPushSecret } from '../controllers/push-secret/deps.ts';
import { ownersOf, type StoredState } from '../generators/states.ts';
import type { KubeClient } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import { keyOf, objectKey, splitKey, type ObjectKey, type Resource, type Stored } from '../kube/types.ts';
import type { Log } from '../log.ts';
import type { DependencyKind, References } from '../tenancy/references.ts';
import { namespaceInformer } from './namespace-cache.ts';
import { isNamedSource, pushSecretInformer, selectingPushSecrets } from './push-caches.ts';

/** Kinds that are watched only when they are wanted. */
export interface WatchedKinds {
  /** False: ClusterSecretStores are neither watched nor usable. */
  readonly clusterStores: boolean;
  /** PushSecrets are looked at, be it for their own sake or as what a ClusterPushSecret made. */
  readonly pushSecrets: boolean;
  readonly clusterExternalSecrets: boolean;
  readonly clusterPushSecrets: boolean;
}

export interface CacheOptions extends WatchedKinds {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly references: References;
  /** `--namespace`; undefined: all. */
  readonly namespace: string | undefined;
}

type StoredStore = Stored<SecretStore>;

export interface Caches {
  readonly externalSecrets: Informer<StoredExternalSecret>;
  readonly secretStores: Informer<StoredStore>;
  readonly clusterSecretStores: Informer<StoredStore> | undefined;
  /** Targets, and whatever else of Secrets somebody refers to. */
  readonly targets: Informer<SecretView>;
  readonly pushSecrets: Informer<StoredPushSecret> | undefined;
  readonly clusterExternalSecrets: Informer<Stored<ClusterExternalSecret>> | undefined;
  readonly clusterPushSecrets: Informer<Stored<ClusterPushSecret>> | undefined;
  /** Watched when something applies to some of them only. */
  readonly namespaces: Informer<NamespaceView> | undefined;
  readonly generatorStates: Informer<StoredState>;
  readonly all: readonly Watch[];
}

/** An informer as far as it is started, waited for and measured. */
export type Watch = Pick<Informer<never>, 'resource' | 'run' | 'synced' | 'hasSynced' | 'state'>;

/** What we keep of a Secret. */
export interface SecretView extends TargetView {
  /** PushSecrets that take it by its labels; undefined: none. */
  readonly selectedBy?: readonly string[];
}

interface Version {
  readonly uid: string;
  readonly resourceVersion: string;
}

export function buildCaches(options: CacheOptions): Caches {
  const { client, clock, log, random, namespace, clusterStores } = options;
  const common = { client, clock, log, random };
  const externalSecretCache = new Informer<StoredExternalSecret>({
    ...common,
    resource: externalSecrets,
    namespace,
    indexes: { ...externalSecretIndexes, ...childIndexes },
  });
  const pushSecretCache = options.pushSecrets ? pushSecretInformer({ ...common, namespace }) : undefined;
  const targets = targetCache(options, externalSecretCache, pushSecretCache);
  const secretStoreCache = new Informer<StoredStore>({ ...common, resource: secretStores, namespace });
  const clusterSecretStoreCache = clusterStores
    ? new Informer<StoredStore>({ ...common, resource: clusterSecretStores })
    : undefined;
  const clusterExternalSecretCache = options.clusterExternalSecrets
    ? new Informer<Stored<ClusterExternalSecret>>({
        ...common,
        resource: clusterExternalSecrets,
        indexes: parentIndexes(clusterExternalSecretKind),
      })
    : undefined;
  const clusterPushSecretCache = options.clusterPushSecrets
    ? new Informer<Stored<ClusterPushSecret>>({
        ...common,
        resource: clusterPushSecrets,
        indexes: parentIndexes(clusterPushSecretKind),
      })
    : undefined;
  const someNamespaces = clusterStores || options.clusterExternalSecrets || options.clusterPushSecrets;
  const namespaceCache = someNamespaces ? namespaceInformer(common) : undefined;
  const generatorStateCache = new Informer<StoredState>({
    ...common,
    resource: generatorStates,
    namespace,
    indexes: { owner: ownersOf },
  });
  const all: readonly (Watch | undefined)[] = [
    externalSecretCache,
    secretStoreCache,
    clusterSecretStoreCache,
    namespaceCache,
    pushSecretCache,
    clusterExternalSecretCache,
    clusterPushSecretCache,
    targets,
    generatorStateCache,
    referenceCache(options, configMaps, 'ConfigMap'),
    referenceCache(options, serviceAccounts, 'ServiceAccount'),
  ];
  return {
    externalSecrets: externalSecretCache,
    secretStores: secretStoreCache,
    clusterSecretStores: clusterSecretStoreCache,
    targets,
    pushSecrets: pushSecretCache,
    clusterExternalSecrets: clusterExternalSecretCache,
    clusterPushSecrets: clusterPushSecretCache,
    namespaces: namespaceCache,
    generatorStates: generatorStateCache,
    all: all.filter((watch) => watch !== undefined),
  };
}

const MANAGED = 'reconcile.external-secrets.io/managed';

/** One watch of Secrets serves the targets, what is pushed, and what stores and templates refer to. */
function targetCache(
  options: CacheOptions,
  externalSecretCache: Informer<StoredExternalSecret>,
  pushSecretCache: Informer<StoredPushSecret> | undefined,
): Informer<SecretView> {
  const { references, ...common } = options;
  const isTarget = (key: ObjectKey): boolean => externalSecretCache.store.byIndex('target', key).length > 0;
  const isReferenced = (key: ObjectKey): boolean => references.has(dependency('Secret', key));
  const cache = new Informer<SecretView>({
    ...common,
    resource: secrets,
    metadataOnly: true,
    transform: (secret) => {
      const key = keyOf(secret);
      const selectedBy = pushSecretCache === undefined ? [] : selectingPushSecrets(pushSecretCache.store, secret);
      if (selectedBy.length > 0) return { ...viewTarget(secret), selectedBy };
      const isSource = pushSecretCache !== undefined && isNamedSource(pushSecretCache.store, key);
      const isManaged = secret.metadata.labels?.[MANAGED] === 'true';
      return isManaged || isSource || isTarget(key) || isReferenced(key) ? viewTarget(secret) : undefined;
    },
    indexes: { createdBy: (view) => (view.createdBy === undefined ? [] : [objectKey(view.namespace, view.createdBy)]) },
  });
  cache.addHandler((_previous, current, key) => references.changed(dependency('Secret', key), current));
  return cache;
}

function referenceCache(options: CacheOptions, resource: Resource, kind: DependencyKind): Informer<Version> {
  const { references, ...common } = options;
  const cache = new Informer<Version>({
    ...common,
    resource,
    metadataOnly: true,
    transform: (object) => {
      const { uid, resourceVersion } = object.metadata;
      return references.has(dependency(kind, keyOf(object))) ? { uid, resourceVersion } : undefined;
    },
  });
  cache.addHandler((_previous, current, key) => references.changed(dependency(kind, key), current));
  return cache;
}

function dependency(kind: DependencyKind, key: ObjectKey): { kind: DependencyKind; namespace: string; name: string } {
  const { namespace = '', name } = splitKey(key);
  return { kind, namespace, name };
}
