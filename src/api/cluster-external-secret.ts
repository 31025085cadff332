/** The ClusterExternalSecret: one ExternalSecret in each of many namespaces (`api.md` 5). */
import { z } from 'zod';
import { duration } from './fields.ts';
import {
  childMetadata,
  failedNamespaces,
  provisionedNamespaces,
  type CustomResource,
  type Immutable,
} from './object.ts';
import { labelSelector, namespaceName, objectName } from './selectors.ts';
import { externalSecretSpec } from './external-secret.ts';

export const clusterExternalSecretSpec = z.object({
  externalSecretSpec: externalSecretSpec.describe('The spec of each ExternalSecret.'),
  externalSecretName: objectName
    .optional()
    .describe('The name of each ExternalSecret. Without it: the name of the ClusterExternalSecret.'),
  externalSecretMetadata: childMetadata.optional().describe('Labels and annotations of each ExternalSecret.'),
  namespaceSelector: labelSelector
    .optional()
    .describe('Deprecated: use namespaceSelectors. Namespaces by their labels.'),
  namespaceSelectors: z
    .array(labelSelector)
    .optional()
    .describe('Namespaces by their labels: those that match any of the selectors.'),
  namespaces: z.array(namespaceName).optional().describe('Deprecated: use namespaceSelectors. Namespaces by name.'),
  refreshTime: duration
    .optional()
    .describe(
      'How often all namespaces are looked through again, e.g. "1h". Changes are seen at once. Without it: 1h.',
    ),
});
export type ClusterExternalSecretSpec = Immutable<z.infer<typeof clusterExternalSecretSpec>>;

export const clusterExternalSecretStatus = z.object({
  externalSecretName: z.string().optional().describe('The name that the ExternalSecrets have.'),
  provisionedNamespaces,
  failedNamespaces,
  conditions: z
    .array(
      z.object({
        type: z.string().describe('The type of the condition.'),
        status: z.string().describe('Whether the condition holds: True, False or Unknown.'),
        message: z.string().optional().describe('Why, when something failed.'),
      }),
    )
    .optional()
    .describe('Ready says whether every selected namespace has its ExternalSecret.'),
});
export type ClusterExternalSecretStatus = Immutable<z.infer<typeof clusterExternalSecretStatus>>;

export const clusterExternalSecretSchema = z
  .object({
    spec: clusterExternalSecretSpec.optional().describe('What is wanted.'),
    status: clusterExternalSecretStatus.optional().describe('What the operator last did; it writes this by itself.'),
  })
  .describe('A ClusterExternalSecret keeps the same ExternalSecret in every namespace it selects.');

export type ClusterExternalSecret = CustomResource<ClusterExternalSecretSpec, ClusterExternalSecretStatus>;
