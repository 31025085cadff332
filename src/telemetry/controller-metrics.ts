/**
 * `controller_runtime_*` and `workqueue_*`: how the control loops are doing. Names and labels are those that dashboards for
 * Kubernetes controllers already know; durations arrive in milliseconds and leave in seconds.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import { allLanes, laneName } from '../runtime/lanes.ts';
import type { ControllerObserver, QueueGauges, ReconcileResult } from '../runtime/observer.ts';
import { scrapedGauge } from './scraped-gauge.ts';

/** What a controller offers to a scrape. */
export interface ControllerGauges {
  readonly name: string;
  readonly concurrency: number;
  gauges(): QueueGauges;
}

const RESULTS: readonly ReconcileResult[] = ['success', 'error', 'requeue', 'requeue_after'];
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 20, 30, 60];
const QUEUE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600];

const controllerLabel = ['controller'] as const;
const queueLabels = ['name', 'controller'] as const;
const depthLabels = ['name', 'controller', 'priority'] as const;

export class ControllerMetrics {
  readonly #controllers = new Map<string, ControllerGauges>();
  readonly #total: Counter<'controller' | 'result'>;
  readonly #failures: Readonly<Record<'error' | 'terminal' | 'panic' | 'timeout', Counter<'controller'>>>;
  readonly #reconcileTime: Histogram<'controller'>;
  readonly #adds: Counter<'name' | 'controller'>;
  readonly #retries: Counter<'name' | 'controller'>;
  readonly #queueTime: Histogram<'name' | 'controller'>;
  readonly #workTime: Histogram<'name' | 'controller'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const failures = (name: string, help: string): Counter<'controller'> =>
      new Counter({ name: `controller_runtime_${name}_total`, help, labelNames: controllerLabel, registers });
    const queue = (name: string, help: string) => ({
      name: `workqueue_${name}`,
      help,
      labelNames: queueLabels,
      registers,
    });

    this.#total = new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciles by result.',
      labelNames: ['controller', 'result'],
      registers,
    });
    this.#failures = {
      error: failures('reconcile_errors', 'Reconciles that failed.'),
      terminal: failures('terminal_reconcile_errors', 'Reconciles that failed in a way that retrying cannot cure.'),
      panic: failures('reconcile_panics', 'Reconciles that failed by a bug.'),
      timeout: failures('reconcile_timeouts', 'Reconciles that were cut off because they took too long.'),
    };
    this.#reconcileTime = new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Duration of reconciles.',
      labelNames: controllerLabel,
      buckets: RECONCILE_BUCKETS,
      registers,
    });
    this.#adds = new Counter(queue('adds_total', 'Keys that began to wait.'));
    this.#retries = new Counter(queue('retries_total', 'Failed keys that were put back with a delay.'));
    this.#queueTime = new Histogram({
      ...queue('queue_duration_seconds', 'How long keys waited for a worker.'),
      buckets: QUEUE_BUCKETS,
    });
    this.#workTime = new Histogram({
      ...queue('work_duration_seconds', 'How long work on a key took.'),
      buckets: QUEUE_BUCKETS,
    });
    this.#collectFromControllers(registry);
  }

  /** What the controller of this name should report to. Its counters exist with 0 from now on. */
  observer(name: string): ControllerObserver {
    const controller = { controller: name };
    const queue = { name, controller: name };
    for (const result of RESULTS) this.#total.inc({ ...controller, result }, 0);
    for (const counter of Object.values(this.#failures)) counter.inc(controller, 0);
    for (const counter of [this.#adds, this.#retries]) counter.inc(queue, 0);
    return {
      added: () => this.#adds.inc(queue),
      started: (_lane, waitedMs) => this.#queueTime.observe(queue, waitedMs / 1000),
      finished: (tookMs) => this.#workTime.observe(queue, tookMs / 1000),
      retried: () => this.#retries.inc(queue),
      reconciled: (result, tookMs) => {
        this.#total.inc({ ...controller, result });
        if (result === 'error') this.#failures.error.inc(controller);
        this.#reconcileTime.observe(controller, tookMs / 1000);
      },
      failedAs: (what) => this.#failures[what].inc(controller),
    };
  }

  /** From now on scrapes ask this controller for its depth and its work in flight. */
  watch(controller: ControllerGauges): void {
    this.#controllers.set(controller.name, controller);
  }

  #collectFromControllers(registry: Registry): void {
    const each = (help: string, name: string, read: (controller: ControllerGauges) => number): void =>
      scrapedGauge(registry, { name, help, labelNames: controllerLabel }, (set) => {
        for (const [controller, gauges] of this.#controllers) set({ controller }, read(gauges));
      });
    const eachQueue = (help: string, name: string, readMs: (gauges: QueueGauges) => number): void =>
      scrapedGauge(registry, { name, help, labelNames: queueLabels }, (set) => {
        for (const [name, gauges] of this.#controllers) set({ name, controller: name }, readMs(gauges.gauges()) / 1000);
      });
    each('Most reconciles in flight.', 'controller_runtime_max_concurrent_reconciles', (one) => one.concurrency);
    each('Reconciles in flight.', 'controller_runtime_active_workers', (one) => one.gauges().running);
    eachQueue('Age of all work in flight, summed.', 'workqueue_unfinished_work_seconds', (one) => one.unfinishedMs);
    eachQueue(
      'Age of the oldest work in flight.',
      'workqueue_longest_running_processor_seconds',
      (one) => one.longestRunningMs,
    );
    const depth = { name: 'workqueue_depth', help: 'Keys that wait, by urgency.', labelNames: depthLabels };
    scrapedGauge(registry, depth, (set) => {
      for (const [name, controller] of this.#controllers) {
        const { depth } = controller.gauges();
        for (const lane of allLanes) set({ name, controller: name, priority: laneName(lane) }, depth[lane] ?? 0);
      }
    });
  }
}
