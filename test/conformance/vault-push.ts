/**
 * A KV mount of a Vault, the sandbox's or a real one, for pushing: sessions log in with a token of a policy.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';
import type { SecretsClient } from '../../src/providers/provider.ts';
import { sessionContext } from '../../src/providers/vault/context.fixture.ts';
import { vaultModule } from '../../src/providers/vault/index.ts';
import type { KvVersion } from '../../src/providers/vault/paths.ts';
import type { VaultBackend } from '../integration/env.ts';
import type { PushBackend } from './push.ts';

export interface VaultMount {
  readonly vault: VaultBackend;
  readonly mount: string;
  readonly version: KvVersion;
  /** A session whose token may do what `policy` says (default: all that pushing needs), of a store that says version `as`. */
  open(policy?: string, as?: KvVersion): Promise<SecretsClient>;
  /** What stands there, read with all rights; undefined: nothing, or it is deleted. */
  data(key: string): Promise<Record<string, unknown> | undefined>;
  /** KV version 2: what Vault knows of the secret; undefined: nothing. */
  metadata(key: string): Promise<Record<string, unknown> | undefined>;
}

let mounts = 0;

/** Makes the mount; with `casRequired` one that takes no write without check-and-set. */
export async function vaultMount(
  vault: VaultBackend,
  clock: Clock,
  version: KvVersion,
  casRequired = false,
): Promise<VaultMount> {
  const mount = `push${process.pid}x${mounts++}`;
  await vault.api('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: version.slice(1) } });
  await untilItAnswers(() => vault.put(mount, 'ready', { yes: '1' }, version));
  if (casRequired) await vault.api('POST', `${mount}/config`, { cas_required: true });
  const read = (path: string): Promise<unknown> =>
    vault.api('GET', path).then((answer) => (answer as { data: unknown }).data, nothing);
  return {
    vault,
    mount,
    version,
    async open(policy = pushPolicy(mount, version), as = version) {
      const token = await tokenOf(vault, policy);
      const auth = { tokenSecretRef: { name: 't', key: 'token' } };
      const spec = { server: vault.address, path: mount, version: as, auth };
      return vaultModule.open(sessionContext({ spec, clock, secrets: { 't/token': token } }));
    },
    async data(key) {
      const found = (await read(version === 'v1' ? `${mount}/${key}` : `${mount}/data/${key}`)) as
        Record<string, unknown> | undefined;
      return version === 'v1' ? found : (found?.['data'] as Record<string, unknown> | undefined);
    },
    metadata: (key) => read(`${mount}/metadata/${key}`) as Promise<Record<string, unknown> | undefined>,
  };
}

/** What docs/providers.md asks for. */
export function pushPolicy(mount: string, version: KvVersion): string {
  const paths = version === 'v1' ? [`${mount}/*`] : [`${mount}/data/*`, `${mount}/metadata/*`];
  return paths.map((path) => rule(path, 'create', 'read', 'update', 'delete')).join('\n');
}

export function rule(path: string, ...capabilities: readonly string[]): string {
  return `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`;
}

/** The mount as a backend of the push suite. */
export function vaultPushBackend(world: VaultMount): PushBackend {
  const { vault, mount, version } = world;
  return {
    open: async () => ({ client: await world.open(), module: vaultModule }),
    async putForeign(key, json) {
      const data = JSON.parse(json) as object;
      const path = version === 'v1' ? `${mount}/${key}` : `${mount}/data/${key}`;
      await vault.api('POST', path, version === 'v1' ? data : { data, options: { cas: 0 } });
    },
    calls: async () => new Map([...(await vault.calls())].filter(([call]) => call.includes(` ${mount}/`))),
    resetCalls: () => vault.resetCalls(),
    isWrite: (call) => /^(?:PUT|POST|DELETE|PATCH) /.test(call),
    denyWrites: () => vault.fault(`PUT ${mount}/`, 403),
    heal: () => vault.heal(),
    close: () => Promise.resolve(),
  };
}

let policies = 0;

async function tokenOf(vault: VaultBackend, policy: string): Promise<string> {
  const name = `push-${process.pid}-${policies++}`;
  await vault.api('PUT', `sys/policies/acl/${name}`, { policy });
  const made = (await vault.api('POST', 'auth/token/create', { policies: [name], ttl: '1h' })) as {
    auth: { client_token: string };
  };
  return made.auth.client_token;
}

/** A fresh KV v2 mount answers after a moment only. */
async function untilItAnswers(put: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await put();
      return;
    } catch (error) {
      if (tries >= 100) throw error;
    }
    await wait(50);
  }
}

/** Both Vaults answer 404 as an error of the test's own client. */
function nothing(error: unknown): undefined {
  if (error instanceof Error && /\b404\b/.test(error.message)) return undefined;
  throw error;
}
