/**
 * The kubernetes provider as the registry, the CRD and the webhook see it: Secrets of a namespace of this or another
 * cluster. No client code is imported here.
 */
import { z } from 'zod';
import { bytes, exactlyOneOf } from '../../api/fields.ts';
import { caProvider, namespaceName, secretKeySelector, serviceAccountSelector } from '../../api/selectors.ts';
import type { ProviderDeclaration } from '../provider.ts';
import { checkKubernetes, dependsOnNamespace } from './check.ts';

const server = z.object({
  url: z
    .string()
    .default('kubernetes.default')
    .describe('URL of the API server, e.g. "https://10.0.0.1:6443". Without a scheme, https is used.'),
  caBundle: bytes
    .optional()
    .describe(
      'PEM certificates (base64) that the API server’s certificate is checked against, instead of the system’s.',
    ),
  caProvider: caProvider.optional().describe('A Secret or ConfigMap that holds those certificates.'),
});

const auth = exactlyOneOf({
  cert: z
    .object({
      clientCert: secretKeySelector.describe('A Secret’s key that holds the client certificate (PEM).'),
      clientKey: secretKeySelector.describe('A Secret’s key that holds the private key of it (PEM).'),
    })
    .optional()
    .describe('Log in with a TLS client certificate.'),
  token: z
    .object({ bearerToken: secretKeySelector.describe('A Secret’s key that holds the token.') })
    .optional()
    .describe('Log in with a token that is used as it is.'),
  serviceAccount: serviceAccountSelector
    .optional()
    .describe('Log in as a ServiceAccount of this cluster, with tokens of one hour that are requested as needed.'),
});

export const kubernetesSpec = z.object({
  server: server.optional().describe('Where the API server is. Needed with auth, unused with authRef.'),
  auth: auth.optional().describe('How to log in. Exactly one of auth and authRef is needed.'),
  authRef: secretKeySelector
    .optional()
    .describe(
      'A Secret’s key that holds a kubeconfig. Only what stands in it is used: commands, plugins and paths of files are refused.',
    ),
  remoteNamespace: namespaceName.default('default').describe('The namespace whose Secrets are read.'),
});
export type KubernetesSpec = z.infer<typeof kubernetesSpec>;

export const kubernetes: ProviderDeclaration<KubernetesSpec> = {
  name: 'kubernetes',
  spec: kubernetesSpec,
  capabilities: 'ReadWrite',
  maintenance: 'Maintained',
  check: checkKubernetes,
  dependsOnNamespace,
  destination: ({ server, auth, authRef, remoteNamespace }) => ({ url: server?.url, auth, authRef, remoteNamespace }),
  load: async () => (await import('./index.ts')).kubernetesModule,
};
