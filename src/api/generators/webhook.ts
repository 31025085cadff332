/** Webhook generator (`api.md` 8.7): takes its keys and values from the answer of a web server. */
import { z } from 'zod';
import { bytes, duration, exactlyOneOf, stringMap } from '../fields.ts';
import type { Immutable } from '../object.ts';
import { caProvider, dataKey, objectName, secretKeySelector } from '../selectors.ts';

const namedSecret = z.object({
  name: z.string().describe('The name under which templates see the Secret: ".<name>.<key>".'),
  secretRef: z
    .object({
      name: objectName
        .optional()
        .describe('The name of the Secret; it needs the label external-secrets.io/type: webhook.'),
      key: dataKey.optional().describe('A key of the Secret. All its keys can be used.'),
    })
    .describe('The Secret, in the same namespace.'),
});

const ntlm = z.object({
  usernameSecret: secretKeySelector.describe('The user name.'),
  passwordSecret: secretKeySelector.describe('The password.'),
});

export const webhookSpec = z.object({
  url: z.string().describe('The address to call; a template.'),
  method: z.string().optional().describe('The HTTP method. Without it: GET.'),
  headers: stringMap.optional().describe('HTTP headers; the values are templates.'),
  body: z.string().optional().describe('The body of the request; a template.'),
  timeout: duration.optional().describe('How long a call may last, e.g. "10s".'),
  result: z
    .object({
      jsonPath: z.string().optional().describe('A JSONPath to the object in the answer. Without it: the whole answer.'),
    })
    .describe('Where in the answer the keys and values are.'),
  secrets: z.array(namedSecret).optional().describe('Secrets whose values templates can use.'),
  auth: exactlyOneOf({ ntlm: ntlm.optional().describe('Logs in with NTLM.') })
    .optional()
    .describe('How to log in.'),
  caBundle: bytes.optional().describe('Certificates to trust: PEM in Base64. It wins over caProvider.'),
  caProvider: caProvider.optional().describe('A Secret or ConfigMap with certificates to trust.'),
});
export type WebhookSpec = Immutable<z.infer<typeof webhookSpec>>;
