/**
 * The Vault provider as the registry, the CRD and the webhook see it: its part of a SecretStore, the checks without
 * network, and where to load the rest. No client code is imported here.
 */
import { z } from 'zod';
import { bytes } from '../../api/fields.ts';
import { caProvider, secretKeySelector } from '../../api/selectors.ts';
import type { ProviderDeclaration } from '../provider.ts';
import { checkVault, dependsOnNamespace } from './check.ts';
import { vaultAuth } from './spec-auth.ts';

export const vaultSpec = z.object({
  server: z.string().describe('Base URL of the Vault server, e.g. "https://vault.example.com:8200".'),
  path: z
    .string()
    .optional()
    .describe('Mount path of the KV secrets engine, e.g. "secret". Without it, keys begin with the mount path.'),
  version: z.enum(['v1', 'v2']).default('v2').describe('Version of the KV secrets engine that is mounted there.'),
  namespace: z.string().optional().describe('Vault Enterprise namespace, e.g. "team-a".'),
  caBundle: bytes
    .optional()
    .describe('PEM certificates (base64) that Vault’s certificate is checked against, instead of the system’s.'),
  caProvider: caProvider.optional().describe('A Secret or ConfigMap that holds those certificates.'),
  tls: z
    .object({
      certSecretRef: secretKeySelector
        .optional()
        .describe('A Secret’s key that holds a client certificate (PEM); default key "tls.crt".'),
      keySecretRef: secretKeySelector
        .optional()
        .describe('A Secret’s key that holds the private key of it (PEM); default key "tls.key".'),
    })
    .optional()
    .describe('A client certificate for servers that ask for one. Not a login: see auth.cert.'),
  headers: z.record(z.string(), z.string()).optional().describe('Headers that are added to each request.'),
  readYourWrites: z
    .boolean()
    .optional()
    .describe('Ask a Vault Enterprise cluster not to answer with data older than what this SecretStore has seen.'),
  forwardInconsistent: z
    .boolean()
    .optional()
    .describe('With readYourWrites: let a lagging node forward the request to the active node.'),
  checkAndSet: z
    .object({ required: z.boolean().optional().describe('Write only if the secret did not change meanwhile.') })
    .optional()
    .describe('Check-and-set for pushed secrets. KV version 2 only.'),
  auth: vaultAuth
    .optional()
    .describe('How to log in: set one method. Without it requests carry no token (a Vault agent adds one).'),
});
export type VaultSpec = z.infer<typeof vaultSpec>;

export const vault: ProviderDeclaration<VaultSpec> = {
  name: 'vault',
  spec: vaultSpec,
  capabilities: 'ReadWrite',
  maintenance: 'Maintained',
  check: checkVault,
  dependsOnNamespace,
  destination: ({ server, path = '', namespace, headers, tls, auth }) => {
    const slashes = /^\/+|\/+$/g;
    return { server: server.replace(slashes, ''), path: path.replace(slashes, ''), namespace, headers, tls, auth };
  },
  load: async () => (await import('./index.ts')).vaultModule,
};
