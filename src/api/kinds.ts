/**
 * Our custom resources as the API server is to know them: names, versions, columns of `kubectl get`, schema
 * (`api.md` 1). CRDs and reference pages are made of this list.
 */
import type { z } from 'zod';
import { clusterExternalSecretSchema } from './cluster-external-secret.ts';
import { clusterPushSecretSchema } from './cluster-push-secret.ts';
import { externalSecretSchema } from './external-secret.ts';
import { generatorStateSchema } from './generators/generator-state.ts';
import { clusterGeneratorSchema, generatorSchema, generatorSchemas } from './generators/schemas.ts';
import { pushSecretSchema } from './push-secret.ts';
import * as resources from './resources.ts';
import { secretStoreSchema, type ProviderSchema } from './secret-store.ts';

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
}

export interface KindVersion {
  readonly name: string;
  /** The version objects are stored in. One per kind; all are served. */
  readonly storage: boolean;
  /** Set on a deprecated version: what `kubectl` says when somebody uses it. */
  readonly deprecation?: string;
  readonly columns: readonly Column[];
  /** JSON paths that field selectors can name beside metadata. */
  readonly selectableFields: readonly string[];
}

/** Everything a CRD says. All versions share one schema, so no conversion is needed. */
export interface KindDefinition {
  readonly resource: resources.ApiResource;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly statusSubresource: boolean;
  readonly schema: z.ZodType;
  readonly versions: readonly KindVersion[];
}

const column = (name: string, jsonPath: string, type: Column['type'] = 'string'): Column => ({ name, type, jsonPath });
const reason = column('Status', '.status.conditions[?(@.type=="Ready")].reason');
const ready = column('Ready', '.status.conditions[?(@.type=="Ready")].status');
const age = (name: string): Column => column(name, '.metadata.creationTimestamp', 'date');
const lastSync = column('Last Sync', '.status.refreshTime', 'date');

const externalSecretColumns = [
  column('StoreType', '.spec.secretStoreRef.kind'),
  column('Store', '.spec.secretStoreRef.name'),
  column('Refresh Interval', '.spec.refreshInterval'),
  reason,
  ready,
  lastSync,
];
const externalSecretFields = [
  '.spec.secretStoreRef.name',
  '.spec.secretStoreRef.kind',
  '.spec.target.name',
  '.spec.refreshInterval',
];
const clusterExternalSecretColumns = [
  column('Store', '.spec.externalSecretSpec.secretStoreRef.name'),
  column('Refresh Interval', '.spec.refreshTime'),
  ready,
];
const storeColumns = [age('AGE'), reason, column('Capabilities', '.status.capabilities'), ready];

const MAIN = ['external-secrets'];
const GENERATORS = ['external-secrets', 'external-secrets-generators'];

/** `v1`, stored, and `v1beta1`, which old manifests name (Q01) and which is only another name for the same schema (D10). */
function v1AndV1beta1(kind: string, columns: readonly Column[], selectableFields: readonly string[] = []) {
  const deprecation = `${resources.GROUP}/v1beta1 ${kind} is deprecated; use ${resources.GROUP}/v1 ${kind}`;
  return [
    { name: 'v1', storage: true, columns, selectableFields },
    { name: 'v1beta1', storage: false, deprecation, columns, selectableFields: [] },
  ];
}

function v1alpha1(columns: readonly Column[] = []): readonly KindVersion[] {
  return [{ name: 'v1alpha1', storage: true, columns, selectableFields: [] }];
}

function main(
  resource: resources.ApiResource,
  shortName: string | undefined,
  schema: z.ZodType,
  versions: readonly KindVersion[],
): KindDefinition {
  const shortNames = shortName === undefined ? [] : [shortName];
  return { resource, shortNames, categories: MAIN, statusSubresource: true, schema, versions };
}

const STORE_ABOUT =
  'describes a backend that holds secret values, and how the operator logs in to it. ExternalSecrets and PushSecrets';

function mainKinds(providers: readonly ProviderSchema[]): readonly KindDefinition[] {
  const store = secretStoreSchema(providers);
  const secretStore = store.describe(`A SecretStore ${STORE_ABOUT} of the same namespace can use it.`);
  const clusterSecretStore = store.describe(
    `A ClusterSecretStore ${STORE_ABOUT} of all namespaces, or of those that match spec.conditions, can use it.`,
  );
  return [
    main(
      resources.externalSecrets,
      'es',
      externalSecretSchema,
      v1AndV1beta1('ExternalSecret', externalSecretColumns, externalSecretFields),
    ),
    main(
      resources.clusterExternalSecrets,
      'ces',
      clusterExternalSecretSchema,
      v1AndV1beta1('ClusterExternalSecret', clusterExternalSecretColumns),
    ),
    main(resources.secretStores, 'ss', secretStore, v1AndV1beta1('SecretStore', storeColumns)),
    main(resources.clusterSecretStores, 'css', clusterSecretStore, v1AndV1beta1('ClusterSecretStore', storeColumns)),
    main(resources.pushSecrets, 'ps', pushSecretSchema, v1alpha1([age('AGE'), reason, lastSync])),
    main(resources.clusterPushSecrets, undefined, clusterPushSecretSchema, v1alpha1([age('AGE'), reason])),
  ];
}

function generatorKinds(providers: readonly ProviderSchema[]): readonly KindDefinition[] {
  const generators = generatorSchemas(providers);
  const common = { shortNames: [], categories: GENERATORS, statusSubresource: true, versions: v1alpha1() };
  const resourceOf = new Map<string, resources.ApiResource>(resources.generatorResources.map((r) => [r.kind, r]));
  const namespaced = generators.map((generator): KindDefinition => {
    const resource = resourceOf.get(generator.kind);
    if (resource === undefined) throw new Error(`no resource for the generator ${generator.kind}`);
    return { ...common, resource, schema: generatorSchema(generator) };
  });
  return [
    ...namespaced,
    { ...common, resource: resources.clusterGenerators, schema: clusterGeneratorSchema(generators) },
    {
      resource: resources.generatorStates,
      shortNames: ['gs'],
      categories: GENERATORS,
      statusSubresource: false,
      schema: generatorStateSchema,
      versions: v1alpha1([column('GC Deadline', '.spec.garbageCollectionDeadline'), age('Age')]),
    },
  ];
}

/** All our kinds, with the schemas of the providers that are built. */
export function kindDefinitions(providers: readonly ProviderSchema[]): readonly KindDefinition[] {
  return [...mainKinds(providers), ...generatorKinds(providers)];
}
