/** The reference install in a cluster that has the Prometheus operator's kinds (J02, J22): what it finds there is followed to the Pods. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Exposition } from '../../src/telemetry/parse-exposition.ts';
import { alerts, selectors } from '../chart/expressions.ts';
import { MONITORING_CRDS } from '../chart/foreign-crds.ts';
import { apply, clean, eventually, install, kubectl, list, NAMESPACE, REFERENCE, SOON, uninstall } from './cluster.ts';
import { fakeStore, fromFake, valuesOf } from './objects.ts';
import { scrapeAsPrometheus, targetsOf, type MonitorSpec, type Target } from './prometheus.ts';

const CONTROLLER = 'external-secrets-metrics';
const WEBHOOK = 'external-secrets-webhook-metrics';
const CERT_CONTROLLER = 'external-secrets-cert-controller-metrics';
/** Monitor, Service, beginning of the Pod's name, and a metric that only this process serves. */
const MONITORED = [
  [CONTROLLER, 'external-secrets-metrics', /^external-secrets-[0-9a-f]+-\w+$/, 'externalsecret_sync_calls_total'],
  [
    WEBHOOK,
    'external-secrets-webhook',
    /^external-secrets-webhook-[0-9a-f]+-\w+$/,
    'controller_runtime_webhook_requests_total',
  ],
  [
    CERT_CONTROLLER,
    'external-secrets-cert-controller-metrics',
    /^external-secrets-cert-controller-[0-9a-f]+-\w+$/,
    'controller_runtime_reconcile_total',
  ],
] as const;

let notes = '';
before(async () => {
  await clean();
  await apply(...MONITORING_CRDS);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  notes = await install([...REFERENCE, '--set=prometheusRule.enabled=true'], SOON);
  await apply(fakeStore('default'), fromFake('default', 'scraped'));
  await valuesOf('default', 'scraped');
});
after(async () => {
  // First what has these kinds: Helm cannot remove objects of a kind that is gone.
  await uninstall();
  await kubectl(['delete', 'crd', ...MONITORING_CRDS.map(({ metadata }) => metadata.name), '--ignore-not-found']);
  await clean();
});

async function monitors(): Promise<ReadonlyMap<string, MonitorSpec>> {
  const found = await list('servicemonitors.monitoring.coreos.com', `--namespace=${NAMESPACE}`);
  return new Map(found.map(({ metadata, spec }) => [metadata.name, spec as unknown as MonitorSpec]));
}

/** The one target of a monitor. */
async function targetOf(monitor: string): Promise<Target> {
  const spec = (await monitors()).get(monitor);
  assert.ok(spec !== undefined, `there is no ServiceMonitor ${monitor}`);
  const [target, ...more] = await targetsOf(spec);
  assert.ok(target !== undefined, `the ServiceMonitor ${monitor} leads to no Pod`);
  assert.deepEqual(more, []);
  return target;
}

async function scraped(monitor: string): Promise<Exposition> {
  return scrapeAsPrometheus(await targetOf(monitor));
}

test('the kinds are found by themselves: three ServiceMonitors and a PrometheusRule, and nothing is said to be left out', async () => {
  assert.deepEqual([...(await monitors()).keys()].sort(), [CERT_CONTROLLER, CONTROLLER, WEBHOOK].sort());
  const rules = await list('prometheusrules.monitoring.coreos.com', `--namespace=${NAMESPACE}`);
  assert.deepEqual(
    rules.map(({ metadata }) => metadata.name),
    ['external-secrets'],
  );
  assert.doesNotMatch(notes, /left out/);
});

for (const [monitor, service, pod, metric] of MONITORED) {
  test(`${monitor} leads through its Service to one Pod, which serves ${metric}`, async () => {
    const target = await targetOf(monitor);
    assert.equal(target.service, service);
    assert.match(target.pod, pod);
    const { samples } = await scrapeAsPrometheus(target);
    assert.ok(samples.some(({ name }) => name === metric));
  });
}

test('the controller’s page tells of the ExternalSecret that was synced', async () => {
  // The end of a pass is counted after its Secret is there to be seen.
  await eventually(async () => {
    const { samples } = await scraped(CONTROLLER);
    const of = (metric: string, more: Readonly<Record<string, string>> = {}) =>
      samples.find(
        ({ name, labels }) =>
          name === metric &&
          Object.entries({ namespace: 'default', name: 'scraped', ...more }).every(([key, is]) => labels[key] === is),
      )?.value;
    assert.ok((of('externalsecret_sync_calls_total') ?? 0) >= 1);
    assert.equal(of('externalsecret_sync_calls_error'), 0);
    assert.equal(of('externalsecret_status_condition', { condition: 'Ready', status: 'True' }), 1);
  });
});

test('pages are asked for every 30 s, and waited for 25 s', async () => {
  for (const [name, { endpoints }] of await monitors())
    for (const { interval, scrapeTimeout, honorLabels } of endpoints)
      assert.deepEqual([interval, scrapeTimeout, honorLabels], ['30s', '25s', false], name);
});

test('the PrometheusRule has the alerts of the chart, and asks for metrics of the pages only', async () => {
  const [rule] = await list('prometheusrules.monitoring.coreos.com', `--namespace=${NAMESPACE}`);
  const groups = rule?.spec?.['groups'] as readonly { readonly rules: readonly { alert: string; expr: string }[] }[];
  const rules = groups.flatMap((group) => group.rules);
  assert.deepEqual(
    rules.map(({ alert, expr }) => ({ alert, expr })),
    alerts.map(({ alert, expr }) => ({ alert, expr })),
  );
  const { types } = await scraped(CONTROLLER);
  const served = (metric: string): boolean => types.has(metric);
  const missing = rules.flatMap(({ expr }) => selectors(expr).map(({ name }) => name)).filter((name) => !served(name));
  assert.deepEqual(missing, []);
});
