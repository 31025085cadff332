/** Whether objects of the Prometheus operator are rendered: what the user wants and what the cluster knows decide. Needs Helm, no cluster. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDescription } from '../real-parts/description.ts';
import { Helm, nested } from './helm.ts';

const helm = new Helm(readDescription().helm[3]);
const MONITORS = [
  'ServiceMonitor external-secrets-cert-controller-metrics',
  'ServiceMonitor external-secrets-metrics',
  'ServiceMonitor external-secrets-webhook-metrics',
];
const RULES = ['PrometheusRule external-secrets'];
/** They are there for the monitors' sake. */
const SERVICES = ['Service external-secrets-cert-controller-metrics', 'Service external-secrets-metrics'];

interface Case {
  readonly value: 'serviceMonitor' | 'prometheusRule';
  readonly renderMode: string;
  readonly isKnown: boolean;
}

/** Names of what monitoring adds to the chart. */
async function monitoring({ value, renderMode, isKnown }: Case): Promise<readonly string[]> {
  const kind = value === 'serviceMonitor' ? 'ServiceMonitor' : 'PrometheusRule';
  const objects = await helm.render({
    values: nested({ installCRDs: false, [`${value}.enabled`]: true, [`${value}.renderMode`]: renderMode }),
    apiVersions: isKnown ? [`monitoring.coreos.com/v1/${kind}`] : [],
  });
  return objects
    .map(({ kind: of, metadata }) => `${of} ${metadata.name}`)
    .filter((name) => /^(ServiceMonitor|PrometheusRule) |^Service .*-metrics$/.test(name))
    .sort();
}

for (const value of ['serviceMonitor', 'prometheusRule'] as const) {
  const all = value === 'serviceMonitor' ? [...SERVICES, ...MONITORS].sort() : RULES;
  describe(value, () => {
    for (const renderMode of ['skipIfMissing', 'failIfMissing', 'alwaysRender'])
      test(`${renderMode} renders all where the kind is known`, async () => {
        assert.deepEqual(await monitoring({ value, renderMode, isKnown: true }), all);
      });
    test('where it is not, skipIfMissing leaves out the objects and what only they need', async () => {
      assert.deepEqual(await monitoring({ value, renderMode: 'skipIfMissing', isKnown: false }), []);
    });
    test('failIfMissing says what to install or to set', async () => {
      const refused = monitoring({ value, renderMode: 'failIfMissing', isKnown: false });
      await assert.rejects(refused, new RegExp(`install the Prometheus operator first, or set ${value}\\.renderMode`));
    });
    test('alwaysRender renders all the same', async () => {
      assert.deepEqual(await monitoring({ value, renderMode: 'alwaysRender', isKnown: false }), all);
    });
  });
}
