/**
 * The Vault of the benches: the real one, with Kubernetes auth against the bench's API server and an audit log, which is what is counted.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { serviceAccounts } from '../src/api/resources.ts';
import { applyObject, bindClusterRole } from '../test/integration/cluster.ts';
import { vault, VAULT_ROOT_TOKEN } from '../test/real-parts/backends.ts';
import { findOrBuild } from '../test/real-parts/build.ts';
import { freePorts } from '../test/real-parts/processes.ts';
import { NAMESPACE, type BenchCluster } from './cluster.ts';

export interface VaultProcess {
  readonly address: string;
  /** A call with the root token. */
  api(method: string, path: string, body?: object): Promise<unknown>;
  /** From now on {@link requests} counts. */
  reset(): void;
  /** What the audit log has since the last reset, without our own calls, as `operation path`; of reads only how many. */
  requests(): Readonly<Record<string, number>>;
  /** Living tokens, the root token included. */
  tokens(): Promise<number>;
  stop(): Promise<void>;
}

export async function startVault(cluster: BenchCluster, say: (line: string) => void): Promise<VaultProcess> {
  const binaries = await findOrBuild(say);
  const [port = 0] = await freePorts(1);
  const server = vault(binaries.vault, binaries['vault-auth-kubernetes'], cluster.folder, port);
  await server.start();
  const address = `http://127.0.0.1:${port}`;
  const auditLog = join(cluster.folder, 'vault-audit.log');
  const api = (method: string, path: string, body?: object): Promise<unknown> => call(address, method, path, body);
  await api('PUT', 'sys/audit/file', { type: 'file', options: { file_path: auditLog } });
  await enableKubernetesAuth(cluster, api);
  let from = 0;
  return {
    address,
    api,
    reset: () => void (from = statSync(auditLog).size),
    requests: () => countRequests(readFileSync(auditLog).subarray(from).toString('utf8')),
    async tokens() {
      const answer = (await api('LIST', 'auth/token/accessors')) as { data: { keys: readonly string[] } };
      return answer.data.keys.length;
    },
    stop: () => server.stop(),
  };
}

async function call(address: string, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${address}/v1/${path}${method === 'LIST' ? '?list=true' : ''}`, {
    method: method === 'LIST' ? 'GET' : method,
    headers: { 'x-vault-token': VAULT_ROOT_TOKEN },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Vault answered ${answer.status} to ${method} ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
}

async function enableKubernetesAuth(cluster: BenchCluster, api: VaultProcess['api']): Promise<void> {
  const reviewer = { namespace: NAMESPACE, name: 'vault-reviewer' };
  await applyObject(cluster.client, { apiVersion: 'v1', kind: serviceAccounts.kind, metadata: reviewer });
  await bindClusterRole(cluster.client, 'system:auth-delegator', reviewer);
  const { token } = await cluster.client.createToken(reviewer, { expirationSeconds: 24 * 3600 });
  const [{ cluster: found }] = (JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig).clusters;
  await api('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
  await api('POST', 'auth/kubernetes/config', {
    kubernetes_host: found.server,
    kubernetes_ca_cert: Buffer.from(found['certificate-authority-data'], 'base64').toString('utf8'),
    token_reviewer_jwt: token,
  });
}

interface AuditLine {
  readonly type: 'request' | 'response';
  readonly auth?: { readonly policies?: readonly string[] };
  readonly request: { readonly operation: string; readonly path: string };
}

function countRequests(log: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of log.split('\n')) {
    if (line === '') continue;
    const { type, auth, request } = JSON.parse(line) as AuditLine;
    if (type !== 'request' || auth?.policies?.includes('root') === true) continue;
    const name = request.path.startsWith('secret/data/')
      ? 'read secret/data/*'
      : `${request.operation} ${request.path}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
