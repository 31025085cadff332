/**
 * The sandbox's Vault as a backend of the suite, KV version 1 or 2. Sessions log in by AppRole, so that there are tokens
 * that die.
 */
import { startVault, type SandboxVault } from '../../sandbox/vault/server.ts';
import { sessionContext } from '../../src/providers/vault/context.fixture.ts';
import { vaultModule } from '../../src/providers/vault/index.ts';
import type { KvVersion } from '../../src/providers/vault/paths.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import type { ProviderBackend, ProviderFaults } from './provider.ts';

export interface VaultConformance extends ProviderBackend {
  readonly vault: SandboxVault;
}

const POLICY = 'path "apps/*" { capabilities = ["read", "list"] }';

export async function vaultBackend(version: KvVersion): Promise<VaultConformance> {
  const clock = new WarpClock();
  const vault = await startVault({ clock });
  await vault.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: version.slice(1) } });
  await vault.api('PUT', 'sys/policies/acl/reader', { policy: POLICY });
  await vault.api('POST', 'sys/auth/approle', { type: 'approle' });
  await vault.api('POST', 'auth/approle/role/shop', { token_policies: 'reader', token_ttl: '15m' });
  await vault.api('POST', 'auth/approle/role/shop/role-id', { role_id: 'shop' });
  await vault.api('POST', 'auth/approle/role/shop/custom-secret-id', { secret_id: 's3cret' });
  const versions = new Map<string, number>();
  const appRole = { roleId: 'shop', secretRef: { name: 'role', key: 'secret' } };
  const spec = { server: vault.address, path: 'apps', version, auth: { appRole } };
  return {
    vault,
    clock,
    async open() {
      const client = await vaultModule.open(sessionContext({ spec, clock, secrets: { 'role/secret': 's3cret' } }));
      return { client, module: vaultModule };
    },
    async put(key, value) {
      // As text: version 1 keeps the digits that an object of this process would lose.
      const content = version === 'v1' ? String(value) : `{"data":${String(value)}}`;
      const url = `${vault.address}/v1/apps/${version === 'v2' ? 'data/' : ''}${key}`;
      await fetch(url, { method: 'PUT', headers: { 'x-vault-token': vault.rootToken }, body: content });
      versions.set(key, (versions.get(key) ?? 0) + 1);
      return String(versions.get(key));
    },
    calls: () => vault.calls(),
    resetCalls: () => vault.resetCalls(),
    close: () => vault.stop(),
  };
}

export function vaultFaults({ vault }: VaultConformance): ProviderFaults {
  return {
    denyKey: (key) => vault.fault(key, 403),
    throttle: () => vault.fault('GET apps/', 429),
    fail: () => vault.fault('GET apps/', 500),
    expireCredentials: async () => vault.revokeTokens(),
    slow: async (ms) => vault.setLatency(ms),
    stop: () => vault.stop(),
    async heal() {
      vault.setLatency(0);
      await vault.heal();
      if (!vault.isRunning) await vault.start();
    },
  };
}
