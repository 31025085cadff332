/**
 * VaultDynamicSecret (`api.md` 8.6): asks any path of a Vault. How to reach the Vault is the schema of the `vault`
 * provider, which is passed in because this room knows no provider.
 */
import { z } from 'zod';
import { anyJson } from '../fields.ts';
import type { Immutable } from '../object.ts';
import { retrySettings } from '../secret-store.ts';
import { controllerClass } from './shared.ts';

export function vaultDynamicSecretSpec(vault: z.ZodType) {
  return z.object({
    controller: controllerClass,
    provider: vault.describe('The Vault and how to log in, as in a SecretStore.'),
    path: z.string().describe('The full path of the call, e.g. "database/creds/reader".'),
    method: z.string().optional().describe('GET, LIST or DELETE; any other method writes parameters. Without it: GET.'),
    parameters: anyJson.optional().describe('The body of a write: a JSON object.'),
    getParameters: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .describe('The query of a GET: names, each with its values.'),
    resultType: z
      .enum(['Data', 'Auth', 'Raw'])
      .default('Data')
      .describe('The part of the answer whose members become keys: data, auth or the whole answer.'),
    allowEmptyResponse: z
      .boolean()
      .default(false)
      .describe('Takes an empty answer as no keys; otherwise it is an error.'),
    retrySettings: retrySettings.optional().describe('How failed calls are repeated.'),
  });
}
export type VaultDynamicSecretSpec = Immutable<z.infer<ReturnType<typeof vaultDynamicSecretSpec>>>;
