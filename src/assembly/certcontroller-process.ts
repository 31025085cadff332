/**
 * Builds the cert-controller process out of the rooms and runs it: it makes and renews the webhook's certificates and
 * tells the API server whom to trust.
 */
import { systemClock, type Clock } from '../clock.ts';
import { buildCertificateCaches, type CertificateCaches } from '../certificates/caches.ts';
import { CertificateControllers } from '../certificates/controllers.ts';
import { readinessChecks } from '../certificates/readiness.ts';
import type { KubeClient } from '../kube/client.ts';
import { loadKubeConfig, type LoadedConfig } from '../kube/config.ts';
import { EventRecorder } from '../kube/events.ts';
import { connect } from '../kube/http-client.ts';
import type { CertControllerOptions } from '../options.ts';
import { runManager, type ElectionPart } from '../runtime/manager.ts';
import { cacheFilled, healthServer, watchLoopTurns, type HealthCheck } from '../telemetry/health.ts';
import type { HttpPart } from '../telemetry/http-server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { VERSION } from '../version.ts';
import type { Watch } from './caches.ts';
import type { ProcessDeps, RunningController } from './controller-process.ts';
import { electionPart } from './election.ts';
import { buildMetricsServer } from './servers.ts';

/** Starts everything; resolves when the servers listen. @throws Error when there is no API server to talk to. */
export async function startCertController(
  options: CertControllerOptions,
  deps: ProcessDeps = {},
): Promise<RunningController> {
  const clock = deps.clock ?? systemClock;
  const { environment } = options;
  const config = await loadKubeConfig({ ...environment.kube, proxies: environment.proxies, clock });
  return new CertControllerProcess(options, deps, config).start();
}

const LEASE = 'crd-certs-controller';
const COMPONENT = 'validating-webhook-configuration';

class CertControllerProcess {
  readonly #options: CertControllerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #recorder: EventRecorder;
  readonly #caches: CertificateCaches;
  readonly #controllers: CertificateControllers;
  #leading = false;

  constructor(options: CertControllerOptions, deps: ProcessDeps, config: LoadedConfig) {
    this.#options = options;
    this.#clock = deps.clock ?? systemClock;
    this.#random = deps.random ?? Math.random;
    const clock = this.#clock;
    const random = this.#random;
    const destination = deps.logDestination === undefined ? {} : { destination: deps.logDestination };
    this.#log = createLogger({ ...options.log, clock, ...destination });
    this.#metrics = new Metrics({ clock, kinds: [] });
    const userAgent = `external-secrets-ts/${VERSION}`;
    this.#client = connect({ ...config, userAgent }, { clock, observe: this.#metrics.kubeRequest });
    this.#namespace = options.environment.podNamespace ?? config.namespace ?? options.secret.namespace;
    const common = { client: this.#client, clock, random };
    const { secret, service, crdNames } = options;
    const authoritySecret = { namespace: secret.namespace, name: options.authoritySecretName };
    this.#recorder = new EventRecorder({ ...common, component: COMPONENT, log: this.#named('events') });
    this.#caches = buildCertificateCaches({
      ...common,
      log: this.#named('cache'),
      secret,
      authoritySecret,
      service,
      crdNames,
      partial: options.partialCache,
    });
    this.#controllers = new CertificateControllers({
      ...common,
      log: this.#log,
      observe: (controller) => this.#metrics.controllerObserver(controller),
      caches: this.#caches,
      secret,
      authoritySecret,
      service,
      crdNames,
      intervalMs: options.requeueIntervalMs,
      onInjectionFailure: (about, message) => this.#recorder.event(about, 'Warning', 'UpdateFailed', message),
    });
  }

  async start(): Promise<RunningController> {
    this.#log.info({ version: VERSION }, 'starting');
    for (const note of this.#options.notes) this.#log.info({}, note);
    for (const controller of this.#controllers.all) this.#metrics.watchController(controller);
    const log = this.#named('server');
    const metrics = buildMetricsServer(this.#options.metrics, {
      clock: this.#clock,
      log,
      metrics: this.#metrics,
      client: this.#client,
    });
    const health = this.#health(log);
    const abort = new AbortController();
    const exited = this.#run([health, ...(metrics === undefined ? [] : [metrics])], abort.signal);
    const stop = async (): Promise<void> => {
      abort.abort(new DOMException('stopping', 'AbortError'));
      await exited;
    };
    const metricsUrl = metrics === undefined ? '' : `${await metrics.url}/metrics`;
    return { metricsUrl, healthUrl: await health.url, stop, exited };
  }

  #health(log: Logger): HttpPart {
    const watches: readonly Watch[] = [...this.#gating(), this.#caches.endpoints];
    return healthServer({
      addr: this.#options.healthzAddr,
      log,
      live: watches.map((watch) => watchLoopTurns(watch.resource.plural, () => watch.state, this.#clock)),
      ready: [
        ...this.#gating().map((watch): HealthCheck => cacheFilled(watch.resource.plural, watch)),
        ...readinessChecks({
          crdNames: this.#options.crdNames,
          definitions: this.#controllers.definitions,
          configurations: this.#controllers.configurations,
          isLeading: () => this.#leading,
          endpointProblem: () => this.#endpointProblem(),
        }),
      ],
    });
  }

  #endpointProblem(): string | undefined {
    const { name, namespace } = this.#options.service;
    const { endpoints } = this.#caches;
    return endpoints.store.size > 0 ? undefined : `nobody is ready behind Service ${namespace}/${name}`;
  }

  /** Nothing is decided before these are filled. */
  #gating(): readonly Watch[] {
    return [this.#caches.definitions, this.#caches.configurations, ...this.#caches.secrets];
  }

  async #run(servers: readonly HttpPart[], signal: AbortSignal): Promise<0 | 1> {
    try {
      return await runManager(
        {
          servers,
          background: [
            { name: 'event recorder', run: (ended) => this.#recorder.run(ended) },
            { name: 'endpointslices', run: (ended) => this.#caches.endpoints.run(ended) },
          ],
          caches: this.#gating().map((watch) => ({
            name: watch.resource.plural,
            run: (ended) => watch.run(ended),
            synced: (ended) => watch.synced(ended),
          })),
          controllers: this.#controllers.all,
          election: this.#election(),
        },
        { signal, clock: this.#clock, log: this.#named('manager') },
      );
    } finally {
      await this.#client.close();
    }
  }

  /** Undefined: this process always leads. */
  #election(): ElectionPart | undefined {
    if (!this.#options.leaderElection) {
      this.#leading = true;
      return undefined;
    }
    const election = electionPart({
      client: this.#client,
      namespace: this.#namespace,
      name: LEASE,
      clock: this.#clock,
      random: this.#random,
      log: this.#named('lease'),
      metrics: this.#metrics,
    });
    return {
      run: (signal, listener) =>
        election.run(signal, {
          leading: () => {
            this.#leading = true;
            listener.leading();
          },
          // Still the one that answers for the work, unless another takes it.
          paused: () => listener.paused(),
        }),
    };
  }

  #named(logger: string): Logger {
    return this.#log.child({ logger });
  }
}
