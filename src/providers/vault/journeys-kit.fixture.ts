/**
 * The steps that journeys are made of: open a session as a store would, read a text, expect a failure.
 */
import { ProviderError } from '../errors.ts';
import type { RemoteRef, SecretsClient } from '../provider.ts';
import { sessionContext, type Surroundings } from './context.fixture.ts';
import { vaultModule } from './index.ts';
import type { JourneyBackend } from './journeys-backend.fixture.ts';

export interface JourneyKit {
  readonly signal: AbortSignal;
  readonly vault: () => JourneyBackend;
  /** With the root token and mount `apps`, unless the spec says otherwise. */
  readonly open: (given: Omit<Surroundings, 'spec'> & { readonly spec?: object }) => Promise<SecretsClient>;
  readonly failure: (client: SecretsClient, ref: RemoteRef) => Promise<ProviderError>;
  readonly text: (client: SecretsClient, ref: RemoteRef) => Promise<string>;
}

/** The part of a spec that logs in for an account of namespace `shop`. */
export const kubernetes = (role: string, account: string, audiences?: readonly string[]): object => ({
  auth: { kubernetes: { role, serviceAccountRef: { name: account, ...(audiences ? { audiences } : {}) } } },
});

export function journeyKit(current: () => JourneyBackend): JourneyKit {
  const signal = AbortSignal.timeout(60_000);
  return {
    signal,
    vault: current,
    open: (given) =>
      vaultModule.open(
        sessionContext({
          accountToken: (account, audiences) => current().accountToken(account, audiences),
          ...given,
          secrets: { 'root/token': current().rootToken, ...given.secrets },
          spec: {
            server: current().address,
            path: 'apps',
            auth: { tokenSecretRef: { name: 'root', key: 'token' } },
            ...given.spec,
          },
        }),
      ),
    async failure(client, ref) {
      try {
        const [outcome] = await client.read([ref], signal);
        if (outcome?.ok === false) return outcome.error;
      } catch (error) {
        if (error instanceof ProviderError) return error;
        throw error;
      }
      throw new Error(`reading ${ref.key} was to fail`);
    },
    async text(client, ref) {
      const [outcome] = await client.read([ref], signal);
      if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome');
      return vaultModule.values.select(outcome.value, ref).revealText();
    },
  };
}
