/** How our kinds refer to SecretStores, generators and remote values (`api.md` 2 and 3.3). */
import { z } from 'zod';
import { objectName } from './selectors.ts';
import type { Immutable } from './object.ts';
import { GENERATORS_GROUP } from './resources.ts';

export const STORE_KINDS = ['SecretStore', 'ClusterSecretStore'] as const;
export const storeKind = z.enum(STORE_KINDS);

export const secretStoreRef = z.object({
  name: objectName.optional().describe('The name of the SecretStore or ClusterSecretStore.'),
  kind: storeKind
    .optional()
    .describe('SecretStore (in the same namespace) or ClusterSecretStore. Without it: SecretStore.'),
});
export type SecretStoreRef = Immutable<z.infer<typeof secretStoreRef>>;

/** The kinds a `generatorRef` can name. */
export const GENERATOR_KINDS = [
  'ACRAccessToken',
  'BeyondtrustWorkloadCredentialsDynamicSecret',
  'ClusterGenerator',
  'CloudsmithAccessToken',
  'ECRAuthorizationToken',
  'Fake',
  'GCRAccessToken',
  'GithubAccessToken',
  'GitlabDeployToken',
  'QuayAccessToken',
  'Password',
  'SSHKey',
  'STSSessionToken',
  'UUID',
  'VaultDynamicSecret',
  'Webhook',
  'Grafana',
  'MFA',
] as const;
export type GeneratorKind = (typeof GENERATOR_KINDS)[number];

export const generatorRef = z.object({
  apiVersion: z
    .string()
    .default(`${GENERATORS_GROUP}/v1alpha1`)
    .describe(`The API version of the generator; its group must be ${GENERATORS_GROUP}.`),
  kind: z.enum(GENERATOR_KINDS).describe('The kind of the generator.'),
  name: objectName.describe('The name of the generator, in the same namespace unless it is a ClusterGenerator.'),
});
export type GeneratorRef = Immutable<z.infer<typeof generatorRef>>;

export const conversionStrategy = z.enum(['Default', 'Unicode']);
export const decodingStrategy = z.enum(['Auto', 'Base64', 'Base64URL', 'None']);
export const nullBytePolicy = z.enum(['Ignore', 'Fail']);

const conversionDescription =
  'How characters that a key of a Secret cannot have are replaced: Default writes "_", Unicode writes "_U<code>_". ' +
  'Without it: Default. It concerns dataFrom without rewrite only.';
const decodingDescription =
  'How fetched values are decoded: Base64, Base64URL (both fail on other text), Auto (tries both, else keeps the value) ' +
  'or None. Without it: None.';
const nullByteDescription = 'Fail refuses a value that contains a NUL byte, Ignore takes it. Without it: Ignore.';

/** What `remoteRef`, `extract` and `find` say about the keys and values they bring. */
export const strategies = {
  conversionStrategy: conversionStrategy.optional().describe(conversionDescription),
  decodingStrategy: decodingStrategy.optional().describe(decodingDescription),
  nullBytePolicy: nullBytePolicy.optional().describe(nullByteDescription),
};

export const remoteRef = z.object({
  key: z.string().describe('The name of the value in the backend: a secret’s name, a path, a parameter.'),
  property: z
    .string()
    .optional()
    .describe('A member of the value when the value is a JSON object; a path like "a.b" goes deeper.'),
  version: z
    .string()
    .optional()
    .describe('A version or stage of the value, as the backend names it. Without it: the current one.'),
  metadataPolicy: z
    .enum(['None', 'Fetch'])
    .optional()
    .describe('Fetch reads the tags or labels of the remote secret instead of its value. Without it: None.'),
  ...strategies,
});
export type RemoteRef = Immutable<z.infer<typeof remoteRef>>;

export const regexpRewrite = z.object({
  source: z.string().describe('A regular expression (RE2); every match in a key is replaced.'),
  target: z.string().describe('The replacement; "$1" or "${name}" stand for groups of the expression.'),
});

export const transformRewrite = z.object({
  template: z.string().describe('A template whose result is the new key; ".value" is the old key.'),
});
