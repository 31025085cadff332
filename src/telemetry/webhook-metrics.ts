/** `controller_runtime_webhook_*`: the admission server's requests. `webhook` is the path. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class WebhookMetrics {
  readonly #requests: Counter<'webhook' | 'code'>;
  readonly #inFlight: Gauge<'webhook'>;
  readonly #latency: Histogram<'webhook'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'controller_runtime_webhook_requests_total',
      help: 'Admission requests by HTTP status.',
      labelNames: ['webhook', 'code'],
      registers,
    });
    this.#inFlight = new Gauge({
      name: 'controller_runtime_webhook_requests_in_flight',
      help: 'Admission requests being answered.',
      labelNames: ['webhook'],
      registers,
    });
    this.#latency = new Histogram({
      name: 'controller_runtime_webhook_latency_seconds',
      help: 'Time to answer admission requests.',
      labelNames: ['webhook'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
  }

  /** There is a webhook at this path: its series exist with 0 from now on. */
  expect(webhook: string): void {
    for (const code of ['200', '500']) this.#requests.inc({ webhook, code }, 0);
    this.#inFlight.inc({ webhook }, 0);
  }

  /** A request came in; call the result with the HTTP status and the time it took in milliseconds. */
  started(webhook: string): (code: number, tookMs: number) => void {
    this.#inFlight.inc({ webhook });
    return (code, tookMs) => {
      this.#inFlight.dec({ webhook });
      this.#requests.inc({ webhook, code: String(code) });
      this.#latency.observe({ webhook }, tookMs / 1000);
    };
  }
}
