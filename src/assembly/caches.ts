/**
 * The watches of the controller process: which kinds, what is kept of each object, and by what it can be found. Custom resources are
 * kept whole (D50); of Secrets, ConfigMaps and ServiceAccounts only the metadata crosses the wire, and only what somebody refers to
 * stays in memory.
 */
import {
  clusterSecretStores,
  configMaps,
  externalSecrets,
  generatorStates,
  namespaces,
  secrets,
  secretStores,
  serviceAccounts,
} from '../api/resources.ts';
import type { SecretStore } from '../api/secret-store.ts';
import type { Clock } from '../clock.ts';
import { externalSecretIndexes } from '../controllers/external-secret/controller.ts';
import type { StoredExternalSecret } from '../controllers/external-secret/deps.ts';
import { viewTarget, type TargetView } from '../controllers/external-secret/target-view.ts';
import { ownersOf, type StoredState } from '../generators/states.ts';
import type { KubeClient } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import { keyOf, objectKey, splitKey, type ObjectKey, type Resource, type Stored } from '../kube/types.ts';
import type { Log } from '../log.ts';
import type { DependencyKind, References } from '../tenancy/references.ts';

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly references: References;
  /** `--namespace`; undefined: all. */
  readonly namespace: string | undefined;
  /** False: ClusterSecretStores are neither watched nor usable. */
  readonly clusterStores: boolean;
}

type StoredStore = Stored<SecretStore>;

export interface Caches {
  readonly externalSecrets: Informer<StoredExternalSecret>;
  readonly secretStores: Informer<StoredStore>;
  readonly clusterSecretStores: Informer<StoredStore> | undefined;
  readonly targets: Informer<TargetView>;
  /** Labels by namespace name; only ClusterSecretStores ask for them. */
  readonly namespaces: Informer<NamespaceLabels> | undefined;
  readonly generatorStates: Informer<StoredState>;
  readonly all: readonly Watch[];
}

/** An informer as far as it is started, waited for and measured. */
export type Watch = Pick<Informer<never>, 'resource' | 'run' | 'synced' | 'hasSynced' | 'state'>;

export interface NamespaceLabels {
  readonly labels: Readonly<Record<string, string>>;
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
    indexes: externalSecretIndexes,
  });
  const targets = targetCache(options, externalSecretCache);
  const secretStoreCache = new Informer<StoredStore>({ ...common, resource: secretStores, namespace });
  const clusterSecretStoreCache = clusterStores
    ? new Informer<StoredStore>({ ...common, resource: clusterSecretStores })
    : undefined;
  const namespaceCache = clusterStores
    ? new Informer<NamespaceLabels>({
        ...common,
        resource: namespaces,
        metadataOnly: true,
        transform: ({ metadata }) => ({ labels: metadata.labels ?? {} }),
      })
    : undefined;
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
    namespaces: namespaceCache,
    generatorStates: generatorStateCache,
    all: all.filter((watch) => watch !== undefined),
  };
}

const MANAGED = 'reconcile.external-secrets.io/managed';

/** One watch of Secrets serves both the targets and what stores and templates refer to. */
function targetCache(options: CacheOptions, externalSecretCache: Informer<StoredExternalSecret>): Informer<TargetView> {
  const { references, ...common } = options;
  const isTarget = (key: ObjectKey): boolean => externalSecretCache.store.byIndex('target', key).length > 0;
  const isReferenced = (key: ObjectKey): boolean => references.has(dependency('Secret', key));
  const cache = new Informer<TargetView>({
    ...common,
    resource: secrets,
    metadataOnly: true,
    transform: (secret) => {
      const key = keyOf(secret);
      const isWanted = secret.metadata.labels?.[MANAGED] === 'true' || isTarget(key) || isReferenced(key);
      return isWanted ? viewTarget(secret) : undefined;
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
