/**
 * How every kind this program touches is addressed at the API server. The shape is that of a `Resource` of `kube/`,
 * written out here because this room knows no other.
 */

/** Where a kind lives in the API: the parts of its URL, its name and whether it belongs to a namespace. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const GROUP = 'external-secrets.io';
export const GENERATORS_GROUP = 'generators.external-secrets.io';

const ours = <const K extends string>(version: string, kind: K, namespaced: boolean): ApiResource & { kind: K } => ({
  group: GROUP,
  version,
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced,
});

const generator = <const K extends string>(kind: K, namespaced = true): ApiResource & { kind: K } => ({
  group: GENERATORS_GROUP,
  version: 'v1alpha1',
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced,
});

const core = <const K extends string>(kind: K, namespaced = true): ApiResource & { kind: K } => ({
  group: '',
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced,
});

export const externalSecrets = ours('v1', 'ExternalSecret', true);
export const clusterExternalSecrets = ours('v1', 'ClusterExternalSecret', false);
export const secretStores = ours('v1', 'SecretStore', true);
export const clusterSecretStores = ours('v1', 'ClusterSecretStore', false);
export const pushSecrets = ours('v1alpha1', 'PushSecret', true);
export const clusterPushSecrets = ours('v1alpha1', 'ClusterPushSecret', false);

export const acrAccessTokens = generator('ACRAccessToken');
export const beyondtrustWorkloadCredentialsDynamicSecrets = generator('BeyondtrustWorkloadCredentialsDynamicSecret');
export const cloudsmithAccessTokens = generator('CloudsmithAccessToken');
export const ecrAuthorizationTokens = generator('ECRAuthorizationToken');
export const fakes = generator('Fake');
export const gcrAccessTokens = generator('GCRAccessToken');
export const githubAccessTokens = generator('GithubAccessToken');
export const gitlabDeployTokens = generator('GitlabDeployToken');
export const grafanas = generator('Grafana');
export const mfas = generator('MFA');
export const passwords = generator('Password');
export const quayAccessTokens = generator('QuayAccessToken');
export const sshKeys = generator('SSHKey');
export const stsSessionTokens = generator('STSSessionToken');
export const uuids = generator('UUID');
export const vaultDynamicSecrets = generator('VaultDynamicSecret');
export const webhooks = generator('Webhook');
export const clusterGenerators = generator('ClusterGenerator', false);
export const generatorStates = generator('GeneratorState');

/** Every kind a `generatorRef` can name, in the order of the CRDs. */
export const generatorResources = [
  acrAccessTokens,
  beyondtrustWorkloadCredentialsDynamicSecrets,
  cloudsmithAccessTokens,
  clusterGenerators,
  ecrAuthorizationTokens,
  fakes,
  gcrAccessTokens,
  githubAccessTokens,
  gitlabDeployTokens,
  grafanas,
  mfas,
  passwords,
  quayAccessTokens,
  sshKeys,
  stsSessionTokens,
  uuids,
  vaultDynamicSecrets,
  webhooks,
] as const;

export const secrets = core('Secret');
export const configMaps = core('ConfigMap');
export const serviceAccounts = core('ServiceAccount');
export const namespaces = core('Namespace', false);
export const events = core('Event');
export const leases: ApiResource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const customResourceDefinitions: ApiResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
export const validatingWebhookConfigurations: ApiResource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};
export const endpointSlices: ApiResource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};
