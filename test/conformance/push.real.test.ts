/**
 * The push contract, and what single backends ask beyond it, on a real Vault (KV version 1, 2, and 2 with cas_required) and a
 * real API server.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secrets } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { kubernetesModule } from '../../src/providers/kubernetes/index.ts';
import type { KvVersion } from '../../src/providers/vault/paths.ts';
import { readDescription } from '../real-parts/description.ts';
import { RealVault } from '../real-parts/vault-backend.ts';
import { dataOf, putSecret } from './kubernetes.ts';
import { kubernetesPushRules } from './kubernetes-push-rules.ts';
import { pushConformance, pushOf, type PushBackend } from './push.ts';
import { realCluster, type RealCluster } from './real-cluster.ts';
import { vaultMount, vaultPushBackend, type VaultMount } from './vault-push.ts';
import { vaultPushRules } from './vault-push-rules.ts';

const parts = readDescription();
const { signal } = new AbortController();
const VERBS = ['get', 'create', 'update', 'delete'];

async function realVault(): Promise<RealVault> {
  const vault = new RealVault(parts.vault, parts.vaultRootToken);
  await vault.start();
  return vault;
}

async function mounted(version: KvVersion, casRequired = false): Promise<PushBackend> {
  const vault = await realVault();
  const backend = vaultPushBackend(await vaultMount(vault, systemClock, version, casRequired));
  return { ...backend, close: () => vault.stop() };
}

const traits = { marksOwnership: true, plainValues: false, callsWhenUnchanged: 1, writesPerUpdate: 1 };
pushConformance('A real Vault, KV version 1', { ...traits, comparesAndSets: false }, () => mounted('v1'));
pushConformance('A real Vault, KV version 2', { ...traits, comparesAndSets: true }, () => mounted('v2'));
pushConformance('A real Vault, KV version 2 with cas_required', { ...traits, comparesAndSets: true }, () =>
  mounted('v2', true),
);

vaultPushRules('a real Vault', async () => {
  const vault = await realVault();
  return {
    mount: (version, casRequired) => vaultMount(vault, systemClock, version, casRequired),
    close: () => vault.stop(),
  };
});

async function writableCluster(): Promise<RealCluster> {
  const cluster = await realCluster();
  for (const namespace of [cluster.remote, cluster.third]) await cluster.allow('writer', VERBS, namespace);
  return cluster;
}

async function cluster(): Promise<PushBackend> {
  const world = await writableCluster();
  const isWrite = (call: string): boolean => call !== 'GetSecret success';
  let calls = new Map<string, number>();
  const observe = (call: string, status: string): void => {
    const name = `${call} ${status}`;
    calls.set(name, (calls.get(name) ?? 0) + 1);
  };
  return {
    open: async () => ({ client: await world.open('writer', 'SecretStore', observe), module: kubernetesModule }),
    putForeign: (key, json) => putSecret(world.kube, key, dataOf(json), { namespace: world.remote }),
    calls: async () => new Map([...calls].filter(([call]) => !call.startsWith('CreateSelf'))),
    resetCalls: async () => void (calls = new Map()),
    isWrite,
    close: () => world.close(),
  };
}

pushConformance(
  'the kubernetes provider on a real API server',
  { ...traits, marksOwnership: false, comparesAndSets: true },
  cluster,
);

kubernetesPushRules('a real API server', async () => {
  const world = await writableCluster();
  for (const verb of VERBS)
    await world.allow(
      `no-${verb}`,
      VERBS.filter((each) => each !== verb),
    );
  return {
    kube: world.kube,
    remote: world.remote,
    third: world.third,
    open: (kind) => world.open('writer', kind),
    openWithout: (verb) => world.open(`no-${verb}`),
    heal: () => Promise.resolve(),
    close: () => world.close(),
  };
});

describe('a hundred refreshes of an unchanged push, as the backend itself tells', () => {
  let world: RealCluster;
  let vault: RealVault;
  let kv: VaultMount;
  before(async () => {
    [world, vault] = [await writableCluster(), await realVault()];
    kv = await vaultMount(vault, systemClock, 'v2');
  });
  after(async () => {
    await Promise.all([world.close(), vault.stop()]);
  });
  const wanted = pushOf('steady', { user: 'u', pass: 'p' }, [
    ['user', 'user'],
    ['pass', 'pass'],
  ]);

  test('the Secret keeps its resourceVersion', async () => {
    const client = await world.open('writer');
    await client.push!(wanted, signal);
    const versionOf = async (): Promise<string> =>
      (await world.kube.get(secrets, { namespace: world.remote, name: 'steady' })).metadata.resourceVersion;
    const before = await versionOf();
    for (let refresh = 0; refresh < 100; refresh++) assert.equal(await client.push!(wanted, signal), 'unchanged');
    assert.equal(await versionOf(), before);
    await client.close();
  });

  test('Vault has one version, and was asked once for each refresh', async () => {
    const client = await kv.open();
    await client.push!(wanted, signal);
    const before = await kv.metadata('steady');
    await vault.resetCalls();
    for (let refresh = 0; refresh < 100; refresh++) assert.equal(await client.push!(wanted, signal), 'unchanged');
    assert.deepEqual([...(await vault.calls())], [[`GET ${kv.mount}/data/steady`, 100]]);
    assert.deepEqual(await kv.metadata('steady'), before);
    assert.equal(before?.['current_version'], 1);
    await client.close();
  });
});
