/** Gauges that nobody has to keep up to date: they are read when somebody scrapes. */
import { Gauge, type Registry } from 'prom-client';

export interface GaugeSpec<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
}

/** @param read called at each scrape with a function that sets one series; series it does not set are gone */
export function scrapedGauge<L extends string>(
  registry: Registry,
  spec: GaugeSpec<L>,
  read: (set: (labels: Partial<Record<L, string>>, value: number) => void) => void,
): void {
  const gauge = new Gauge<L>({
    ...spec,
    registers: [],
    collect() {
      // prom-client gives a gauge without labels a series of its own; with labels it has none until one is set.
      this.reset();
      read((labels, value) => this.set(labels, value));
    },
  });
  registry.registerMetric(gauge);
}
