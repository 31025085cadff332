/** The sandbox's cluster as a backend of the suite: sessions log in as a ServiceAccount and read another namespace. */
import { startKube, type SandboxKube } from '../../sandbox/kube/server.ts';
import { namespaces, secrets, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/http-client.ts';
import { kubernetesModule } from '../../src/providers/kubernetes/index.ts';
import { kubernetes } from '../../src/providers/kubernetes/spec.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import type { ProviderBackend, ProviderFaults } from './provider.ts';
import { openAs } from './tenant.ts';

export interface KubernetesBackend extends ProviderBackend {
  readonly cluster: SandboxKube;
  readonly kube: KubeClient;
  readonly clock: WarpClock;
}

const REMOTE = /\/namespaces\/remote\/secrets/;

export async function kubernetesBackend(): Promise<KubernetesBackend> {
  const clock = new WarpClock();
  const cluster = await startKube({ clock, crds: [] });
  const kube = connect({ server: cluster.url });
  for (const name of ['shop', 'blue', 'remote']) await kube.create(namespaces, { metadata: { name } });
  await kube.create(serviceAccounts, { metadata: { namespace: 'shop', name: 'reader' } });
  const spec = {
    server: { url: cluster.url },
    auth: { serviceAccount: { name: 'reader' } },
    remoteNamespace: 'remote',
  };
  return {
    cluster,
    kube,
    clock,
    async open() {
      const client = await openAs({ kube, kind: 'SecretStore', namespace: 'shop', clock }, kubernetes, spec);
      // The suite stops this one API server, which also gives the tokens: have one before.
      await client.validate(new AbortController().signal);
      return { client, module: kubernetesModule };
    },
    async put(key, value) {
      await putSecret(kube, key, dataOf(String(value)));
      return '';
    },
    async calls() {
      const reads = cluster.requests().filter(({ path }) => REMOTE.test(path));
      return new Map([['GetSecret', reads.length]]);
    },
    resetCalls: async () => cluster.resetRequests(),
    async close() {
      await kube.close();
      await cluster.stop();
    },
  };
}

/** Creates or replaces a Secret, by default of the namespace `remote`; data as bytes. */
export async function putSecret(
  kube: KubeClient,
  name: string,
  data: Readonly<Record<string, Uint8Array>>,
  more: {
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  } = {},
): Promise<void> {
  const metadata = { namespace: 'remote', name, ...more };
  await kube.delete(secrets, metadata).catch(() => undefined);
  const encoded = Object.entries(data).map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]);
  await kube.create(secrets, { metadata, data: Object.fromEntries(encoded) } as never);
}

export function kubernetesFaults({ cluster, kube }: KubernetesBackend): ProviderFaults {
  const reads = { method: 'GET', path: REMOTE };
  const often = 1000;
  return {
    denyKey: async (key) => cluster.authorize(({ name }) => name !== key),
    throttle: () => cluster.faults.respond(reads, { status: 429, retryAfterSeconds: 1 }, often),
    fail: () => cluster.faults.respond(reads, { status: 503 }, often),
    /** The account is made anew: tokens of the old one are worth nothing. */
    async expireCredentials() {
      const reader = { namespace: 'shop', name: 'reader' };
      await kube.delete(serviceAccounts, reader);
      await kube.create(serviceAccounts, { metadata: reader });
    },
    slow: (ms) => cluster.faults.delay(reads, ms, often),
    stop: () => cluster.faults.stop(),
    async heal() {
      cluster.authorize(() => true);
      cluster.faults.heal();
      await cluster.faults.start();
    },
  };
}

/** The members of a JSON object as the keys of a Secret: texts as they are, anything else as JSON. */
export function dataOf(json: string): Record<string, Uint8Array> {
  const source = /"([^"]+)":((?:"(?:[^"\\]|\\.)*")|(?:\{[^}]*\})|(?:\[[^\]]*\])|[^,}]+)/g;
  const members = [...json.matchAll(source)].map(([, name = '', raw = '']) => {
    const text = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw === 'null' ? '' : raw;
    return [name, Buffer.from(text, 'utf8')] as const;
  });
  return Object.fromEntries(members);
}
