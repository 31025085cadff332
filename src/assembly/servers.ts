/**
 * The HTTP servers of the processes: metrics and health, as the flags say.
 */
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Log } from '../log.ts';
import type { ControllerOptions, MetricsServerOptions } from '../options.ts';
import { reviewAuthorizer } from '../telemetry/authorizer.ts';
import { cacheFilled, healthServer, watchLoopTurns } from '../telemetry/health.ts';
import type { HttpPart, KeyPairSource } from '../telemetry/http-server.ts';
import { keyPairFiles, selfSignedPair } from '../telemetry/key-pairs.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { metricsServer } from '../telemetry/metrics-server.ts';
import type { Watch } from './caches.ts';

export interface MetricsServerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Asked who may scrape. */
  readonly client: Pick<KubeClient, 'raw'>;
}

export interface ServerDeps extends MetricsServerDeps {
  readonly watches: readonly Watch[];
}

export interface Servers {
  /** Undefined when `--metrics-addr` is `0`. */
  readonly metrics: HttpPart | undefined;
  readonly health: HttpPart;
}

export function buildServers(options: ControllerOptions, deps: ServerDeps): Servers {
  const { clock, log, watches } = deps;
  const health = healthServer({
    addr: options.liveAddr,
    log,
    live: watches.map((watch) => watchLoopTurns(watch.resource.plural, () => watch.state, clock)),
    ready: watches.map((watch) => cacheFilled(watch.resource.plural, watch)),
  });
  return { metrics: buildMetricsServer(options.metrics, deps), health };
}

/** Undefined when `--metrics-addr` is `0`. */
export function buildMetricsServer(options: MetricsServerOptions, deps: MetricsServerDeps): HttpPart | undefined {
  const { addr } = options;
  if (addr === undefined) return undefined;
  const { log, client } = deps;
  return metricsServer({
    addr,
    log,
    metrics: deps.metrics,
    ...(options.secure ? { tls: { keys: keyPairs(options, deps), http2: options.http2 } } : {}),
    ...(options.auth ? { authorize: reviewAuthorizer((path, review) => client.raw('POST', path, review)) } : {}),
  });
}

function keyPairs(options: MetricsServerOptions, { clock, log, metrics }: MetricsServerDeps): KeyPairSource {
  if (options.certDir === undefined) return selfSignedPair(clock, ['localhost', hostname()]);
  const { certDir: dir, certName, keyName } = options;
  return keyPairFiles({ dir, certName, keyName, clock, log, observe: metrics.certificateRead });
}
