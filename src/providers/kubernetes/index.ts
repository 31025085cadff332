/**
 * Opens sessions with an API server: credentials, connection pool, the namespace that is read.
 */
import type { Agent } from 'undici';
import { ProviderError } from '../errors.ts';
import { concernsAll } from '../exchange.ts';
import { outboundAgent, OutboundRules } from '../outbound.ts';
import type {
  FindQuery,
  ProviderModule,
  Push,
  PushOutcome,
  ReadOutcome,
  ReadRef,
  SecretsClient,
  SessionContext,
  Validity,
} from '../provider.ts';
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
  const agent = outboundAgent({ rules: new OutboundRules(environment.allowTargets), tls });
  const client = new KubernetesClient({ server, dispatcher: agent, tokens, clock, observe });
  const validate = (signal: AbortSignal): Promise<Validity> =>
    reviewAccess(client, tokens.who, spec.remoteNamespace, signal);
  const push = new KubernetesPush(client, spec.remoteNamespace, store.kind === 'ClusterSecretStore');
  return new KubernetesSession(new RemoteSecrets(client, spec.remoteNamespace), push, validate, agent);
}

class KubernetesSession implements SecretsClient {
  readonly batchSize = 1;
  readonly validate: (signal: AbortSignal) => Promise<Validity>;
  readonly #secrets: RemoteSecrets;
  readonly #push: KubernetesPush;
  readonly #agent: Agent;

  constructor(
    secrets: RemoteSecrets,
    push: KubernetesPush,
    validate: (signal: AbortSignal) => Promise<Validity>,
    agent: Agent,
  ) {
    this.#secrets = secrets;
    this.#push = push;
    this.validate = validate;
    this.#agent = agent;
  }

  read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    return Promise.all(refs.map((ref) => this.#readOne(ref, signal)));
  }

  find(query: FindQuery, signal: AbortSignal) {
    return this.#secrets.find(query, signal);
  }

  push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    return this.#push.push(push, signal);
  }

  remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    return this.#push.remove(removal, signal);
  }

  exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    return this.#push.exists(remoteKey, property, signal);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #readOne(ref: ReadRef, signal: AbortSignal): Promise<ReadOutcome> {
    try {
      return { ok: true, value: await this.#secrets.read(ref, signal) };
    } catch (error) {
      if (error instanceof ProviderError && !concernsAll(error)) return { ok: false, error };
      throw error;
    }
  }
}
