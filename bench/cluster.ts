/**
 * The cluster of the benches: etcd and kube-apiserver as real processes, our CRDs, one namespace; nothing else that would use the CPU.
 */
import { randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  clusterSecretStores,
  customResourceDefinitions,
  externalSecrets,
  namespaces,
  secretStores,
} from '../src/api/resources.ts';
import { systemClock } from '../src/clock.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { loadKubeConfig } from '../src/kube/config.ts';
import { connect } from '../src/kube/http-client.ts';
import type { KubeObject, Resource } from '../src/kube/types.ts';
import { findOrBuild } from '../test/real-parts/build.ts';
import { etcd, etcdUrl } from '../test/real-parts/etcd.ts';
import { apiServer, apiServerFiles, kubeconfig } from '../test/real-parts/kubernetes.ts';
import { freePorts } from '../test/real-parts/processes.ts';

export const NAMESPACE = 'bench';

export interface BenchCluster {
  readonly kubeconfig: string;
  readonly client: KubeClient;
  /** Folder for files of this run, removed at the end. */
  readonly folder: string;
  /** Writes the API server has taken so far, as `verb resource`, e.g. `POST secrets` or `PATCH externalsecrets/status`. */
  writes(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export async function startCluster(say: (line: string) => void): Promise<BenchCluster> {
  const binaries = await findOrBuild(say);
  const folder = mkdtempSync(join(tmpdir(), 'external-secrets-bench-'));
  const [client = 0, peer = 0, port = 0] = await freePorts(3);
  const adminToken = randomBytes(24).toString('hex');
  const files = apiServerFiles(folder, adminToken);
  const store = etcd(binaries.etcd, folder, { client, peer });
  const api = apiServer(binaries['kube-apiserver'], files, { port, etcd: etcdUrl(client), adminToken });
  await store.start();
  await api.start();
  const server = `https://127.0.0.1:${port}`;
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfig(server, files.ca, { token: adminToken }), { mode: 0o600 });
  const kube = connect(await loadKubeConfig({ kubeconfig: path, clock: systemClock }));
  await installCrds(kube);
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  return {
    kubeconfig: path,
    client: kube,
    folder,
    writes: async () => countWrites(await text(`${server}/metrics`, files.ca, adminToken)),
    async stop() {
      await kube.close();
      await api.stop();
      await store.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function installCrds(kube: KubeClient): Promise<void> {
  for (const file of globSync('crds/*.yaml')) {
    await kube.create(customResourceDefinitions, parse(readFileSync(file, 'utf8')) as KubeObject);
  }
  for (const resource of [externalSecrets, secretStores, clusterSecretStores]) await isServed(kube, resource);
}

/** A new kind answers "not found" and then "initializing" for a moment. */
async function isServed(kube: KubeClient, resource: Resource): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await kube.list(resource, { limit: 1 });
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function text(url: string, caFile: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ca: readFileSync(caFile), headers: { authorization: `Bearer ${token}` } };
    httpsGet(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    }).on('error', reject);
  });
}

const WRITE_VERBS = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']);

function countWrites(metrics: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, labels = '', value = '0'] of metrics.matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm)) {
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (!WRITE_VERBS.has(label('verb'))) continue;
    const subresource = label('subresource') === '' ? '' : `/${label('subresource')}`;
    const key = `${label('verb')} ${label('resource')}${subresource}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}
