/**
 * The AWS provider as the registry, the CRD and the webhook see it: its part of a SecretStore (`api.md` 4.4), the checks
 * without network, and where to load the rest. No SDK is imported here.
 */
import { z } from 'zod';
import { secretKeySelector, serviceAccountSelector } from '../../api/selectors.ts';
import type { ProviderDeclaration } from '../provider.ts';
import { checkAws, dependsOnNamespace } from './check.ts';

/** Tags that `sessionTagsPolicy` sets by itself. */
const RESERVED_TAGS = ['esoNamespace', 'esoStoreName', 'esoStoreKind'] as const;

const auth = z.object({
  jwt: z
    .object({
      serviceAccountRef: serviceAccountSelector
        .optional()
        .describe(
          'A ServiceAccount whose annotation eks.amazonaws.com/role-arn names the IAM role to assume with its token (IRSA).',
        ),
    })
    .optional()
    .describe('Log in with the token of a ServiceAccount. Goes before secretRef when both are set.'),
  secretRef: z
    .object({
      accessKeyIDSecretRef: secretKeySelector.optional().describe('A Secret’s key that holds the access key id.'),
      secretAccessKeySecretRef: secretKeySelector
        .optional()
        .describe('A Secret’s key that holds the secret access key.'),
      sessionTokenSecretRef: secretKeySelector
        .optional()
        .describe('A Secret’s key that holds a session token, for temporary keys.'),
    })
    .optional()
    .describe('Log in with static keys.'),
});

export const awsSpec = z.object({
  service: z
    .enum(['SecretsManager', 'ParameterStore', 'CertificateManager'])
    .describe('The service that holds the secrets.'),
  region: z.string().describe('The region of the service, e.g. "eu-central-1".'),
  auth: auth
    .optional()
    .describe('How to log in. Without it: the identity of the operator itself (its Pod Identity, IRSA or keys).'),
  role: z.string().optional().describe('ARN of a role to assume, after additionalRoles.'),
  additionalRoles: z
    .array(z.string())
    .optional()
    .describe('ARNs of roles to assume one after another before role. No external id or tags are sent for these.'),
  externalID: z.string().optional().describe('External id to send when role is assumed.'),
  sessionTags: z
    .array(
      z.object({
        key: z.string().describe('Name of the tag.'),
        value: z.string().describe('Value of the tag.'),
      }),
    )
    .optional()
    .describe('Session tags to set when role is assumed.'),
  sessionTagsPolicy: z
    .enum(['None', 'Simple', 'Custom'])
    .default('None')
    .describe(
      'Which session tags are added to sessionTags: none; the namespace of the consumer with name and kind of the store (Simple); these and customSessionTags (Custom).',
    ),
  customSessionTags: z
    .record(z.string(), z.string())
    .refine((tags) => RESERVED_TAGS.every((name) => !Object.hasOwn(tags, name)), {
      error: `must not contain ${RESERVED_TAGS.join(', ')}`,
    })
    .meta({
      'x-kubernetes-validations': RESERVED_TAGS.map((name) => ({
        rule: `!('${name}' in self)`,
        message: `customSessionTags must not contain ${name}`,
      })),
    })
    .optional()
    .describe('Tags for sessionTagsPolicy Custom. The reserved names are set by the operator.'),
  transitiveTagKeys: z
    .array(z.string())
    .optional()
    .describe('Names of session tags that stay when further roles are assumed.'),
  prefix: z.string().optional().describe('Put before every remote key, without a separator.'),
  secretsManager: z
    .object({
      forceDeleteWithoutRecovery: z
        .boolean()
        .optional()
        .describe('Delete pushed secrets at once, without a recovery window.'),
      recoveryWindowInDays: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Days during which a deleted secret can be restored: 7 to 30, default 30.'),
    })
    .optional()
    .describe('How pushed secrets are deleted in Secrets Manager.'),
});
export type AwsSpec = z.infer<typeof awsSpec>;
export type AwsService = AwsSpec['service'];

/** Tags of a session that name the SecretStore make it an identity of its own. */
function destinationOfAws({ secretsManager: _deletion, ...place }: AwsSpec): unknown {
  const isTagged = (place.role ?? '') !== '' && place.sessionTagsPolicy !== 'None';
  return isTagged ? undefined : place;
}

export const aws: ProviderDeclaration<AwsSpec> = {
  name: 'aws',
  spec: awsSpec,
  capabilities: 'ReadWrite',
  maintenance: 'Maintained',
  check: checkAws,
  dependsOnNamespace,
  destination: destinationOfAws,
  load: async () => (await import('./index.ts')).awsModule,
};
