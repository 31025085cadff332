/**
 * Stands in while a ClusterSecretStore whose credentials depend on the consumer is validated by itself: there is no
 * namespace to look for them yet.
 */
import { InvalidProviderConfigError } from './errors.ts';
import type { SecretsClient, Validity } from './provider.ts';

export class UnprobedClient implements SecretsClient {
  readonly batchSize = 1;

  async read(): Promise<never> {
    throw new InvalidProviderConfigError(
      'the credentials of this ClusterSecretStore depend on the consumer’s namespace',
    );
  }

  async validate(): Promise<Validity> {
    return 'Unknown';
  }

  async close(): Promise<void> {}
}
