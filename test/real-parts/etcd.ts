/**
 * etcd, the API server's memory. Compaction makes it forget old versions, which is how a real API server comes to
 * answer 410.
 */
import { join } from 'node:path';
import { ManagedProcess } from './processes.ts';

export function etcd(binary: string, folder: string, ports: { client: number; peer: number }): ManagedProcess {
  const client = etcdUrl(ports.client);
  const peer = `http://127.0.0.1:${ports.peer}`;
  return new ManagedProcess({
    name: 'etcd',
    command: binary,
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    log: join(folder, 'etcd.log'),
    ready: async () => (await fetch(`${client}/health`)).ok,
  });
}

export function etcdUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Forgets every version before now, after one write of its own, so that even the newest version known to a client is old. */
export async function compact(url: string): Promise<void> {
  const key = Buffer.from('/real-parts/tick').toString('base64');
  const written = await call(url, 'kv/put', { key, value: key });
  await call(url, 'kv/compaction', { revision: written.header.revision, physical: true });
}

async function call(url: string, path: string, body: unknown): Promise<{ header: { revision: string } }> {
  const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`);
  return (await answer.json()) as { header: { revision: string } };
}

/** What is stored under a key, e.g. `/registry/external-secrets.io/externalsecrets/shop/db`; undefined: nothing. */
export async function storedText(url: string, key: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify({ key: Buffer.from(key).toString('base64') }),
  });
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to kv/range: ${await answer.text()}`);
  const { kvs = [] } = (await answer.json()) as { kvs?: readonly { value: string }[] };
  return kvs[0] === undefined ? undefined : Buffer.from(kvs[0].value, 'base64').toString();
}
