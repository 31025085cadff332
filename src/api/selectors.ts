/**
 * References to Kubernetes objects that many kinds share (`api.md` 2).
 */
import { z } from 'zod';
import { stringMap } from './fields.ts';
import type { Immutable } from './object.ts';

const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const KEY_PATTERN = /^[-._a-zA-Z0-9]+$/;

/** A DNS-1123 subdomain: the name of an object. */
export const objectName = z.string().min(1).max(253).regex(NAME_PATTERN);
export const namespaceName = z.string().min(1).max(63).regex(NAMESPACE_PATTERN);
/** A key of a Secret's or ConfigMap's data. */
export const dataKey = z.string().min(1).max(253).regex(KEY_PATTERN);

const NAMESPACE_RULE =
  'Honoured only in a ClusterSecretStore; without it the namespace of whoever uses that SecretStore is searched. ' +
  'In a namespaced SecretStore it must be left out or be the own namespace.';

export const secretKeySelector = z.object({
  name: objectName.optional().describe('The name of the Secret.'),
  namespace: namespaceName.optional().describe(`The namespace of the Secret. ${NAMESPACE_RULE}`),
  key: dataKey.optional().describe('The key of the Secret’s data. Some fields have a default key.'),
});
export type SecretKeySelector = Immutable<z.infer<typeof secretKeySelector>>;

export const serviceAccountSelector = z.object({
  name: objectName.describe('The name of the ServiceAccount.'),
  namespace: namespaceName.optional().describe(`The namespace of the ServiceAccount. ${NAMESPACE_RULE}`),
  audiences: z
    .array(z.string())
    .optional()
    .describe('Audiences of the token that is requested for the ServiceAccount, in addition to the provider’s own.'),
});
export type ServiceAccountSelector = Immutable<z.infer<typeof serviceAccountSelector>>;

export const caProvider = z.object({
  type: z.enum(['Secret', 'ConfigMap']).describe('The kind of object that holds the certificates.'),
  name: objectName.describe('The name of the object.'),
  key: dataKey.optional().describe('The key whose value is a PEM bundle.'),
  namespace: namespaceName.optional().describe('The namespace of the object; required in a ClusterSecretStore.'),
});
export type CAProvider = Immutable<z.infer<typeof caProvider>>;

/** The standard label selector: all of `matchLabels` and all of `matchExpressions` must hold. */
export const labelSelector = z
  .object({
    matchLabels: stringMap.optional().describe('Labels the object must have, with these values.'),
    matchExpressions: z
      .array(
        z.object({
          key: z.string().describe('The label.'),
          operator: z.string().describe('How the label is compared: In, NotIn, Exists or DoesNotExist.'),
          values: z
            .array(z.string())
            .meta({ 'x-kubernetes-list-type': 'atomic' })
            .optional()
            .describe('The values for In and NotIn; empty for the other operators.'),
        }),
      )
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('Conditions on labels.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });
export type LabelSelector = Immutable<z.infer<typeof labelSelector>>;
