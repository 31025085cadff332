/**
 * Builds the webhook process out of the rooms and runs it: it answers the API server's admission requests. It needs the
 * Kubernetes API only to watch its one Secret and to ask who may scrape, and is good for nothing else with it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secrets } from '../api/resources.ts';
import { KEYS, textOf, type SecretObject } from '../certificates/secrets.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { connect } from '../kube/http-client.ts';
import { Informer } from '../kube/informer.ts';
import type { WebhookOptions } from '../options.ts';
import { runManager, type Part } from '../runtime/manager.ts';
import { healthServer } from '../telemetry/health.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { WebhookMetrics } from '../telemetry/webhook-metrics.ts';
import { VERSION } from '../version.ts';
import { judge } from '../webhook/judgement.ts';
import type { ReviewRequest, Verdict } from '../webhook/review.ts';
import { AdmissionServer } from '../webhook/server.ts';
import { ServingCertificate, type ServingMaterial } from '../webhook/serving-certificate.ts';
import { tlsSettings } from '../webhook/tls-settings.ts';
import { admissionRules } from './admission-rules.ts';
import type { ProcessDeps, RunningController } from './controller-process.ts';
import { buildMetricsServer } from './servers.ts';

export interface RunningWebhook extends RunningController {
  /** `https://127.0.0.1:<port>`, once there is a certificate to serve with. */
  readonly admissionUrl: Promise<string>;
}

export interface WebhookDeps extends ProcessDeps {
  /** How long requests are still taken after a stop, in milliseconds. Default 5 s. */
  readonly lingerMs?: number;
}

const LINGER_MS = 5_000;
const DEFAULT_NAMESPACE = 'default';

/** Starts everything; resolves when health and metrics are served. @throws RangeError, ConfigError */
export async function startWebhook(options: WebhookOptions, deps: WebhookDeps = {}): Promise<RunningWebhook> {
  const tls = tlsSettings(options.tlsMinVersion, options.tlsCiphers);
  const clock = deps.clock ?? systemClock;
  const destination = deps.logDestination === undefined ? {} : { destination: deps.logDestination };
  const log = createLogger({ ...options.log, clock, ...destination });
  log.info({ version: VERSION }, 'starting');
  for (const note of options.notes) log.info({}, note);
  const metrics = new Metrics({ clock, kinds: [] });
  const requests = new WebhookMetrics(metrics.registry);
  const cluster = await connectIfNeeded(options, clock, metrics);
  const { certificate, watch } = buildCertificate(options, { clock, log, metrics, cluster }, (material) =>
    admission.serveWith(material),
  );
  const admission = new AdmissionServer({
    port: options.port,
    pair: () => certificate.current,
    tls,
    http2: options.metrics.http2,
    judges: judges(requests),
    clock,
    log: log.child({ logger: 'admission' }),
    observe: (path) => requests.started(path),
    lingerMs: deps.lingerMs ?? LINGER_MS,
  });
  const serverLog = log.child({ logger: 'server' });
  const health = healthServer({
    addr: options.healthzAddr,
    log: serverLog,
    live: [],
    ready: [
      { name: 'certs', problem: () => certificate.problem() },
      { name: 'admission', problem: () => (admission.isListening ? undefined : 'does not listen yet') },
    ],
  });
  const client = cluster?.client ?? { raw: () => Promise.reject(new Error('no API server is known')) };
  const metricsServer = buildMetricsServer(options.metrics, { clock, log: serverLog, metrics, client });
  const abort = new AbortController();
  const exited = run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort(new DOMException('stopping', 'AbortError'));
    await exited;
  };
  const metricsUrl = metricsServer === undefined ? '' : `${await metricsServer.url}/metrics`;
  return { metricsUrl, healthUrl: await health.url, admissionUrl: admission.url, stop, exited };

  async function run(signal: AbortSignal): Promise<0 | 1> {
    try {
      return await runManager(
        {
          servers: [health, ...(metricsServer === undefined ? [] : [metricsServer])],
          background: watch,
          // Served is only what clients accept: the admission server starts after the first good certificate.
          caches: [
            { name: certificate.name, run: (ended) => certificate.run(ended), synced: () => certificate.synced() },
          ],
          controllers: [
            { name: admission.name, run: (ended) => admission.run(ended), pause: () => {}, resume: () => {} },
          ],
        },
        { signal, clock, log: log.child({ logger: 'manager' }) },
      );
    } finally {
      await cluster?.client.close();
    }
  }
}

interface ClusterConnection {
  readonly client: KubeClient;
  readonly namespace: string;
}

async function connectIfNeeded(
  { secret, metrics: { auth }, environment }: WebhookOptions,
  clock: Clock,
  metrics: Metrics,
): Promise<ClusterConnection | undefined> {
  if (secret === undefined && !auth) return undefined;
  const config = await loadKubeConfig({ ...environment.kube, proxies: environment.proxies, clock });
  const userAgent = `external-secrets-ts/${VERSION}`;
  return {
    client: connect({ ...config, userAgent }, { clock, observe: metrics.kubeRequest }),
    namespace: environment.podNamespace ?? config.namespace ?? DEFAULT_NAMESPACE,
  };
}

interface CertificateDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly cluster: ClusterConnection | undefined;
}

function buildCertificate(
  options: WebhookOptions,
  { clock, log, metrics, cluster }: CertificateDeps,
  onChange: (material: ServingMaterial) => void,
): { readonly certificate: ServingCertificate; readonly watch: readonly Part[] } {
  const { dnsName, certDir, checkIntervalMs, lookaheadMs, secret } = options;
  const named = log.child({ logger: 'certificate' });
  const informer =
    secret === undefined || cluster === undefined
      ? undefined
      : new Informer<ServingMaterial>({
          client: cluster.client,
          resource: secrets,
          namespace: secret.namespace ?? cluster.namespace,
          fieldSelector: `metadata.name=${secret.name}`,
          transform: (object) => materialOf(object),
          clock,
          log: named,
        });
  const certificate = new ServingCertificate({
    dnsName,
    readFiles: () => readFolder(certDir),
    fromSecret: () => [...(informer?.store.list() ?? [])][0],
    checkIntervalMs,
    lookaheadMs,
    clock,
    log: named,
    observe: metrics.certificateRead,
    onChange,
  });
  informer?.addHandler(() => certificate.secretChanged());
  const watch = informer === undefined ? [] : [{ name: 'Secret', run: (ended: AbortSignal) => informer.run(ended) }];
  return { certificate, watch };
}

function materialOf(secret: SecretObject): ServingMaterial {
  return { cert: textOf(secret, KEYS.cert), key: textOf(secret, KEYS.key), bundle: textOf(secret, KEYS.bundle) };
}

async function readFolder(folder: string): Promise<ServingMaterial> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const [bundle, cert, key] = await Promise.all([read(KEYS.bundle), read(KEYS.cert), read(KEYS.key)]);
  return { bundle, cert, key };
}

const PATHS = {
  ExternalSecret: '/validate-external-secrets-io-v1-externalsecret',
  SecretStore: '/validate-external-secrets-io-v1-secretstore',
  ClusterSecretStore: '/validate-external-secrets-io-v1-clustersecretstore',
} as const;

function judges(metrics: WebhookMetrics): ReadonlyMap<string, (request: ReviewRequest) => Verdict> {
  const kinds = Object.keys(PATHS) as (keyof typeof PATHS)[];
  for (const kind of kinds) metrics.expect(PATHS[kind]);
  return new Map(kinds.map((kind) => [PATHS[kind], (request) => judge(kind, request, admissionRules)]));
}
