/**
 * The whole sandbox: a cluster, AWS and Vault on one clock, and the account the operator has in that cluster. Quickstart, tests and
 * benches start from here.
 */
import { namespaces, serviceAccounts } from '../src/api/resources.ts';
import type { Clock } from '../src/clock.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { connect } from '../src/kube/http-client.ts';
import { startAws, type SandboxAws } from './aws/server.ts';
import { startKube, type SandboxKube } from './kube/server.ts';
import { startVault, type SandboxVault } from './vault/server.ts';

/** Where the operator lives in the sandbox's cluster, as the chart installs it. */
export const OPERATOR = { namespace: 'external-secrets', name: 'external-secrets' } as const;

export interface SandboxWorld {
  readonly cluster: SandboxKube;
  readonly aws: SandboxAws;
  readonly vault: SandboxVault;
  /** A client with all rights. */
  readonly kube: KubeClient;
  /** A token of the operator's ServiceAccount, good for a year. */
  readonly operatorToken: string;
  stop(): Promise<void>;
}

export async function startSandbox(clock: Clock): Promise<SandboxWorld> {
  const cluster = await startKube({ clock });
  const [aws, vault] = await Promise.all([startAws({ clock }), startVault({ clock, kube: cluster })]);
  const kube = connect({ server: cluster.url });
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR.namespace } });
  await kube.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: OPERATOR });
  const { token } = await kube.createToken(OPERATOR, { expirationSeconds: 365 * 24 * 3600 });
  return {
    cluster,
    aws,
    vault,
    kube,
    operatorToken: token,
    async stop() {
      await kube.close();
      await Promise.all([cluster.stop(), aws.stop(), vault.stop()]);
    },
  };
}
