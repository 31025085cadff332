/**
 * What all parts of the controller process share: time, log, metrics, the way to the API server, caches, sessions. Built once, in
 * order; the controllers are built on it in files of their own.
 */
import { systemClock, type Clock } from '../clock.ts';
import type { IsLeaving } from '../controllers/leaving-namespace.ts';
import { StoreGate, type StoreRef } from '../controllers/store-gate.ts';
import type { TemplateEngine } from '../controllers/external-secret/template-engine.ts';
import { Manifests } from '../controllers/external-secret/manifest/manifests.ts';
import type { RenderKey } from '../controllers/external-secret/rewrite.ts';
import type { Generators } from '../generators/index.ts';
import type { KubeClient } from '../kube/client.ts';
import { loadKubeConfig, type LoadedConfig } from '../kube/config.ts';
import { EventRecorder } from '../kube/events.ts';
import { connect } from '../kube/http-client.ts';
import { routineClient } from '../kube/routine-client.ts';
import { objectKey } from '../kube/types.ts';
import type { ControllerOptions } from '../options.ts';
import type { ClientPool } from '../providers/pool.ts';
import type { StoreIdentity } from '../providers/provider.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics, type MeteredKind } from '../telemetry/metrics.ts';
import { References } from '../tenancy/references.ts';
import { VERSION } from '../version.ts';
import { buildCaches, type Caches, type WatchedKinds } from './caches.ts';
import { clientPool } from './client-pool.ts';
import { buildGenerators } from './generators.ts';
import { GoTemplates } from './go-template-engine.ts';

export interface ProcessDeps {
  readonly clock?: Clock;
  /** Where log lines go; default: stderr. */
  readonly logDestination?: { write(line: string): void };
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export interface Core {
  readonly options: ControllerOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly client: KubeClient;
  /** The same for passes that nobody waits for. One for all controllers: what they do together is bounded. */
  readonly routine: KubeClient;
  /** The operator's own namespace, where its Lease is. */
  readonly namespace: string;
  readonly references: References;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
  readonly isLeaving: IsLeaving;
  readonly pool: ClientPool;
  readonly gate: StoreGate;
  /** The same for pushing, where stores that are not ready are tried all the same (`behaviour.md` 3.4). */
  readonly pushGate: StoreGate;
  readonly generators: Generators;
  /** Targets that are no Secrets; undefined without `--unsafe-allow-generic-targets`. */
  readonly manifests: Manifests | undefined;
  readonly templates: { readonly engine: TemplateEngine; readonly renderKey: RenderKey; close(): Promise<void> };
  /** A logger that names the part that speaks. */
  readonly named: (logger: string) => Logger;
  /** `listener` hears when the circuit of a store's identity closes. `namespace` empty: of all consumers. */
  readonly onRecovered: (listener: (store: StoreIdentity, namespace: string) => void) => void;
}

const NAMESPACE_FALLBACK = 'default';

/** @throws ConfigError when there is no API server to talk to */
export async function buildCore(options: ControllerOptions, deps: ProcessDeps): Promise<Core> {
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? Math.random;
  const { serviceAccountTokenFile, environment } = options;
  const config = await loadKubeConfig({
    ...environment.kube,
    proxies: environment.proxies,
    serviceAccountTokenFile,
    clock,
  });
  const destination = deps.logDestination;
  const log = createLogger({ ...options.log, clock, ...(destination === undefined ? {} : { destination }) });
  const named = (logger: string): Logger => log.child({ logger });
  const metrics = new Metrics({ clock, kinds: meteredKinds(options), extendedLabels: options.extendedMetricLabels });
  const client = clientOf(config, options, clock, metrics);
  const references = new References();
  const common = { client, clock, random };
  const recorder = new EventRecorder({ ...common, component: 'external-secrets', log: named('events') });
  const caches = buildCaches({
    ...common,
    log: named('cache'),
    references,
    namespace: options.namespace,
    ...watched(options),
  });
  const recovered: ((store: StoreIdentity, namespace: string) => void)[] = [];
  const onRecovered = (store: StoreIdentity, namespace: string): void =>
    recovered.forEach((tell) => tell(store, namespace));
  const pool = clientPool({ ...common, options, references, metrics, onRecovered });
  return {
    ...common,
    routine: routineClient(client),
    options,
    log,
    named,
    metrics,
    namespace: environment.podNamespace ?? config.namespace ?? NAMESPACE_FALLBACK,
    references,
    recorder,
    caches,
    isLeaving: (namespace) => caches.namespaces?.store.get(namespace)?.terminating === true,
    pool,
    gate: storeGate(options, caches, pool, clock),
    pushGate: storeGate({ ...options, floodGate: false }, caches, pool, clock),
    generators: buildGenerators({
      ...common,
      options,
      log: named('generators'),
      references,
      metrics,
      states: caches.generatorStates,
    }),
    manifests: options.genericTargets ? otherTargets({ ...common, options, caches, log: named('targets') }) : undefined,
    templates: new GoTemplates({ clock, delimiters: options.templateDelimiters }),
    onRecovered: (listener) => void recovered.push(listener),
  };
}

function clientOf(config: LoadedConfig, options: ControllerOptions, clock: Clock, metrics: Metrics): KubeClient {
  const { qps, burst } = options.client;
  const limits = { qps, ...(burst === undefined ? {} : { burst }) };
  return connect(
    { ...config, userAgent: `external-secrets-ts/${VERSION}` },
    { ...limits, clock, observe: metrics.kubeRequest },
  );
}

function storeGate(options: ControllerOptions, caches: Caches, pool: ClientPool, clock: Clock): StoreGate {
  const { secretStores, clusterSecretStores, namespaces } = caches;
  return new StoreGate({
    find: (ref: StoreRef, namespace: string) =>
      ref.kind === 'SecretStore'
        ? secretStores.store.get(objectKey(namespace, ref.name))
        : clusterSecretStores?.store.get(ref.name),
    namespaceLabels: (namespace) => namespaces?.store.get(namespace)?.labels,
    acquire: (store, namespace, signal, urgent) => pool.acquire(store, namespace, signal, urgent),
    now: () => clock.now(),
    controllerClass: options.controllerClass,
    floodGate: options.floodGate,
  });
}

function otherTargets({
  options,
  caches,
  ...common
}: Pick<Core, 'client' | 'clock' | 'random' | 'log' | 'options' | 'caches'>): Manifests {
  return new Manifests({
    ...common,
    namespace: options.namespace,
    isTarget: (key) => caches.externalSecrets.store.byIndex('manifest', key).length > 0,
  });
}

/** Which watches the reconcilers need. */
function watched({ reconcilers }: ControllerOptions): WatchedKinds {
  const { clusterSecretStore, clusterExternalSecret, clusterPushSecret, pushSecret } = reconcilers;
  return {
    clusterStores: clusterSecretStore,
    pushSecrets: pushSecret || clusterPushSecret,
    clusterExternalSecrets: clusterExternalSecret,
    clusterPushSecrets: clusterPushSecret,
  };
}

function meteredKinds({ reconcilers }: ControllerOptions): readonly MeteredKind[] {
  return [
    'externalsecret',
    ...(reconcilers.secretStore ? (['secretstore'] as const) : []),
    ...(reconcilers.clusterSecretStore ? (['clustersecretstore'] as const) : []),
    ...(reconcilers.pushSecret ? (['pushsecret'] as const) : []),
    ...(reconcilers.clusterExternalSecret ? (['clusterexternalsecret'] as const) : []),
    ...(reconcilers.clusterPushSecret ? (['clusterpushsecret'] as const) : []),
  ];
}

/** Waiting reconciles are cheap and calls to backends are bounded in the pool: `--concurrent` is a floor (D54). */
export function concurrencyOf({ options }: Core): number {
  return Math.max(options.concurrent, 1000);
}
