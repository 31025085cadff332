/** An env on the sandbox: cluster, AWS and Vault in this process, all on one clock that tests can move. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAws, type SandboxAws } from '../../sandbox/aws/server.ts';
import { startKube } from '../../sandbox/kube/server.ts';
import { startVault } from '../../sandbox/vault/server.ts';
import { namespaces, serviceAccounts } from '../../src/api/resources.ts';
import { connect } from '../../src/kube/http-client.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import { applyObject } from './cluster.ts';
import type { Env } from './env.ts';
import { makeEnv } from './make-env.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { kubectl } from '../../sandbox/kubectl.ts';

const PATIENCE_MS = 10_000;

export async function sandboxEnv(): Promise<Env & { readonly aws: SandboxAws }> {
  const clock = new WarpClock();
  const cluster = await startKube({ clock });
  const [aws, vault] = await Promise.all([startAws({ clock }), startVault({ clock, kube: cluster })]);
  const kube = connect({ server: cluster.url });
  const account = { namespace: OPERATOR_NAMESPACE, name: OPERATOR_ACCOUNT };
  await applyObject(kube, { apiVersion: 'v1', kind: namespaces.kind, metadata: { name: OPERATOR_NAMESPACE } });
  await applyObject(kube, { apiVersion: 'v1', kind: serviceAccounts.kind, metadata: account });
  const { token } = await kube.createToken(account, { expirationSeconds: 365 * 24 * 3600 });
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-env-'));
  return makeEnv({
    kind: 'sandbox',
    clock,
    kube,
    aws,
    vault,
    kubeFaults: cluster.faults,
    features: new Set(['aws-faults', 'kube-faults', 'vault-faults', 'fast-time', 'restart']),
    apiServer: { server: cluster.url },
    operator: { folder, kubeconfig: cluster.kubeconfig(), token, aws: aws.endpoint },
    // The sandbox allows everybody everything.
    kubeconfigOf: () => Promise.resolve(cluster.kubeconfig()),
    allow: () => Promise.resolve(),
    patienceMs: PATIENCE_MS,
    grant: () => Promise.resolve(),
    advance: (ms) => clock.advance(ms),
    kubectl: (args) => kubectl(get, args),
    async close() {
      await kube.close();
      await Promise.all([cluster.stop(), aws.stop(), vault.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  });

  async function get(path: string, accept: string): Promise<unknown> {
    return (await fetch(`${cluster.url}${path}`, { headers: { accept } })).json();
  }
}
