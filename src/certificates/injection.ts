/**
 * Which parts of webhook configurations and CustomResourceDefinitions say where the webhook is and whom to trust, and
 * what they should say. Pure.
 */
import type { KubeObject } from '../kube/types.ts';
import { TerminalError } from '../runtime/errors.ts';

export interface ClientConfig {
  /** Set instead of `service` where the webhook runs outside of the cluster: left as it is. */
  readonly url?: string;
  readonly service?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** Base64 of PEM. */
  readonly caBundle?: string;
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: ClientConfig;
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly Webhook[];
}

export interface Definition extends KubeObject {
  readonly spec?: {
    readonly conversion?: { readonly strategy?: string; readonly webhook?: { readonly clientConfig?: ClientConfig } };
  };
}

/** What clients of the webhook are to be told. */
export interface Injected {
  readonly service: { readonly name: string; readonly namespace: string };
  /** PEM. */
  readonly bundle: string;
}

/** Webhooks of others may stand in the same configuration. */
const OUR_SUFFIX = 'external-secrets.io';

const isOurs = ({ name }: Webhook): boolean => name.endsWith(OUR_SUFFIX);
const encoded = (pem: string): string => Buffer.from(pem).toString('base64');

/** The configuration as it should be; undefined when it is. */
export function injectConfiguration<T extends WebhookConfiguration>(
  configuration: T,
  injected: Injected,
): T | undefined {
  const { webhooks = [] } = configuration;
  let changed = false;
  const wanted = webhooks.map((webhook) => {
    const clientConfig = isOurs(webhook) ? injectClient(webhook.clientConfig, injected) : undefined;
    changed ||= clientConfig !== undefined;
    return clientConfig === undefined ? webhook : { ...webhook, clientConfig };
  });
  return changed ? { ...configuration, webhooks: wanted } : undefined;
}

/** Whether all our webhooks of a configuration trust exactly this bundle. */
export function carries({ webhooks = [] }: WebhookConfiguration, bundle: string): boolean {
  return webhooks.filter(isOurs).every(({ clientConfig }) => clientConfig.caBundle === encoded(bundle));
}

/** How many webhooks of a configuration are ours. */
export function ourWebhooks({ webhooks = [] }: WebhookConfiguration): number {
  return webhooks.filter(isOurs).length;
}

/** Whether objects of this kind are converted by calling the webhook. */
export function isConverted({ spec }: Definition): boolean {
  return (spec?.conversion?.strategy ?? 'None') !== 'None';
}

/**
 * A merge patch for a definition whose objects are converted; undefined when it is as it should be.
 * @throws TerminalError when it names no webhook
 */
export function definitionPatch(definition: Definition, injected: Injected): object | undefined {
  if (!isConverted(definition)) return undefined;
  const { resourceVersion, name } = definition.metadata;
  const config = definition.spec?.conversion?.webhook?.clientConfig;
  if (config === undefined) {
    throw new TerminalError(
      'InvalidConversion',
      `spec.conversion of CustomResourceDefinition ${name ?? ''} names no webhook.clientConfig: set its strategy to None`,
    );
  }
  const clientConfig = injectClient(config, injected);
  if (clientConfig === undefined) return undefined;
  // The version is a precondition: what was changed meanwhile is looked at again.
  return { metadata: { resourceVersion }, spec: { conversion: { webhook: { clientConfig } } } };
}

function injectClient(config: ClientConfig, { service, bundle }: Injected): ClientConfig | undefined {
  const caBundle = encoded(bundle);
  const named = config.service?.name === service.name && config.service.namespace === service.namespace;
  if (config.caBundle === caBundle && (named || config.url !== undefined)) return undefined;
  return config.url === undefined
    ? { ...config, service: { ...config.service, ...service }, caBundle }
    : { ...config, caBundle };
}
