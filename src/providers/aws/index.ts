/**
 * The AWS provider's sessions. Only the client of the service that a store names is loaded.
 */
import { jsonValues } from '../json-values.ts';
import { InvalidProviderConfigError } from '../errors.ts';
import type { ProviderModule, SecretsClient, SessionContext } from '../provider.ts';
import { openKeys } from './auth.ts';
import type { AwsSpec } from './spec.ts';

export const awsModule: ProviderModule<AwsSpec> = { open, values: jsonValues };

async function open(context: SessionContext<AwsSpec>): Promise<SecretsClient> {
  const { service } = context.spec;
  if (service === 'CertificateManager') {
    throw new InvalidProviderConfigError(
      'spec.provider.aws.service: CertificateManager is not available in this build',
    );
  }
  const keys = await openKeys(context);
  if (service === 'ParameterStore') {
    const { ParameterStoreClient } = await import('./parameter-store.ts');
    return new ParameterStoreClient(context, keys);
  }
  const { SecretsManagerClient } = await import('./secrets-manager.ts');
  return new SecretsManagerClient(context, keys);
}
