/** The ClusterPushSecret: one PushSecret in each of many namespaces (`api.md` 7). */
import { z } from 'zod';
import { duration } from './fields.ts';
import {
  childMetadata,
  failedNamespaces,
  provisionedNamespaces,
  type CustomResource,
  type Immutable,
} from './object.ts';
import { labelSelector, objectName } from './selectors.ts';
import { pushSecretCondition, pushSecretSpec } from './push-secret.ts';

export const clusterPushSecretSpec = z.object({
  pushSecretSpec: pushSecretSpec.describe('The spec of each PushSecret.'),
  pushSecretName: objectName
    .optional()
    .describe('The name of each PushSecret. Without it: the name of the ClusterPushSecret.'),
  pushSecretMetadata: childMetadata.optional().describe('Labels and annotations of each PushSecret.'),
  namespaceSelectors: z
    .array(labelSelector)
    .optional()
    .describe('Namespaces by their labels: those that match any of the selectors.'),
  refreshTime: duration
    .optional()
    .describe(
      'How often all namespaces are looked through again, e.g. "1h". Changes are seen at once. Without it: 1h.',
    ),
});
export type ClusterPushSecretSpec = Immutable<z.infer<typeof clusterPushSecretSpec>>;

export const clusterPushSecretStatus = z.object({
  pushSecretName: z.string().optional().describe('The name that the PushSecrets have.'),
  provisionedNamespaces,
  failedNamespaces,
  conditions: z
    .array(pushSecretCondition)
    .optional()
    .describe('Ready says whether every selected namespace has its PushSecret.'),
});
export type ClusterPushSecretStatus = Immutable<z.infer<typeof clusterPushSecretStatus>>;

export const clusterPushSecretSchema = z
  .object({
    spec: clusterPushSecretSpec.optional().describe('What is wanted.'),
    status: clusterPushSecretStatus.optional().describe('What the operator last did; it writes this by itself.'),
  })
  .describe('A ClusterPushSecret keeps the same PushSecret in every namespace it selects.');

export type ClusterPushSecret = CustomResource<ClusterPushSecretSpec, ClusterPushSecretStatus>;
