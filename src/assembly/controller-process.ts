/**
 * Builds the controller process out of the rooms and runs it. The order of starting and stopping is the manager's; here stands what is
 * given to whom.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemClock, type Clock } from '../clock.ts';
import { ExternalSecretController } from '../controllers/external-secret/controller.ts';
import type { Deps } from '../controllers/external-secret/deps.ts';
import { Records } from '../controllers/external-secret/records.ts';
import { storeController } from '../controllers/secret-store/controller.ts';
import { identityOf, StoreGate, type StoreRef } from '../controllers/store-gate.ts';
import type { KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { EventRecorder } from '../kube/events.ts';
import { connect } from '../kube/http-client.ts';
import { LeaderElection } from '../kube/lease.ts';
import { objectKey, splitKey } from '../kube/types.ts';
import type { ControllerOptions } from '../options.ts';
import { ClientPool } from '../providers/pool.ts';
import type { StoreKind } from '../providers/provider.ts';
import { providers } from '../providers/registry.ts';
import type { Controller } from '../runtime/controller.ts';
import { runManager, type ElectionPart, type Part } from '../runtime/manager.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { TenantAccess } from '../tenancy/cluster-access.ts';
import { References } from '../tenancy/references.ts';
import { readTemplateSource } from '../tenancy/template-source.ts';
import { VERSION } from '../version.ts';
import { buildCaches, type Caches } from './caches.ts';
import { externalSecretEvents, storeEvents } from './events.ts';
import { goTemplateEngine, renderKeyTemplate } from './go-template-engine.ts';
import { externalSecretMetrics, storeMetrics } from './object-metrics.ts';
import { buildServers } from './servers.ts';

export interface ProcessDeps {
  readonly clock?: Clock;
  /** Where log lines go; default: stderr. */
  readonly logDestination?: { write(line: string): void };
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export interface RunningController {
  /** Empty when the metrics server is switched off. */
  readonly metricsUrl: string;
  readonly healthUrl: string;
  /** Stops in order; resolves when everything has ended. */
  stop(): Promise<void>;
  /** Exit code, once the process has nothing left to do: 0 after a stop, 1 when it cannot go on. */
  readonly exited: Promise<0 | 1>;
}

/** Starts everything; resolves when the servers listen. @throws Error when there is no API server to talk to. */
export async function startController(options: ControllerOptions, deps: ProcessDeps = {}): Promise<RunningController> {
  const process = await ControllerProcess.build(options, deps);
  return process.start();
}

const LEASE_NAMESPACE_FALLBACK = 'default';

class ControllerProcess {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #references = new References();
  readonly #recorder: EventRecorder;
  readonly #caches: Caches;
  readonly #pool: ClientPool;
  readonly #gate: StoreGate;
  #externalSecrets: ExternalSecretController | undefined;

  static async build(options: ControllerOptions, deps: ProcessDeps): Promise<ControllerProcess> {
    const clock = deps.clock ?? systemClock;
    const tokenFile = options.serviceAccountTokenFile;
    const config = await loadKubeConfig({ ...options.environment.kube, serviceAccountTokenFile: tokenFile, clock });
    return new ControllerProcess(options, deps, config);
  }

  private constructor(
    options: ControllerOptions,
    deps: ProcessDeps,
    config: Awaited<ReturnType<typeof loadKubeConfig>>,
  ) {
    this.#options = options;
    this.#clock = deps.clock ?? systemClock;
    this.#random = deps.random ?? Math.random;
    this.#log = createLogger({
      ...options.log,
      clock: this.#clock,
      ...(deps.logDestination === undefined ? {} : { destination: deps.logDestination }),
    });
    const { reconcilers, extendedMetricLabels } = options;
    this.#metrics = new Metrics({
      clock: this.#clock,
      kinds: [
        'externalsecret',
        ...(reconcilers.secretStore ? (['secretstore'] as const) : []),
        ...(reconcilers.clusterSecretStore ? (['clustersecretstore'] as const) : []),
      ],
      extendedLabels: extendedMetricLabels,
    });
    const { qps, burst } = options.client;
    this.#client = connect(
      { ...config, userAgent: `external-secrets-ts/${VERSION}` },
      {
        clock: this.#clock,
        qps,
        ...(burst === undefined ? {} : { burst }),
        observe: this.#metrics.kubeRequest,
      },
    );
    this.#namespace = options.environment.podNamespace ?? config.namespace ?? LEASE_NAMESPACE_FALLBACK;
    this.#recorder = new EventRecorder({
      client: this.#client,
      component: 'external-secrets',
      clock: this.#clock,
      log: this.#named('events'),
      random: this.#random,
    });
    this.#caches = buildCaches({
      client: this.#client,
      clock: this.#clock,
      log: this.#named('cache'),
      random: this.#random,
      references: this.#references,
      namespace: options.namespace,
      clusterStores: reconcilers.clusterSecretStore,
    });
    this.#pool = this.#buildPool();
    this.#gate = this.#buildGate();
  }

  async start(): Promise<RunningController> {
    this.#log.info({ version: VERSION }, 'starting');
    for (const note of this.#options.notes) this.#log.info({}, note);
    const controllers = this.#buildControllers();
    for (const controller of controllers) this.#metrics.watchController(controller);
    for (const watch of this.#caches.all) this.#metrics.watchProgress(watch.resource.plural, () => watch.state);
    const { metrics, health } = buildServers(this.#options, {
      clock: this.#clock,
      log: this.#named('server'),
      metrics: this.#metrics,
      client: this.#client,
      watches: this.#caches.all,
    });
    const abort = new AbortController();
    const exited = this.#run(controllers, [health, ...(metrics === undefined ? [] : [metrics])], abort.signal);
    const stop = async (): Promise<void> => {
      abort.abort(new DOMException('stopping', 'AbortError'));
      await exited;
    };
    const metricsUrl = metrics === undefined ? '' : `${await metrics.url}/metrics`;
    return { metricsUrl, healthUrl: await health.url, stop, exited };
  }

  async #run(controllers: readonly Controller[], servers: readonly Part[], signal: AbortSignal): Promise<0 | 1> {
    const election = this.#election();
    try {
      return await runManager(
        {
          servers,
          background: [
            { name: 'client pool', run: (ended) => this.#closePoolAfter(ended) },
            { name: 'event recorder', run: (ended) => this.#recorder.run(ended) },
          ],
          caches: this.#caches.all.map((watch) => ({
            name: watch.resource.plural,
            run: (ended) => watch.run(ended),
            synced: (ended) => watch.synced(ended),
          })),
          controllers,
          ...(election === undefined ? {} : { election }),
        },
        { signal, clock: this.#clock, log: this.#named('manager') },
      );
    } finally {
      await this.#client.close();
    }
  }

  async #closePoolAfter(ended: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      if (ended.aborted) resolve();
      ended.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.#pool.close();
  }

  #buildPool(): ClientPool {
    const { environment, allowTargets, controllerCredentialsForAll, serviceAccountTokenFile } = this.#options;
    const tenancy = {
      client: this.#client,
      references: this.#references,
      operatorToken: () => readFile(serviceAccountTokenFile, 'utf8'),
    };
    return new ClientPool({
      clock: this.#clock,
      random: this.#random,
      cluster: {
        access: (store, namespace, signal) => new TenantAccess(tenancy, store, namespace, signal),
        isCurrent: (object) => this.#references.isCurrent(object),
      },
      environment: {
        awsEndpoints: environment.awsEndpoints,
        awsDefaults: environment.awsDefaults,
        allowTargets,
        controllerCredentialsForAll,
      },
      observeCall: this.#metrics.providerCall,
      observeRead: this.#metrics.providerRead,
      onRecovered: (store, namespace) => this.#externalSecrets?.recovered(store, namespace),
    });
  }

  #buildGate(): StoreGate {
    const { secretStores, clusterSecretStores, namespaces } = this.#caches;
    const find = (ref: StoreRef, namespace: string): ReturnType<typeof secretStores.store.get> =>
      ref.kind === 'SecretStore'
        ? secretStores.store.get(objectKey(namespace, ref.name))
        : clusterSecretStores?.store.get(ref.name);
    return new StoreGate({
      find,
      namespaceLabels: (namespace) => namespaces?.store.get(namespace)?.labels,
      acquire: (store, namespace, signal, urgent) => this.#pool.acquire(store, namespace, signal, urgent),
      controllerClass: this.#options.controllerClass,
      floodGate: this.#options.floodGate,
    });
  }

  #buildControllers(): readonly Controller[] {
    const { reconcilers } = this.#options;
    this.#externalSecrets = this.#buildExternalSecrets();
    return [
      ...(reconcilers.secretStore ? [this.#buildStores('SecretStore')] : []),
      ...(reconcilers.clusterSecretStore ? [this.#buildStores('ClusterSecretStore')] : []),
      this.#externalSecrets.controller,
    ];
  }

  #buildExternalSecrets(): ExternalSecretController {
    const { externalSecrets, targets, secretStores, clusterSecretStores, namespaces } = this.#caches;
    const records = new Records();
    this.#metrics.watchOverdue('externalsecret', () => records.overdue(this.#clock.now()));
    const controller = new ExternalSecretController({
      deps: this.#externalSecretDeps(records),
      informers: {
        externalSecrets,
        targets,
        stores: [
          { kind: 'SecretStore', informer: secretStores },
          ...(clusterSecretStores === undefined
            ? []
            : [{ kind: 'ClusterSecretStore' as const, informer: clusterSecretStores }]),
        ],
      },
      references: this.#references,
      clock: this.#clock,
      random: this.#random,
      log: this.#named('externalsecret'),
      observer: this.#metrics.controllerObserver('externalsecret'),
      concurrency: this.#concurrency(),
    });
    namespaces?.addHandler((previous, current, key) => {
      if (previous !== undefined && current !== undefined) controller.namespaceChanged(key);
    });
    return controller;
  }

  #externalSecretDeps(records: Records): Deps {
    const { controllerClass, reconcilers, statusHeartbeatMs, templateDelimiters } = this.#options;
    const { externalSecrets, targets } = this.#caches;
    return {
      client: this.#client,
      clock: this.#clock,
      log: this.#named('externalsecret'),
      settings: { controllerClass, clusterStores: reconcilers.clusterSecretStore, heartbeatMs: statusHeartbeatMs },
      externalSecrets: externalSecrets.store,
      targets: targets.store,
      targetsCreatedBy: (namespace, mark) => targets.store.byIndex('createdBy', objectKey(namespace, mark)),
      gate: this.#gate,
      engine: goTemplateEngine({ clock: this.#clock, delimiters: templateDelimiters }),
      renderKey: renderKeyTemplate({ clock: this.#clock }),
      readTemplate: (dependent, kind, name, key, signal) =>
        readTemplateSource(
          { client: this.#client, references: this.#references },
          dependent,
          { kind, name, key },
          signal,
        ),
      records,
      events: externalSecretEvents(this.#recorder),
      metrics: externalSecretMetrics(this.#metrics),
      forgetDependencies: (key) => {
        const { namespace = '', name } = splitKey(key);
        this.#references.forget({ kind: 'ExternalSecret', namespace, name });
      },
    };
  }

  #buildStores(kind: StoreKind): Controller {
    const informer = kind === 'SecretStore' ? this.#caches.secretStores : this.#caches.clusterSecretStores!;
    const component = kind === 'SecretStore' ? 'secret-store' : 'cluster-secret-store';
    const uids = new Map<string, string>();
    informer.addHandler((_previous, current, key) => {
      if (current !== undefined) uids.set(key, identityOf(current, kind).uid);
    });
    return storeController({
      deps: {
        kind,
        client: this.#client,
        clock: this.#clock,
        random: this.#random,
        stores: informer.store,
        controllerClass: this.#options.controllerClass,
        requeueIntervalMs: this.#options.storeRequeueIntervalMs,
        providers,
        acquire: (store, namespace, signal, urgent) => this.#pool.acquire(store, namespace, signal, urgent),
        retire: (key) => {
          const { namespace = '', name } = splitKey(key);
          const uid = uids.get(key);
          if (uid !== undefined) this.#pool.retireStore(uid);
          uids.delete(key);
          this.#references.forget({ kind, namespace, name });
        },
        events: storeEvents(this.#recorder.as(component), kind),
        metrics: storeMetrics(this.#metrics, kind),
        told: new Map(),
      },
      informer,
      references: this.#references,
      random: this.#random,
      log: this.#named(kind.toLowerCase()),
      observer: this.#metrics.controllerObserver(kind.toLowerCase()),
      concurrency: this.#concurrency(),
    });
  }

  #election(): ElectionPart | undefined {
    const { enabled, id, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options.leaderElection;
    if (!enabled) return undefined;
    return {
      run: (signal, listener) =>
        new LeaderElection({
          client: this.#client,
          namespace: this.#namespace,
          name: id,
          identity: `${hostname()}_${Math.floor(this.#random() * 2 ** 32).toString(16)}`,
          clock: this.#clock,
          log: this.#named('lease'),
          random: this.#random,
          leaseDurationMs,
          renewDeadlineMs,
          retryPeriodMs,
          observer: {
            leading: () => {
              this.#metrics.leading(id, true);
              listener.leading();
            },
            paused: () => {
              this.#metrics.leading(id, false);
              listener.paused();
            },
          },
        }).run(signal),
    };
  }

  /** Waiting reconciles are cheap and calls to backends are bounded in the pool: `--concurrent` is a floor (D54). */
  #concurrency(): number {
    return Math.max(this.#options.concurrent, 1000);
  }

  #named(logger: string): Logger {
    return this.#log.child({ logger });
  }
}
