/**
 * Tells the API server where the webhook is and whom to trust: one reconcile for webhook configurations, one for
 * CustomResourceDefinitions. Both take the bundle from the webhook's Secret as it is stored, never from memory.
 */
import { customResourceDefinitions, secrets, validatingWebhookConfigurations } from '../api/resources.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { ConflictError, NotFoundError } from '../kube/errors.ts';
import type { EventSubject } from '../kube/events.ts';
import { apiVersionOf } from '../kube/types.ts';
import type { Log } from '../log.ts';
import {
  definitionPatch,
  injectConfiguration,
  isConverted,
  ourWebhooks,
  type Definition,
  type Injected,
  type WebhookConfiguration,
} from './injection.ts';
import type { Injections } from './injections.ts';
import { KEYS, textOf, type SecretObject } from './secrets.ts';

export interface InjectorOptions {
  readonly client: Pick<KubeClient, 'get' | 'update' | 'patch'>;
  readonly secret: ObjectName;
  readonly service: Injected['service'];
  readonly log: Log;
  readonly configurations: Injections;
  readonly definitions: Injections;
  /** Told when a configuration could not be changed; for people, as an event. */
  readonly onFailure: (about: EventSubject, message: string) => void;
}

export const WEBHOOK_LABEL = { name: 'external-secrets.io/component', value: 'webhook' } as const;
const FIELD_MANAGER = 'external-secrets-cert-controller';

export class Injector {
  readonly #options: InjectorOptions;

  constructor(options: InjectorOptions) {
    this.#options = options;
  }

  async configuration(name: string, signal: AbortSignal): Promise<void> {
    const { configurations } = this.#options;
    await this.#recorded(configurations, name, () => this.#injectConfiguration(name, signal));
  }

  async definition(name: string, signal: AbortSignal): Promise<void> {
    const { definitions } = this.#options;
    await this.#recorded(definitions, name, () => this.#injectDefinition(name, signal));
  }

  async #injectConfiguration(name: string, signal: AbortSignal): Promise<void> {
    const { client, configurations, log } = this.#options;
    const found = await this.#get<WebhookConfiguration>(validatingWebhookConfigurations, name, signal);
    if (found?.metadata.labels?.[WEBHOOK_LABEL.name] !== WEBHOOK_LABEL.value || ourWebhooks(found) === 0) {
      configurations.forget(name);
      return;
    }
    const injected = await this.#injected(signal);
    if (injected === undefined) return;
    const wanted = injectConfiguration(found, injected);
    if (wanted !== undefined) {
      try {
        await client.update(validatingWebhookConfigurations, wanted, { signal, fieldManager: FIELD_MANAGER });
      } catch (error) {
        this.#tell(found, error, signal);
        throw error;
      }
      log.info({ configuration: name }, 'told the webhook configuration about the certificates');
    }
    configurations.succeeded(name, injected.bundle);
  }

  async #injectDefinition(name: string, signal: AbortSignal): Promise<void> {
    const { client, definitions, log } = this.#options;
    const injected = await this.#injected(signal);
    if (injected === undefined) return;
    const found = await this.#get<Definition>(customResourceDefinitions, name, signal);
    if (found === undefined) {
      log.warn({ name }, 'there is no such CustomResourceDefinition');
      definitions.forget(name);
      return;
    }
    const patch = definitionPatch(found, injected);
    if (patch !== undefined) {
      await client.patch(customResourceDefinitions, { name }, patch, { signal, fieldManager: FIELD_MANAGER });
      log.info({ name }, 'told the CustomResourceDefinition about the certificates');
    }
    definitions.succeeded(name, isConverted(found) ? injected.bundle : undefined);
  }

  /** Undefined until there are certificates: their coming wakes us. */
  async #injected(signal: AbortSignal): Promise<Injected | undefined> {
    const { client, secret, service, log } = this.#options;
    const bundle = textOf(await client.get<SecretObject>(secrets, secret, { signal }), KEYS.bundle);
    if (bundle !== '') return { service, bundle };
    log.info({ secret: secret.name }, 'there are no certificates yet');
    return undefined;
  }

  async #get<T extends Definition | WebhookConfiguration>(
    resource: Parameters<KubeClient['get']>[0],
    name: string,
    signal: AbortSignal,
  ): Promise<(Awaited<ReturnType<KubeClient['get']>> & T) | undefined> {
    try {
      return await this.#options.client.get<T>(resource, { name }, { signal });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  #tell(about: WebhookConfiguration, error: unknown, signal: AbortSignal): void {
    if (signal.aborted || error instanceof ConflictError) return;
    const subject = {
      apiVersion: apiVersionOf(validatingWebhookConfigurations),
      kind: validatingWebhookConfigurations.kind,
      metadata: { name: about.metadata.name ?? '', uid: about.metadata.uid ?? '' },
    };
    this.#options.onFailure(subject, error instanceof Error ? error.message : 'unknown error');
  }

  async #recorded(into: Injections, name: string, inject: () => Promise<void>): Promise<void> {
    try {
      await inject();
    } catch (error) {
      // Somebody else wrote at the same time: that is tried again at once and no failure.
      if (!(error instanceof ConflictError)) into.failed(name);
      throw error;
    }
  }
}
