/** The Prometheus expressions of the chart's dashboard and alerts, and what they ask of the processes' metrics. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const MONITORING = join(import.meta.dirname, '../../charts/external-secrets/files/monitoring');
const read = (name: string): string => readFileSync(join(MONITORING, name), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
}
interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

export const alerts = (parse(read('alerts.yaml')) as { alerts: readonly Alert[] }).alerts;
const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
};
export const expressions: readonly string[] = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query])),
];

/** Labels that Prometheus adds to every series. */
export const TARGET_LABELS = ['service', 'pod', 'namespace', 'exported_namespace', 'le'];
const WORDS = new Set(
  'sum by rate increase histogram_quantile max or vector absent label_values controller priority'.split(' '),
);

/** One metric in an expression. */
export interface Selector {
  readonly name: string;
  /** Labels that are matched on. */
  readonly labels: readonly string[];
  /** Those that must have a certain value. */
  readonly equal: Readonly<Record<string, string>>;
}

export function selectors(expr: string): readonly Selector[] {
  const bare = expr.replaceAll(/\bby \([^)]*\)/g, '');
  return [...bare.matchAll(/\b([a-z_]+)(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => !WORDS.has(name) && name.includes('_') && !TARGET_LABELS.includes(name))
    .map(([, name = '', matchers = '']) => ({
      name,
      labels: [...matchers.matchAll(/([a-z_]+)\s*[=!]/g)].map(([, label = '']) => label),
      equal: Object.fromEntries(
        [...matchers.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]),
      ),
    }));
}

/** Labels that an expression groups by. */
export function groupings(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
}
