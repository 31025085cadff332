/**
 * All generators in one list: kind, key inside a ClusterGenerator, schema. A generator object is configuration only; it
 * runs when an ExternalSecret or a PushSecret names it.
 */
import { z } from 'zod';
import { exactlyOneOf, openObject } from '../fields.ts';
import type { CustomResource } from '../object.ts';
import { GENERATOR_KINDS, type GeneratorKind } from '../references.ts';
import type { ProviderSchema } from '../secret-store.ts';
import { ecrAuthorizationTokenSpec, stsSessionTokenSpec } from './aws.ts';
import * as cloud from './cloud-tokens.ts';
import { passwordSpec } from './password.ts';
import * as service from './service-tokens.ts';
import { fakeSpec, mfaSpec, sshKeySpec, uuidSpec } from './simple.ts';
import { vaultDynamicSecretSpec } from './vault-dynamic-secret.ts';
import { webhookSpec } from './webhook.ts';

export type NamespacedGeneratorKind = Exclude<GeneratorKind, 'ClusterGenerator'>;

/** A generator's schema and what it is for. */
export interface GeneratorSchema {
  readonly kind: NamespacedGeneratorKind;
  /** Its key under `spec.generator` of a ClusterGenerator. */
  readonly clusterKey: string;
  readonly spec: z.ZodType;
  readonly about: string;
}

export type Generator<Spec = Readonly<Record<string, unknown>>> = CustomResource<Spec>;

/** The namespaced generators. The schema of the `vault` provider is taken from `providers`, else it is open. */
export function generatorSchemas(providers: readonly ProviderSchema[]): readonly GeneratorSchema[] {
  const vault = providers.find((provider) => provider.name === 'vault')?.spec ?? openObject;
  const entry = (
    kind: NamespacedGeneratorKind,
    clusterKey: string,
    spec: z.ZodType,
    makes: string,
  ): GeneratorSchema => ({
    kind,
    clusterKey,
    spec,
    about: `Makes ${makes}, whenever an ExternalSecret or PushSecret that names it is refreshed.`,
  });
  return [
    entry('ACRAccessToken', 'acrAccessTokenSpec', cloud.acrAccessTokenSpec, 'a token for an Azure container registry'),
    entry(
      'BeyondtrustWorkloadCredentialsDynamicSecret',
      'beyondtrustWorkloadCredentialsDynamicSecretSpec',
      cloud.beyondtrustWorkloadCredentialsDynamicSecretSpec,
      'temporary credentials out of BeyondTrust Workload Credentials',
    ),
    entry(
      'CloudsmithAccessToken',
      'cloudsmithAccessTokenSpec',
      cloud.cloudsmithAccessTokenSpec,
      'a token for Cloudsmith',
    ),
    entry(
      'ECRAuthorizationToken',
      'ecrAuthorizationTokenSpec',
      ecrAuthorizationTokenSpec,
      'a login for an AWS container registry',
    ),
    entry('Fake', 'fakeSpec', fakeSpec, 'the keys and values it contains, for tests'),
    entry('GCRAccessToken', 'gcrAccessTokenSpec', cloud.gcrAccessTokenSpec, 'a token for a Google container registry'),
    entry(
      'GithubAccessToken',
      'githubAccessTokenSpec',
      service.githubAccessTokenSpec,
      'a token of a GitHub App installation',
    ),
    entry(
      'GitlabDeployToken',
      'gitlabDeployTokenSpec',
      service.gitlabDeployTokenSpec,
      'a deploy token of a GitLab project or group',
    ),
    entry('Grafana', 'grafanaSpec', service.grafanaSpec, 'a token of a Grafana service account'),
    entry('MFA', 'mfaSpec', mfaSpec, 'a one-time code of a second factor (TOTP)'),
    entry('Password', 'passwordSpec', passwordSpec, 'random passwords'),
    entry('QuayAccessToken', 'quayAccessTokenSpec', cloud.quayAccessTokenSpec, 'a token for the registry Quay'),
    entry('SSHKey', 'sshKeySpec', sshKeySpec, 'a pair of SSH keys'),
    entry('STSSessionToken', 'stsSessionTokenSpec', stsSessionTokenSpec, 'temporary AWS credentials'),
    entry('UUID', 'uuidSpec', uuidSpec, 'a random UUID'),
    entry(
      'VaultDynamicSecret',
      'vaultDynamicSecretSpec',
      vaultDynamicSecretSpec(vault),
      'what any path of a Vault answers, e.g. database credentials',
    ),
    entry('Webhook', 'webhookSpec', webhookSpec, 'what a web server answers'),
  ];
}

/** The whole object of one namespaced generator. */
export function generatorSchema(generator: GeneratorSchema) {
  return z
    .object({ spec: generator.spec.optional().describe('How it makes its keys and values.') })
    .describe(generator.about);
}

const clusterKinds = GENERATOR_KINDS.filter((kind) => kind !== 'ClusterGenerator');

/** The ClusterGenerator (`api.md` 8.9): any generator, usable from every namespace. */
export function clusterGeneratorSchema(generators: readonly GeneratorSchema[]) {
  const members = generators.map(({ clusterKey, spec, kind }): [string, z.ZodType] => [
    clusterKey,
    spec.optional().describe(`The spec of the generator ${kind}.`),
  ]);
  const spec = z.object({
    kind: z.enum(clusterKinds).describe('The kind of the generator; it must be the one described in generator.'),
    generator: exactlyOneOf<Record<string, z.ZodType>>(Object.fromEntries(members)).describe(
      'The spec of the generator: exactly one of these, the one that fits kind.',
    ),
  });
  return z
    .object({ spec: spec.optional().describe('The generator.') })
    .describe(
      'A ClusterGenerator is a generator that can be named from every namespace. It works as if it were in that namespace.',
    );
}
export type ClusterGeneratorSpec = Readonly<{
  kind: NamespacedGeneratorKind;
  generator: Readonly<Record<string, unknown>>;
}>;
export type ClusterGenerator = CustomResource<ClusterGeneratorSpec>;
