/**
 * Every value of the contract does something: set to another value it changes what is rendered. And what cannot work together is refused
 * with words that tell the way out. Needs Helm, no cluster.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readDescription } from '../real-parts/description.ts';
import { Helm, nested, type RenderOptions, type Values } from './helm.ts';

const contract = JSON.parse(readFileSync(join(import.meta.dirname, 'contract-values.json'), 'utf8')) as Values;
const helm = new Helm(readDescription().helm[3]);

/** Accepted, and said to be without effect. */
const WITHOUT_EFFECT = new Set(['bitwarden-sdk-server.enabled', 'bitwarden-sdk-server.namespaceOverride']);

/** By the end of the key: what it is set to where the type of its default does not tell. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  hostUsers: false,
  extraEnv: [{ name: 'A', value: 'b' }],
  extraVolumes: [{ name: 'a', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'a', mountPath: '/a' }],
  extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }],
  extraInitContainers: [{ name: 'a', image: 'a' }],
  extraContainers: [{ name: 'a', image: 'a' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }],
  tolerations: [{ key: 'a', operator: 'Exists' }],
  imagePullSecrets: [{ name: 'a' }],
  hostAliases: [{ ip: '10.0.0.9', hostnames: ['a'] }],
  affinity: { nodeAffinity: {} },
  'genericTargets.resources': [{ apiGroup: 'apps', resources: ['deployments'], verbs: ['get'] }],
  'networkPolicy.ingress': [{ ports: [{ port: 1 }] }],
  'networkPolicy.egress': [{ ports: [{ port: 1 }] }],
  ipFamilies: ['IPv6'],
  metricRelabelings: [{ action: 'labeldrop', regex: 'a' }],
  relabelings: [{ action: 'labeldrop', regex: 'a' }],
  'capabilities.drop': ['NET_RAW'],
  pullPolicy: 'Always',
  'log.level': 'debug',
  'log.timeEncoding': 'nano',
  failurePolicy: 'Ignore',
  renderMode: 'failIfMissing',
  adaptSecurityContext: 'force',
  minAvailable: 0,
  dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
  strategy: { type: 'RollingUpdate' },
  resources: { limits: { memory: '1Gi' } },
  'readinessProbe.spec.httpGet.port': 9999,
  'livenessProbe.spec.httpGet.port': 9999,
};

/** By the end of the key: what must be on for it to matter. */
const NEEDS: Readonly<Record<string, Values>> = {
  'crds.conversion.enabled': { 'webhook.certManager.enabled': true },
  'metrics.listen.auth.enabled': { '~metrics.listen.secure.enabled': true },
  'secure.certDir': { '~metrics.listen.secure.enabled': true },
  'secure.certFile': { '~metrics.listen.secure.enabled': true },
  'secure.keyFile': { '~metrics.listen.secure.enabled': true },
  'metrics.service.port': { '~metrics.service.enabled': true },
  'metrics.service.annotations': { '~metrics.service.enabled': true },
  'genericTargets.resources': { 'genericTargets.enabled': true },
  'podSecurityContext.enabled': { '~podSecurityContext.fsGroup': 2000 },
  tokenCacheSize: { 'vault.enableTokenCache': true },
  processPushSecret: { processClusterPushSecret: false },
  'webhook.certManager.addInjectorAnnotations': { 'webhook.certManager.enabled': true },
  'cert.create': { 'webhook.certManager.enabled': true },
};
/** The same for everything below. */
const NEEDS_BELOW: readonly (readonly [RegExp, Values])[] = [
  [/livenessProbe\./, { '~livenessProbe.enabled': true }],
  [/readinessProbe\./, { '~readinessProbe.enabled': true }],
  [/startupProbe\./, { '~startupProbe.enabled': true }],
  [/podDisruptionBudget\./, { '~podDisruptionBudget.enabled': true }],
  [/networkPolicy\./, { '~networkPolicy.enabled': true }],
  [/grafanaDashboard\./, { 'grafanaDashboard.enabled': true }],
  [/serviceMonitor\.(?!renderMode)/, { 'serviceMonitor.enabled': true, 'serviceMonitor.renderMode': 'alwaysRender' }],
  [/certManager\.cert\./, { 'webhook.certManager.enabled': true }],
  [/^service\./, { 'metrics.service.enabled': true }],
];

/** Values under which the key matters, without the key itself. */
function surroundings(key: string): Values {
  const prefix = /^(webhook|certController)\./.exec(key)?.[0] ?? '';
  const needed = [
    ...NEEDS_BELOW.filter(([pattern]) => pattern.test(key)).map(([, values]) => values),
    longestEnd(NEEDS, key) ?? {},
  ];
  const named = needed.flatMap((values) =>
    Object.entries(values).map(([name, value]) => [name.replace('~', prefix), value] as const),
  );
  return { installCRDs: key.startsWith('crds.') || key === 'installCRDs', ...Object.fromEntries(named) };
}

function longestEnd<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  const keys = key.split('.');
  const end = keys.map((_, index) => keys.slice(index).join('.')).find((each) => Object.hasOwn(table, each));
  return end === undefined ? undefined : table[end];
}

function another(key: string, value: unknown): unknown {
  const sample = longestEnd(SAMPLES, key);
  if (sample !== undefined) return sample;
  // Ours is the other way round.
  if (key === 'crds.unsafeServeV1Beta1') return false;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return key.endsWith('annotations') ? { a: 'b' } : 'other';
  return { a: 'b' };
}

/** What is rendered, or what Helm complains about. */
async function outcome(values: Values, options: RenderOptions = {}): Promise<string> {
  try {
    return await helm.text({ ...options, values: nested(values) });
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error);
  }
}

/** Most keys have the same surroundings: rendered once for all of them. */
const rendered = new Map<string, Promise<string>>();
function outcomeOnce(values: Values): Promise<string> {
  const key = JSON.stringify(values);
  const known = rendered.get(key) ?? outcome(values);
  rendered.set(key, known);
  return known;
}

describe('every value of the contract has an effect', { concurrency: 2 }, () => {
  for (const [key, value] of Object.entries(contract)) {
    if (WITHOUT_EFFECT.has(key)) continue;
    test(key, async () => {
      const around = { 'serviceMonitor.enabled': key === 'serviceMonitor.renderMode', ...surroundings(key) };
      const { [key]: _, ...without } = around as Record<string, unknown>;
      const before = await outcomeOnce(without);
      const after = await outcome({ ...without, [key]: another(key, value) });
      assert.doesNotMatch(before, /^Error/);
      assert.notEqual(after, before);
      if (key !== 'serviceMonitor.renderMode') assert.doesNotMatch(after, /^Error/);
    });
  }
});

describe('what cannot work together is refused with the way out', () => {
  const refused: readonly (readonly [string, Values, RegExp])[] = [
    [
      'cluster pushes without pushes',
      { processPushSecret: false },
      /ClusterPushSecrets work by making PushSecrets. Set both/,
    ],
    [
      'monitors that must be there',
      { 'serviceMonitor.enabled': true, 'serviceMonitor.renderMode': 'failIfMissing' },
      /does not know the kind monitoring\.coreos\.com\/v1 ServiceMonitor.*set serviceMonitor\.renderMode to skipIfMissing/s,
    ],
    [
      'a render mode that is none',
      { 'serviceMonitor.renderMode': 'sometimes' },
      /serviceMonitor.renderMode|renderMode/,
    ],
    [
      'metrics behind tokens without TLS',
      { 'webhook.metrics.listen.auth.enabled': true },
      /webhook\.metrics\.listen\.auth\.enabled needs webhook\.metrics\.listen\.secure\.enabled/,
    ],
    ['Bitwarden', { 'bitwarden-sdk-server.enabled': true }, /no provider for Bitwarden.*Set it to false/s],
    ['a level that is none', { 'log.level': 'loud' }, /log[./]level/],
    ['a failure policy that is none', { 'webhook.failurePolicy': 'Maybe' }, /failurePolicy/],
    ['a port that is a word', { 'webhook.port': 'https' }, /webhook[./]port/],
  ];
  for (const [name, values, words] of refused) {
    test(name, async () => assert.match(await outcome(values), words));
  }
  test('a mode that must find the kind does not matter while monitors are off', async () => {
    assert.doesNotMatch(await outcome({ 'serviceMonitor.renderMode': 'failIfMissing', installCRDs: false }), /^Error/);
  });
});

test('keys that nobody knows are accepted', async () => {
  assert.doesNotMatch(await outcome({ installCRDs: false, 'somebody.elses': 1, 'webhook.futureKey': 'a' }), /^Error/);
});
