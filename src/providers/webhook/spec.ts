/**
 * The webhook provider as the registry, the CRD and the webhook see it: any HTTP server that answers with a value.
 */
import { z } from 'zod';
import { bytes, duration, exactlyOneOf, stringMap } from '../../api/fields.ts';
import { caProvider, secretKeySelector } from '../../api/selectors.ts';
import type { ProviderDeclaration } from '../provider.ts';
import { checkWebhook, dependsOnNamespace } from './check.ts';

const VARIABLES =
  'Variables: .remoteRef.key, .remoteRef.version, .remoteRef.property, .remoteRef.namespace, and .<name>.<key> for secrets.';

export const webhookSpec = z.object({
  url: z.string().describe(`URL to call; a template whose .remoteRef values are escaped for URLs. ${VARIABLES}`),
  method: z.string().optional().describe('HTTP method; default GET for reads and POST for pushes.'),
  headers: stringMap.optional().describe('Headers of the request. The values are templates.'),
  body: z.string().optional().describe('Body of the request; a template.'),
  timeout: duration.optional().describe('How long to wait for the whole answer, e.g. "10s"; default 30s.'),
  result: z
    .object({
      jsonPath: z
        .string()
        .optional()
        .describe(
          'JSONPath of the value in a JSON answer, e.g. "$.data.password"; a template. Without it: the answer.',
        ),
    })
    .optional()
    .describe('Where the value stands in the answer.'),
  secrets: z
    .array(
      z.object({
        name: z.string().describe('The name of the variable: all keys of the Secret are found below it.'),
        secretRef: secretKeySelector.describe(
          'The Secret. It must carry the label external-secrets.io/type: webhook; in a ClusterSecretStore with namespace.',
        ),
      }),
    )
    .optional()
    .describe('Secrets whose values may be used in the templates.'),
  auth: exactlyOneOf({
    ntlm: z
      .object({
        usernameSecret: secretKeySelector.describe('A Secret’s key that holds the user name.'),
        passwordSecret: secretKeySelector.describe('A Secret’s key that holds the password.'),
      })
      .optional()
      .describe('NTLM. Not available in this build.'),
  })
    .optional()
    .describe('How to log in, where headers are not enough.'),
  caBundle: bytes
    .optional()
    .describe('PEM certificates (base64) that the server’s certificate is checked against, instead of the system’s.'),
  caProvider: caProvider.optional().describe('A Secret or ConfigMap that holds those certificates.'),
});
export type WebhookSpec = z.infer<typeof webhookSpec>;

export const webhook: ProviderDeclaration<WebhookSpec> = {
  name: 'webhook',
  spec: webhookSpec,
  capabilities: 'ReadWrite',
  maintenance: 'Maintained',
  check: checkWebhook,
  dependsOnNamespace,
  destination: ({ url, headers, secrets, auth, body }, namespace) => {
    const spec = { url, headers, secrets, auth, body };
    return dependsOnNamespace(spec) ? { ...spec, namespace } : spec;
  },
  load: async () => (await import('./index.ts')).webhookModule,
};
