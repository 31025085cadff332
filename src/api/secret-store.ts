/**
 * SecretStore and ClusterSecretStore: a backend and how to log in to it (`api.md` 4). The two differ only in scope. This
 * room knows no provider: the schemas of those that are built are passed in. The rules a schema cannot say are in
 * `secret-store-checks.ts`.
 */
import { z } from 'zod';
import { exactlyOneOf, int32, intOrString, duration, openObject } from './fields.ts';
import { conditionSchema, type CustomResource, type Immutable } from './object.ts';
import { labelSelector, namespaceName } from './selectors.ts';
import { PROVIDER_KEYS } from './provider-keys.ts';

/** What this room needs to know of a provider: its key under `spec.provider` and the schema of what stands there. */
export interface ProviderSchema {
  readonly name: string;
  readonly spec: z.ZodType;
}

export const retrySettings = z.object({
  maxRetries: int32.optional().describe('How often a failed call is tried again.'),
  retryInterval: duration.optional().describe('How long to wait between two tries, e.g. "10s".'),
});

const condition = z.object({
  namespaceSelector: labelSelector.optional().describe('Namespaces whose labels match. An empty selector matches all.'),
  namespaces: z.array(namespaceName).optional().describe('Namespaces by name.'),
  namespaceRegexes: z
    .array(z.string())
    .optional()
    .describe('Namespaces with a name of which a part matches one of these regular expressions (RE2).'),
});

/** `spec.provider`: one member per key, typed where the provider is built, open where it is not. */
function providerSchema(providers: readonly ProviderSchema[]) {
  const built = new Map(providers.map((provider) => [provider.name, provider.spec]));
  const keys = [...new Set([...PROVIDER_KEYS, ...built.keys()])].sort();
  const members = keys.map((key): [string, z.ZodType] => [key, described(key, built.get(key)).optional()]);
  return exactlyOneOf<Record<string, z.ZodType>>(Object.fromEntries(members));
}

function described(key: string, spec: z.ZodType | undefined): z.ZodType {
  if (spec !== undefined)
    return spec.description === undefined ? spec.describe(`Settings of the provider ${key}.`) : spec;
  return openObject.describe(
    `Settings of the provider ${key}. They are kept as they are, but this build cannot use them: the SecretStore will not become ready.`,
  );
}

/** The schema of `spec`, with the schemas of the providers that are built. */
export function secretStoreSpec(providers: readonly ProviderSchema[]) {
  return z.object({
    controller: z
      .string()
      .optional()
      .describe(
        'The class of the operator that is to serve this SecretStore (its --controller-class). Without it: any.',
      ),
    provider: providerSchema(providers).describe('The backend: exactly one of these.'),
    retrySettings: retrySettings
      .optional()
      .describe('How failed calls to the backend are repeated, where the provider supports it.'),
    refreshInterval: intOrString
      .optional()
      .describe(
        'How often the SecretStore is checked: seconds, or a duration like "5m". Without it, or 0: the operator’s default.',
      ),
    conditions: z
      .array(condition)
      .optional()
      .describe('The namespaces that may use a ClusterSecretStore: those that match any entry. Without it: all.'),
  });
}
export type SecretStoreSpec = Immutable<z.infer<ReturnType<typeof secretStoreSpec>>>;
export type SecretStoreNamespaceCondition = Immutable<z.infer<typeof condition>>;

export const secretStoreStatus = z.object({
  capabilities: z.string().optional().describe('What the provider can do: ReadOnly, WriteOnly or ReadWrite.'),
  conditions: z
    .array(conditionSchema(z.string()))
    .optional()
    .describe('Ready says whether the operator can log in to the backend, and if not, why.'),
});
export type SecretStoreStatus = Immutable<z.infer<typeof secretStoreStatus>>;

/** The schema of both kinds, with the schemas of the providers that are built. */
export function secretStoreSchema(providers: readonly ProviderSchema[]) {
  return z.object({
    spec: secretStoreSpec(providers).optional().describe('What is wanted.'),
    status: secretStoreStatus.optional().describe('What the operator last found; it writes this by itself.'),
  });
}

export type SecretStore = CustomResource<SecretStoreSpec, SecretStoreStatus>;
export type ClusterSecretStore = SecretStore;
