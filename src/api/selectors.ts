/**
 * References to Kubernetes objects that many kinds share (`api.md` 2).
 */
import { z } from 'zod';

const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const KEY_PATTERN = /^[-._a-zA-Z0-9]+$/;

/** A DNS-1123 subdomain: the name of an object. */
export const objectName = z.string().min(1).max(253).regex(NAME_PATTERN);
export const namespaceName = z.string().min(1).max(63).regex(NAMESPACE_PATTERN);
/** A key of a Secret's or ConfigMap's data. */
export const dataKey = z.string().min(1).max(253).regex(KEY_PATTERN);

export const secretKeySelector = z.object({
  name: objectName.optional().describe('The name of the Secret resource being referred to.'),
  namespace: namespaceName
    .optional()
    .describe('The namespace of the Secret. Honoured only in a ClusterSecretStore; elsewhere it must be the own one.'),
  key: dataKey.optional().describe('A key of the Secret’s data. Some fields have a default key.'),
});
export type SecretKeySelector = z.infer<typeof secretKeySelector>;

export const serviceAccountSelector = z.object({
  name: objectName.describe('The name of the ServiceAccount resource being referred to.'),
  namespace: namespaceName
    .optional()
    .describe(
      'The namespace of the ServiceAccount. Honoured only in a ClusterSecretStore; elsewhere it must be the own one.',
    ),
  audiences: z
    .array(z.string())
    .optional()
    .describe('Audiences of the token that is requested for the ServiceAccount, in addition to the provider’s own.'),
});
export type ServiceAccountSelector = z.infer<typeof serviceAccountSelector>;

export const caProvider = z.object({
  type: z.enum(['Secret', 'ConfigMap']).describe('The kind of object that holds the certificates.'),
  name: objectName.describe('The name of the object.'),
  key: dataKey.optional().describe('The key whose value is a PEM bundle.'),
  namespace: namespaceName.optional().describe('The namespace of the object; required in a ClusterSecretStore.'),
});
export type CAProvider = z.infer<typeof caProvider>;
