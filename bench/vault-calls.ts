/**
 * What ExternalSecrets on Vault cost it, by its own audit log: Kubernetes auth, a short refresh interval, three properties per object.
 */
import { externalSecrets, secretStores, serviceAccounts } from '../src/api/resources.ts';
import type { KubeObject } from '../src/kube/types.ts';
import { NAMESPACE, type BenchCluster } from './cluster.ts';
import { clean, each } from './objects.ts';
import { startOperatorProcess } from './processes.ts';
import { countReady, pause, type Bench, type Row } from './scenarios.ts';
import { startVault, type VaultProcess } from './vault-process.ts';

export interface VaultReading {
  readonly objects: number;
  /** Distinct keys, shared out among the stores. */
  readonly keys: number;
  /** SecretStores, each with an account and a role of its own: the identities. */
  readonly stores: number;
  /** Both in seconds. `seconds` counts from when the operator starts. */
  readonly interval: number;
  readonly seconds: number;
  /** Life of the tokens that Vault gives out, in seconds. */
  readonly tokenTtl: number;
}

export async function vaultCalls({ cluster, say }: Bench, reading: VaultReading): Promise<Row> {
  const { objects, keys, stores, interval, seconds } = reading;
  await clean(cluster.client);
  const vault = await startVault(cluster, say);
  try {
    await prepare(cluster, vault, reading);
    const ready = await countReady(cluster, objects);
    const tokensBefore = await vault.tokens();
    const writesBefore = await cluster.writes();
    vault.reset();
    const startedAt = performance.now();
    const operator = startOperatorProcess(cluster, 'http://127.0.0.1:9');
    await ready.last;
    const tokens = [(await vault.tokens()) - tokensBefore];
    while (performance.now() - startedAt < seconds * 1000) {
      await pause(Math.min(60, seconds - (performance.now() - startedAt) / 1000));
      tokens.push((await vault.tokens()) - tokensBefore);
    }
    const requests = vault.requests();
    const writes = await cluster.writes();
    const usage = operator.usage();
    await operator.stop();
    const since = (name: string): number => (writes.get(name) ?? 0) - (writesBefore.get(name) ?? 0);
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
    return {
      scenario: `Vault, ${objects} objects on ${keys} keys of ${stores} identities at ${interval}s`,
      seconds,
      ...usage,
      backendCalls: requests,
      finding:
        `${total} requests, ${requests['update auth/kubernetes/login'] ?? 0} logins, ` +
        `${((requests['read secret/data/*'] ?? 0) / keys).toFixed(2)} reads per key in ${seconds / interval} cycles; ` +
        `living tokens, minute by minute: ${tokens.join(' ')}; ` +
        `TokenRequests ${since('POST serviceaccounts/token')}, TokenReviews ${since('POST tokenreviews')}`,
    };
  } finally {
    await vault.stop();
  }
}

async function prepare(cluster: BenchCluster, vault: VaultProcess, reading: VaultReading): Promise<void> {
  const { objects, keys, stores, interval, tokenTtl } = reading;
  await vault.api('PUT', 'sys/policies/acl/bench', {
    policy: 'path "secret/data/bench/*" { capabilities = ["read"] }',
  });
  for (let index = 0; index < stores; index++) await makeStore(cluster, vault, index, tokenTtl);
  const value = { username: 'user', password: 'a-password-of-some-length', host: 'db.example.test' };
  await each(keys, (index) => vault.api('POST', `secret/data/bench/key-${index}`, { data: value }), 16);
  await each(objects, (index) =>
    cluster.client.create(externalSecrets, externalSecret(index, index % keys, (index % keys) % stores, interval)),
  );
}

async function makeStore(cluster: BenchCluster, vault: VaultProcess, index: number, tokenTtl: number): Promise<void> {
  const name = `vault-${index}`;
  await vault.api('POST', `auth/kubernetes/role/${name}`, {
    bound_service_account_names: [name],
    bound_service_account_namespaces: [NAMESPACE],
    policies: ['bench'],
    ttl: `${tokenTtl}s`,
  });
  const metadata = { namespace: NAMESPACE, name };
  await cluster.client.create(serviceAccounts, { metadata }).catch(() => {});
  const auth = { kubernetes: { mountPath: 'kubernetes', role: name, serviceAccountRef: { name } } };
  const provider = { vault: { server: vault.address, path: 'secret', version: 'v2', auth } };
  await cluster.client.create(secretStores, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata,
    spec: { provider },
  } as KubeObject);
}

function externalSecret(index: number, key: number, store: number, interval: number): KubeObject {
  const data = ['username', 'password', 'host'].map((property) => ({
    secretKey: property,
    remoteRef: { key: `bench/key-${key}`, property },
  }));
  const secretStoreRef = { kind: 'SecretStore', name: `vault-${store}` };
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { namespace: NAMESPACE, name: `es-${index}` },
    spec: { refreshInterval: `${interval}s`, secretStoreRef, data },
  } as KubeObject;
}
