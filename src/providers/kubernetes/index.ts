/**
 * Opens sessions with an API server: credentials, connection pool, the namespace that is read.
 */
import { readOneByOne } from '../one-by-one.ts';
import { outboundAgent, OutboundRules } from '../outbound.ts';
import type { ProviderModule, SecretsClient, SessionContext } from '../provider.ts';
import { UnprobedClient } from '../unprobed-client.ts';
import { reviewAccess } from './access.ts';
import { dependsOnNamespace } from './check.ts';
import { KubernetesClient } from './client.ts';
import { connectionOf } from './connection.ts';
import { KubernetesPush } from './push.ts';
import { RemoteSecrets } from './secrets.ts';
import type { KubernetesSpec } from './spec.ts';
import { kubernetesValues } from './values.ts';

export const kubernetesModule: ProviderModule<KubernetesSpec> = { open: openKubernetes, values: kubernetesValues };

/** @throws InvalidProviderConfigError when an object the spec names is missing, or the spec is of no use. */
async function openKubernetes(context: SessionContext<KubernetesSpec>): Promise<SecretsClient> {
  const { spec, namespace, store, clock, observe, environment } = context;
  if (store.kind === 'ClusterSecretStore' && namespace === '' && dependsOnNamespace(spec)) return new UnprobedClient();
  const { server, tls, tokens } = await connectionOf(context);
  const agent = outboundAgent({ rules: new OutboundRules(environment.allowTargets, environment.proxies), tls });
  const client = new KubernetesClient({ server, dispatcher: agent, tokens, clock, observe });
  const secrets = new RemoteSecrets(client, spec.remoteNamespace);
  const push = new KubernetesPush(client, spec.remoteNamespace, store.kind === 'ClusterSecretStore');
  return {
    batchSize: 1,
    read: (refs, signal) => readOneByOne(refs, (ref) => secrets.read(ref, signal)),
    find: (query, signal) => secrets.find(query, signal),
    push: (wanted, signal) => push.push(wanted, signal),
    remove: (removal, signal) => push.remove(removal, signal),
    exists: (remoteKey, property, signal, entry) => push.exists(remoteKey, property, signal, entry),
    validate: (signal) => reviewAccess(client, tokens.who, spec.remoteNamespace, signal),
    close: () => agent.destroy(),
  };
}
