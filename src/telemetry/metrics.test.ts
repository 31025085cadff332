import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog } from '../log.ts';
import { Controller } from '../runtime/controller.ts';
import { LANES } from '../runtime/lanes.ts';
import { parseExposition, type Exposition } from './parse-exposition.ts';
import { Metrics, type MeteredKind, type MetricsOptions } from './metrics.ts';
import { WebhookMetrics } from './webhook-metrics.ts';

const allKinds: readonly MeteredKind[] = [
  'externalsecret',
  'secretstore',
  'clustersecretstore',
  'pushsecret',
  'clusterexternalsecret',
  'clusterpushsecret',
];

const metricsWith = (options: Partial<MetricsOptions> = {}) => {
  const clock = new ManualClock();
  const metrics = new Metrics({ clock, kinds: allKinds, process: false, ...options });
  const scrape = async (): Promise<Exposition> => parseExposition(await metrics.render());
  /** Values of a metric by its labels other than `name` and `namespace`. */
  const values = async (name: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await scrape()).samples
        .filter((sample) => sample.name === name)
        .map(({ labels: { name: _name, namespace: _namespace, ...labels }, value }) => [
          Object.values(labels).join('='),
          value,
        ]),
    );
  return { clock, metrics, scrape, values };
};

const db = { namespace: 'shop', name: 'db' };

describe('the contract of names and labels (behaviour.md 7)', () => {
  const perObject = ['name', 'namespace'];
  const condition = [...perObject, 'condition', 'status'];
  const queue = ['name', 'controller'];
  const contract: readonly [string, string, readonly string[]][] = [
    ['externalsecret_sync_calls_total', 'counter', perObject],
    ['externalsecret_sync_calls_error', 'counter', perObject],
    ['externalsecret_provider_api_calls_count', 'counter', ['provider', 'call', 'status']],
    ...allKinds.flatMap((kind): [string, string, readonly string[]][] => [
      [`${kind}_reconcile_duration`, 'gauge', perObject],
      [`${kind}_status_condition`, 'gauge', condition],
    ]),
    ['controller_runtime_reconcile_total', 'counter', ['controller', 'result']],
    ['controller_runtime_reconcile_errors_total', 'counter', ['controller']],
    ['controller_runtime_terminal_reconcile_errors_total', 'counter', ['controller']],
    ['controller_runtime_reconcile_panics_total', 'counter', ['controller']],
    ['controller_runtime_reconcile_timeouts_total', 'counter', ['controller']],
    ['controller_runtime_reconcile_time_seconds', 'histogram', ['controller']],
    ['controller_runtime_max_concurrent_reconciles', 'gauge', ['controller']],
    ['controller_runtime_active_workers', 'gauge', ['controller']],
    ['workqueue_depth', 'gauge', [...queue, 'priority']],
    ['workqueue_adds_total', 'counter', queue],
    ['workqueue_retries_total', 'counter', queue],
    ['workqueue_queue_duration_seconds', 'histogram', queue],
    ['workqueue_work_duration_seconds', 'histogram', queue],
    ['workqueue_unfinished_work_seconds', 'gauge', queue],
    ['workqueue_longest_running_processor_seconds', 'gauge', queue],
    ['controller_runtime_webhook_requests_total', 'counter', ['webhook', 'code']],
    ['controller_runtime_webhook_requests_in_flight', 'gauge', ['webhook']],
    ['controller_runtime_webhook_latency_seconds', 'histogram', ['webhook']],
    ['rest_client_requests_total', 'counter', ['code', 'method', 'host']],
    ['leader_election_master_status', 'gauge', ['name']],
    ['certwatcher_read_certificate_total', 'counter', []],
    ['certwatcher_read_certificate_errors_total', 'counter', []],
    ['process_cpu_seconds_total', 'counter', []],
    ['process_resident_memory_bytes', 'gauge', []],
    ['process_start_time_seconds', 'gauge', []],
    // Ours.
    ...allKinds.map((kind): [string, string, readonly string[]] => [
      `${kind}_reconcile_duration_seconds`,
      'gauge',
      perObject,
    ]),
    ['externalsecret_overdue', 'gauge', []],
    ['external_secrets_provider_reads_total', 'counter', ['provider', 'how']],
    ['external_secrets_watch_idle_seconds', 'gauge', ['resource']],
    ['external_secrets_events_dropped_total', 'counter', []],
  ];

  it('is what a scrape of a busy process shows', async () => {
    const { clock, metrics, scrape } = metricsWith({ process: true });
    for (const kind of allKinds) {
      metrics.objects.recordPass(kind, db, { failed: true, tookMs: 5 });
      metrics.objects.recordCondition(kind, db, 'Ready', 'True');
    }
    const controller = new Controller({
      name: 'externalsecret',
      clock,
      random: () => 0,
      log: silentLog,
      observer: metrics.controllerObserver('externalsecret'),
      reconcile: () => Promise.reject(new TypeError('a bug')),
    });
    metrics.watchController(controller);
    const stop = new AbortController();
    const ended = controller.run(stop.signal);
    controller.enqueue('shop/db', LANES.first);
    await clock.advance(10);
    new WebhookMetrics(metrics.registry).started('/validate')(200, 3);
    metrics.providerCall('HashiCorp/Vault', 'Login', 'success');
    metrics.providerRead('vault', 'shared');
    metrics.kubeRequest({ code: '200', method: 'GET', host: '10.0.0.1:443' });
    metrics.leading('external-secrets-controller', true);
    metrics.watchProgress('secrets', () => ({ lastProgressAt: clock.now() }));
    metrics.watchOverdue('externalsecret', () => 0);
    const { types, samples } = await scrape();
    for (const [name, type, labels] of contract) {
      assert.equal(types.get(name), type, name);
      const series = samples.find((each) => each.name === (type === 'histogram' ? `${name}_count` : name));
      assert.ok(series !== undefined, `${name} has no series`);
      assert.deepEqual(Object.keys(series.labels).toSorted(), labels.toSorted(), name);
    }
    stop.abort();
    await ended;
  });

  it('has no group of a kind whose controller is switched off', async () => {
    const { scrape } = metricsWith({ kinds: ['externalsecret'] });
    const { types } = await scrape();
    assert.ok(types.has('externalsecret_status_condition'));
    assert.ok(!types.has('pushsecret_status_condition'));
  });

  it('ignores what is told about a kind that is switched off', async () => {
    const { metrics, scrape } = metricsWith({ kinds: ['externalsecret'] });
    metrics.objects.recordCondition('pushsecret', db, 'Ready', 'True');
    assert.deepEqual(
      (await scrape()).samples.filter((each) => each.name.startsWith('pushsecret')),
      [],
    );
  });
});

describe('the series of one object', () => {
  it('start with 0 when it is first seen, so that the first error is an increase', async () => {
    const { metrics, values } = metricsWith();
    metrics.objects.track('externalsecret', db);
    assert.deepEqual(await values('externalsecret_sync_calls_error'), { '': 0 });
    metrics.objects.recordPass('externalsecret', db, { failed: true, tookMs: 2 });
    metrics.objects.recordPass('externalsecret', db, { failed: false, tookMs: 2 });
    assert.deepEqual(await values('externalsecret_sync_calls_error'), { '': 1 });
    assert.deepEqual(await values('externalsecret_sync_calls_total'), { '': 2 });
  });

  it('show the duration in nanoseconds and, beside it, in seconds', async () => {
    const { metrics, values } = metricsWith();
    metrics.objects.recordPass('secretstore', db, { failed: false, tookMs: 250 });
    assert.deepEqual(await values('secretstore_reconcile_duration'), { '': 250_000_000 });
    assert.deepEqual(await values('secretstore_reconcile_duration_seconds'), { '': 0.25 });
  });

  it('swap when the condition changes, for failures as well', async () => {
    const { metrics, values } = metricsWith();
    metrics.objects.recordCondition('clusterexternalsecret', { name: 'all' }, 'Ready', 'False');
    assert.deepEqual(await values('clusterexternalsecret_status_condition'), { 'Ready=True': 0, 'Ready=False': 1 });
    metrics.objects.recordCondition('clusterexternalsecret', { name: 'all' }, 'Ready', 'True');
    assert.deepEqual(await values('clusterexternalsecret_status_condition'), { 'Ready=True': 1, 'Ready=False': 0 });
  });

  it('are all gone with the object, and only with this one', async () => {
    const { metrics, scrape } = metricsWith({ extendedLabels: true });
    const other = { namespace: 'shop', name: 'other' };
    for (const object of [{ ...db, labels: { 'app.kubernetes.io/version': '1' } }, other]) {
      metrics.objects.recordPass('externalsecret', object, { failed: true, tookMs: 1 });
      metrics.objects.recordCondition('externalsecret', object, 'Ready', 'False');
    }
    metrics.objects.recordCondition('externalsecret', { ...db, labels: {} }, 'Ready', 'True');
    metrics.objects.forget('externalsecret', db);
    const names = new Set((await scrape()).samples.map((each) => each.labels['name']));
    assert.deepEqual(
      [...names].filter((name) => name !== undefined),
      ['other'],
    );
  });

  it('have an empty namespace when the kind is cluster-scoped', async () => {
    const { metrics, scrape } = metricsWith();
    metrics.objects.recordCondition('clustersecretstore', { name: 'vault' }, 'Ready', 'True');
    const [first] = (await scrape()).samples.filter((each) => each.name === 'clustersecretstore_status_condition');
    assert.deepEqual(first?.labels, { name: 'vault', namespace: '', condition: 'Ready', status: 'True' });
  });

  it('carry the six extended labels when that is switched on, filled from the object or empty', async () => {
    const { metrics, scrape } = metricsWith({ extendedLabels: true });
    const labels = { 'app.kubernetes.io/name': 'api', 'app.kubernetes.io/part-of': 'shop "x"\n\\' };
    metrics.objects.track('externalsecret', { ...db, labels });
    const [first] = (await scrape()).samples.filter((each) => each.name === 'externalsecret_sync_calls_total');
    assert.deepEqual(first?.labels, {
      name: 'db',
      namespace: 'shop',
      app_kubernetes_io_name: 'api',
      app_kubernetes_io_instance: '',
      app_kubernetes_io_version: '',
      app_kubernetes_io_component: '',
      app_kubernetes_io_part_of: 'shop "x"\n\\',
      app_kubernetes_io_managed_by: '',
    });
  });

  it('follow the labels of the object without leaving old series behind', async () => {
    const { metrics, scrape } = metricsWith({ extendedLabels: true });
    for (const version of ['1', '2']) {
      metrics.objects.recordPass(
        'externalsecret',
        { ...db, labels: { 'app.kubernetes.io/version': version } },
        { failed: false, tookMs: 1 },
      );
    }
    const series = (await scrape()).samples.filter((each) => each.name === 'externalsecret_sync_calls_total');
    assert.deepEqual(
      series.map((each) => [each.labels['app_kubernetes_io_version'], each.value]),
      [['2', 2]],
    );
  });

  it('cannot be renamed by a label of the object', async () => {
    for (const extendedLabels of [false, true]) {
      const { metrics, scrape } = metricsWith({ extendedLabels });
      metrics.objects.track('externalsecret', { ...db, labels: { name: 'evil', namespace: 'evil' } });
      const [first] = (await scrape()).samples.filter((each) => each.name === 'externalsecret_sync_calls_total');
      assert.equal(first?.labels['name'], 'db');
      assert.equal(first?.labels['namespace'], 'shop');
    }
  });
});

describe('ten thousand objects', () => {
  it('cost a scrape little time and never hold up the event loop for long', async () => {
    const { metrics } = metricsWith();
    for (let i = 0; i < 10_000; i++) {
      const object = { namespace: `team-${i % 100}`, name: `secret-${i}` };
      metrics.objects.recordPass('externalsecret', object, { failed: false, tookMs: 3 });
      metrics.objects.recordCondition('externalsecret', object, 'Ready', 'True');
    }
    const startedAt = process.cpuUsage();
    const text = await metrics.render();
    const { user } = process.cpuUsage(startedAt);
    assert.equal(text.match(/^externalsecret_status_condition\{/gm)?.length, 20_000);
    assert.ok(user < 3_000_000, `took ${user} µs`);
  });
});

describe('the process', () => {
  it('counts provider calls by result, with both results present from the first call', async () => {
    const { metrics, values } = metricsWith();
    metrics.providerCall('AWS/SecretsManager', 'GetSecretValue', 'success');
    assert.deepEqual(await values('externalsecret_provider_api_calls_count'), {
      'AWS/SecretsManager=GetSecretValue=success': 1,
      'AWS/SecretsManager=GetSecretValue=error': 0,
    });
  });

  it('shows how long each watch has been silent, counted from its start if it never spoke', async () => {
    const { clock, metrics, values } = metricsWith();
    let lastProgressAt: number | undefined;
    metrics.watchProgress('secrets', () => ({ lastProgressAt }));
    await clock.advance(30_000);
    assert.deepEqual(await values('external_secrets_watch_idle_seconds'), { secrets: 30 });
    lastProgressAt = clock.now();
    await clock.advance(5_000);
    assert.deepEqual(await values('external_secrets_watch_idle_seconds'), { secrets: 5 });
  });

  it('shows whether it leads, and nothing without leader election', async () => {
    const { metrics, scrape } = metricsWith();
    const status = async () =>
      (await scrape()).samples
        .filter((each) => each.name === 'leader_election_master_status')
        .map((each) => each.value);
    assert.deepEqual(await status(), []);
    metrics.leading('external-secrets-controller', false);
    assert.deepEqual(await status(), [0]);
    metrics.leading('external-secrets-controller', true);
    assert.deepEqual(await status(), [1]);
  });

  it('asks for overdue objects at each scrape', async () => {
    const { metrics, values } = metricsWith();
    let overdue = 3;
    metrics.watchOverdue('externalsecret', () => overdue);
    assert.deepEqual(await values('externalsecret_overdue'), { '': 3 });
    overdue = 0;
    assert.deepEqual(await values('externalsecret_overdue'), { '': 0 });
  });

  it('counts reconciles by result, from 0 on', async () => {
    const { metrics, values } = metricsWith();
    const observer = metrics.controllerObserver('externalsecret');
    observer.reconciled('error', 100);
    observer.failedAs('terminal');
    assert.deepEqual(await values('controller_runtime_reconcile_total'), {
      'externalsecret=success': 0,
      'externalsecret=error': 1,
      'externalsecret=requeue': 0,
      'externalsecret=requeue_after': 0,
    });
    assert.deepEqual(await values('controller_runtime_terminal_reconcile_errors_total'), { externalsecret: 1 });
    assert.deepEqual(await values('controller_runtime_reconcile_panics_total'), { externalsecret: 0 });
    assert.deepEqual(await values('controller_runtime_reconcile_time_seconds_sum'), { externalsecret: 0.1 });
  });
});
