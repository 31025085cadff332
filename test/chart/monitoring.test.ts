/** Dashboard and alerts speak of metrics: each must be one that a process serves, with the labels that are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics, type MeteredKind } from '../../src/telemetry/metrics.ts';
import { WebhookMetrics } from '../../src/telemetry/webhook-metrics.ts';
import { ManualClock } from '../builders/manual-clock.ts';
import { alerts, expressions, selectors, TARGET_LABELS } from './expressions.ts';

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

test('every metric of the dashboard and the alerts is served, with these labels', async () => {
  const known = await served();
  const seen = expressions.flatMap(selectors);
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
