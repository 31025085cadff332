/** What single backends ask of a push, on the sandbox. */
import { startVault } from '../../sandbox/vault/server.ts';
import { secrets } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { kubernetes } from '../../src/providers/kubernetes/spec.ts';
import type { SecretsClient, StoreKind } from '../../src/providers/provider.ts';
import { kubernetesBackend } from './kubernetes.ts';
import { kubernetesPushRules } from './kubernetes-push-rules.ts';
import { openAs } from './tenant.ts';
import { vaultMount } from './vault-push.ts';
import { vaultPushRules } from './vault-push-rules.ts';

vaultPushRules('the sandbox’s Vault', async () => {
  const vault = await startVault({ clock: systemClock });
  return {
    mount: (version, casRequired) => vaultMount(vault, systemClock, version, casRequired),
    close: () => vault.stop(),
  };
});

kubernetesPushRules('the sandbox’s cluster', async () => {
  const backend = await kubernetesBackend();
  const { cluster, kube } = backend;
  const open = (kind: StoreKind = 'SecretStore'): Promise<SecretsClient> =>
    openAs({ kube, kind, namespace: 'shop', clock: backend.clock }, kubernetes, {
      server: { url: cluster.url },
      auth: { serviceAccount: { name: 'reader' } },
      remoteNamespace: 'remote',
    });
  return {
    kube,
    remote: 'remote',
    third: 'blue',
    open,
    async openWithout(verb) {
      cluster.authorize((asked) => asked.resource !== secrets.plural || asked.verb !== verb);
      return open();
    },
    heal: async () => cluster.authorize(() => true),
    close: () => backend.close(),
  };
});
