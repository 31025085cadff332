/** Dashboard and alerts speak of metrics: each must be one that a process serves, with the labels that are asked for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { Metrics, type MeteredKind } from '../../src/telemetry/metrics.ts';
import { WebhookMetrics } from '../../src/telemetry/webhook-metrics.ts';
import { ManualClock } from '../builders/manual-clock.ts';

const MONITORING = join(import.meta.dirname, '../../charts/external-secrets/files/monitoring');
const read = (name: string): string => readFileSync(join(MONITORING, name), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
}
interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

const alerts = (parse(read('alerts.yaml')) as { alerts: readonly Alert[] }).alerts;
const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
};
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query])),
];

/** Labels that Prometheus adds to every series. */
const TARGET_LABELS = ['service', 'pod', 'namespace', 'exported_namespace', 'le'];
const WORDS = new Set(
  'sum by rate increase histogram_quantile max or vector absent label_values controller priority'.split(' '),
);
const KINDS: readonly MeteredKind[] = ['externalsecret', 'secretstore', 'clustersecretstore', 'pushsecret'];

/** Everything a controller and a webhook that have worked would serve: labels by metric. */
async function served(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = new Metrics({
    clock: new ManualClock(),
    kinds: [...KINDS, 'clusterexternalsecret', 'clusterpushsecret'],
  });
  for (const kind of KINDS) {
    const object = { namespace: 'shop', name: 'db' };
    metrics.objects.recordPass(kind, object, { failed: true, tookMs: 1 });
    metrics.objects.recordCondition(kind, object, 'Ready', 'False');
  }
  metrics.providerCall('HashiCorp/Vault', 'ReadSecretData', 'error');
  metrics.providerRead('HashiCorp/Vault', 'shared');
  metrics.kubeRequest({ code: '200', method: 'GET', host: 'kubernetes' });
  metrics.watchOverdue('externalsecret', () => 0);
  metrics.watchProgress('externalsecrets', () => ({ lastProgressAt: undefined }));
  const gauges = { depth: {}, running: 0, unfinishedMs: 0, longestRunningMs: 0 };
  metrics.watchController({ name: 'externalsecret', concurrency: 1, gauges: () => gauges as never });
  metrics.controllerObserver('externalsecret').reconciled('error', 1);
  new WebhookMetrics(metrics.registry).started('/validate')(200, 1);
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of (await metrics.render()).matchAll(/^([a-z_]+)(?:\{(.*)\})? /gm)) {
    const known = found.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) known.add(label);
    found.set(name, known);
  }
  return found;
}

/** Metric names with the labels that are matched on. */
function selectors(expr: string): readonly { name: string; labels: readonly string[] }[] {
  const bare = expr.replaceAll(/\bby \([^)]*\)/g, '');
  return [...bare.matchAll(/\b([a-z_]+)(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => !WORDS.has(name) && name.includes('_'))
    .map(([, name = '', matchers = '']) => ({
      name,
      labels: [...matchers.matchAll(/([a-z_]+)\s*[=!]/g)].map(([, label = '']) => label),
    }));
}

test('every metric of the dashboard and the alerts is served, with these labels', async () => {
  const known = await served();
  const seen = expressions.flatMap(selectors).filter(({ name }) => !TARGET_LABELS.includes(name));
  assert.ok(seen.length > 40, `only ${seen.length} metrics were found in the expressions`);
  for (const { name, labels } of seen) {
    const offered = known.get(name);
    assert.ok(offered !== undefined, `nothing serves ${name}`);
    for (const label of labels.filter((each) => !TARGET_LABELS.includes(each))) {
      assert.ok(offered.has(label), `${name} has no label ${label}, only ${[...offered].join(', ')}`);
    }
  }
});

test('the alerts of the guides are there', () => {
  assert.deepEqual(
    alerts.map(({ alert }) => alert),
    [
      'ExternalSecretNotReady',
      'ExternalSecretSyncErrors',
      'SecretStoreNotReady',
      'ClusterSecretStoreNotReady',
      'PushSecretNotReady',
      'ExternalSecretProviderErrors',
      'ExternalSecretsOverdue',
      'ExternalSecretsWatchStalled',
      'ExternalSecretsAbsent',
    ],
  );
});
