/** What `external-secrets migrate` looks at: everything of an ESO installation that a takeover touches, read once. Reads only. */
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  customResourceDefinitions,
  externalSecrets,
  GENERATORS_GROUP,
  GROUP,
  namespaces,
  pushSecrets,
  secretStores,
  validatingWebhookConfigurations,
} from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource, Stored } from '../../kube/types.ts';
import { listOperators, type Deployment } from '../deployments.ts';
import { listAll } from '../list-all.ts';

export interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly conversion?: { readonly strategy?: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
  };
  readonly status?: { readonly storedVersions?: readonly string[] };
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy?: string;
    readonly clientConfig?: { readonly service?: { readonly namespace: string; readonly name: string } };
  }[];
}

/** A custom resource, as it is: nothing of it is known to fit our schemas. */
export type Custom = Stored<KubeObject & { readonly spec?: Readonly<Record<string, unknown>> }>;

export interface Survey {
  /** Ours by their groups, in order of their names. */
  readonly definitions: readonly Stored<Definition>[];
  /** By kind; the kinds whose definition is missing have no entry. */
  readonly objects: ReadonlyMap<string, readonly Custom[]>;
  /** Controllers by the label of the chart. */
  readonly operators: readonly Stored<Deployment>[];
  readonly webhooks: readonly Stored<WebhookConfiguration>[];
  /** Metadata only. */
  readonly namespaces: readonly Stored[];
}

const KINDS: readonly Resource[] = [
  externalSecrets,
  secretStores,
  clusterSecretStores,
  clusterExternalSecrets,
  pushSecrets,
  clusterPushSecrets,
];
const WEBHOOK_NAMES: ReadonlySet<string> = new Set(['secretstore-validate', 'externalsecret-validate']);

export async function survey(client: KubeClient): Promise<Survey> {
  const all = await listAll<Definition>(client, customResourceDefinitions);
  const definitions = all.filter(({ spec }) => spec.group === GROUP || spec.group === GENERATORS_GROUP);
  const objects = new Map<string, readonly Custom[]>();
  for (const resource of KINDS) {
    const definition = definitions.find(({ spec }) => spec.names.kind === resource.kind);
    if (definition === undefined) continue;
    objects.set(resource.kind, await listAll(client, { ...resource, version: storageVersion(definition) }));
  }
  const webhooks = await listAll<WebhookConfiguration>(client, validatingWebhookConfigurations);
  return {
    definitions,
    objects,
    operators: await listOperators(client),
    webhooks: webhooks.filter(({ metadata }) => WEBHOOK_NAMES.has(metadata.name)),
    namespaces: await listAll(client, namespaces, { metadataOnly: true }),
  };
}

export function storageVersion({ spec }: Definition): string {
  return spec.versions.find(({ storage }) => storage)?.name ?? '';
}
