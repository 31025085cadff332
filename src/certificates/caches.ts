/**
 * What the cert-controller watches. Of Secrets and CustomResourceDefinitions only that they changed: they are read when
 * they are worked on, a key is never kept in memory, and a definition is a quarter of a megabyte.
 */
import {
  customResourceDefinitions,
  endpointSlices,
  secrets,
  validatingWebhookConfigurations,
} from '../api/resources.ts';
import type { Clock } from '../clock.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import type { Stored } from '../kube/types.ts';
import type { Log } from '../log.ts';
import type { WebhookConfiguration } from './injection.ts';
import { WEBHOOK_LABEL } from './injector.ts';
import { hasReadyEndpoint } from './readiness.ts';

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly secret: ObjectName;
  readonly authoritySecret: ObjectName;
  readonly service: { readonly name: string; readonly namespace: string };
  readonly crdNames: readonly string[];
  /** `--enable-partial-cache`: hear only of definitions that carry our label. */
  readonly partial: boolean;
}

interface Version {
  readonly resourceVersion: string;
}

export interface CertificateCaches {
  readonly definitions: Informer<Version>;
  readonly configurations: Informer<Stored<WebhookConfiguration>>;
  readonly secrets: readonly Informer<Version>[];
  /** Slices with somebody ready behind them. Nothing waits for this one. */
  readonly endpoints: Informer<Version>;
}

const COMPONENT = WEBHOOK_LABEL.name;

export function buildCertificateCaches(options: CacheOptions): CertificateCaches {
  const { client, clock, log, random, secret, authoritySecret, service, crdNames, partial } = options;
  const common = { client, clock, log, random };
  const versionOf = ({ metadata }: Stored): Version => ({ resourceVersion: metadata.resourceVersion });
  // Rights may be given for this one name only: the API server then wants the name in the question.
  const oneSecret = ({ namespace, name }: ObjectName): Informer<Version> =>
    new Informer<Version>({
      ...common,
      resource: secrets,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      metadataOnly: true,
      transform: versionOf,
    });
  return {
    definitions: new Informer<Version>({
      ...common,
      resource: customResourceDefinitions,
      metadataOnly: true,
      ...(partial ? { labelSelector: `${COMPONENT}=controller` } : {}),
      transform: (definition) => (crdNames.includes(definition.metadata.name) ? versionOf(definition) : undefined),
    }),
    configurations: new Informer<Stored<WebhookConfiguration>>({
      ...common,
      resource: validatingWebhookConfigurations,
      labelSelector: `${COMPONENT}=${WEBHOOK_LABEL.value}`,
    }),
    secrets: [secret, authoritySecret].map(oneSecret),
    endpoints: new Informer<Version>({
      ...common,
      resource: endpointSlices,
      namespace: service.namespace,
      labelSelector: `kubernetes.io/service-name=${service.name}`,
      transform: (slice) => (hasReadyEndpoint(slice) ? versionOf(slice) : undefined),
    }),
  };
}
