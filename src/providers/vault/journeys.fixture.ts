/**
 * What users do with a Vault SecretStore, written once: run against the sandbox's Vault beside this file, and against
 * the real Vault with a real API server when one is at hand.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { furnish, type JourneyBackend } from './journeys-backend.fixture.ts';
import { journeyKit } from './journeys-kit.fixture.ts';
import { loginJourneys } from './journeys-login.fixture.ts';
import { readJourneys } from './journeys-read.fixture.ts';

export type { JourneyBackend } from './journeys-backend.fixture.ts';

export function vaultJourneys(name: string, makeBackend: () => Promise<JourneyBackend>): void {
  describe(name, () => {
    let vault: JourneyBackend;
    before(async () => {
      vault = await makeBackend();
      await furnish(vault);
    });
    after(() => vault.close());
    const kit = journeyKit(() => vault);
    const { open, signal } = kit;

    loginJourneys(kit);
    readJourneys(kit);

    it('a store whose credentials depend on the consumer cannot be proved by itself', async () => {
      const client = await open({ kind: 'ClusterSecretStore', namespace: '' });
      assert.equal(await client.validate(signal), 'Unknown');
      await client.close();
    });

    it('addresses closed to tenants stay closed', async () => {
      const client = await open({ allowTargets: [] });
      await assert.rejects(client.validate(signal), /refused: loopback addresses.*--allow-targets/);
      await client.close();
    });
  });
}
