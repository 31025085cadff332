/**
 * All metrics of the process and where they are told what happens. Names and labels of the peer's metrics are a contract
 * (dashboards and alerts exist); ours are marked by the prefix `external_secrets_` or named beside the one they explain.
 */
import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { ControllerObserver } from '../runtime/observer.ts';
import { ControllerMetrics, type ControllerGauges } from './controller-metrics.ts';
import { ObjectMetrics, type MeteredKind } from './object-metrics.ts';
import { scrapedGauge } from './scraped-gauge.ts';

export type { ConditionStatus, MeteredKind, MeteredObject } from './object-metrics.ts';

export interface MetricsOptions {
  readonly clock: Clock;
  /** Kinds whose controllers run. */
  readonly kinds: readonly MeteredKind[];
  /** `--enable-extended-metric-labels`. Default false. */
  readonly extendedLabels?: boolean;
  /** CPU, memory, event loop, descriptors of this process. Default true. */
  readonly process?: boolean;
}

/** What a watch tells about itself; times in milliseconds since the epoch. */
export interface WatchProgress {
  /** When the API server last said anything; undefined: never. */
  readonly lastProgressAt: number | undefined;
}

export class Metrics {
  readonly registry = new Registry();
  /** Series of the single objects. */
  readonly objects: ObjectMetrics;
  readonly #clock: Clock;
  readonly #controllers: ControllerMetrics;
  readonly #providerCalls: Counter<'provider' | 'call' | 'status'>;
  readonly #providerReads: Counter<'provider' | 'how'>;
  readonly #kubeRequests: Counter<'code' | 'method' | 'host'>;
  readonly #droppedEvents: Counter;
  readonly #certificateReads: Counter;
  readonly #certificateErrors: Counter;
  readonly #watches = new Map<string, { readonly since: number; readonly read: () => WatchProgress }>();
  readonly #leaders = new Map<string, boolean>();

  constructor(options: MetricsOptions) {
    const { clock, kinds, extendedLabels = false, process = true } = options;
    this.#clock = clock;
    this.objects = new ObjectMetrics(kinds, extendedLabels);
    this.#controllers = new ControllerMetrics(this.registry);
    this.#providerCalls = this.#counter('externalsecret_provider_api_calls_count', 'Calls to backends.', [
      'provider',
      'call',
      'status',
    ]);
    this.#providerReads = this.#counter(
      'external_secrets_provider_reads_total',
      'Values asked for, by how they were obtained: by a call of their own, in a batch, or shared with another asker.',
      ['provider', 'how'],
    );
    this.#kubeRequests = this.#counter('rest_client_requests_total', 'Requests to the API server.', [
      'code',
      'method',
      'host',
    ]);
    this.#droppedEvents = this.#counter('external_secrets_events_dropped_total', 'Events that were not sent.', []);
    this.#certificateReads = this.#counter('certwatcher_read_certificate_total', 'Times the certificate was read.', []);
    this.#certificateErrors = this.#counter(
      'certwatcher_read_certificate_errors_total',
      'Times the certificate could not be read.',
      [],
    );
    this.#collectWatches();
    this.#collectLeaders();
    if (process) collectDefaultMetrics({ register: this.registry });
  }

  /** What the controller of this kind reports to; give it to its constructor, then call {@link watchController}. */
  controllerObserver(name: string): ControllerObserver {
    return this.#controllers.observer(name);
  }

  watchController(controller: ControllerGauges): void {
    this.#controllers.watch(controller);
  }

  /** One call to a backend. Fits `ApiCallObserver` of the provider contract. */
  readonly providerCall = (provider: string, call: string, status: 'success' | 'error'): void => {
    for (const each of ['success', 'error']) this.#providerCalls.inc({ provider, call, status: each }, 0);
    this.#providerCalls.inc({ provider, call, status });
  };

  /** One value that somebody asked for. */
  readonly providerRead = (provider: string, how: 'direct' | 'batched' | 'shared'): void =>
    this.#providerReads.inc({ provider, how });

  /** One request to the API server. `code`: HTTP status or `<error>`. Fits the client's `observe`. */
  readonly kubeRequest = ({ code, method, host }: { code: string; method: string; host: string }): void =>
    this.#kubeRequests.inc({ code, method, host });

  readonly eventDropped = (count = 1): void => this.#droppedEvents.inc(count);

  readonly certificateRead = (succeeded: boolean): void =>
    (succeeded ? this.#certificateReads : this.#certificateErrors).inc();

  /** `lease`: name of the Lease. Without leader election there is no such series. */
  readonly leading = (lease: string, leads: boolean): void => void this.#leaders.set(lease, leads);

  /** `resource`: e.g. `externalsecrets`, or `secrets/shop` for a watch of one namespace. */
  watchProgress(resource: string, read: () => WatchProgress): void {
    this.#watches.set(resource, { since: this.#clock.now(), read });
  }

  /** Gauge `<kind>_overdue`: how many objects should have been refreshed by now, by more than a tenth of their interval. */
  watchOverdue(kind: 'externalsecret' | 'pushsecret', count: () => number): void {
    const help = 'Objects whose refresh is late by more than a tenth of their interval.';
    scrapedGauge(this.registry, { name: `${kind}_overdue`, help, labelNames: [] }, (set) => set({}, count()));
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** What `/metrics` answers. */
  async render(): Promise<string> {
    const others = await this.registry.metrics();
    // prom-client writes a number that is none (event loop lag before its first sample) in a way not all scrapers read.
    return `${await this.objects.text()}${others.replaceAll(/ Nan$/gm, ' NaN')}`;
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #collectWatches(): void {
    const name = 'external_secrets_watch_idle_seconds';
    const help = 'Time since the API server last said anything on this watch; bookmarks come about every minute.';
    scrapedGauge(this.registry, { name, help, labelNames: ['resource'] }, (set) => {
      const now = this.#clock.now();
      for (const [resource, { since, read }] of this.#watches) {
        set({ resource }, Math.max(0, now - (read().lastProgressAt ?? since)) / 1000);
      }
    });
  }

  #collectLeaders(): void {
    const help = '1 while this process holds the Lease, else 0.';
    scrapedGauge(this.registry, { name: 'leader_election_master_status', help, labelNames: ['name'] }, (set) => {
      for (const [name, leads] of this.#leaders) set({ name }, leads ? 1 : 0);
    });
  }
}
