import { startReviewer } from '../../../sandbox/vault/reviewer.fixture.ts';
import { startVault } from '../../../sandbox/vault/server.ts';
import { systemClock } from '../../clock.ts';
import { vaultJourneys } from './journeys.fixture.ts';

vaultJourneys('Vault in the sandbox', async () => {
  const reviewer = await startReviewer();
  const vault = await startVault({ clock: systemClock });
  return {
    address: vault.address,
    rootToken: vault.rootToken,
    api: (method, path, body) => vault.api(method, path, body),
    kubernetes: { host: reviewer.url, ca: '', reviewer: reviewer.reviewerToken },
    pem: reviewer.pem,
    accountToken: (name, audiences) => reviewer.token('shop', name, audiences.length === 0 ? undefined : audiences),
    leftTokens: () => vault.liveTokens(),
    hasLdap: true,
    async close() {
      await vault.stop();
      await reviewer.stop();
    },
  };
});
