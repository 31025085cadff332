/**
 * The chart's values against the contract: whoever brings values written for External Secrets Operator 2.9 finds every key, with the
 * same default but for the few that were decided otherwise.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { generatedFiles } from '../../src/generate.ts';
import { VERSION } from '../../src/version.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHART = 'charts/external-secrets';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Key and default of each value, image repositories left out: ours are our own. */
const contract = JSON.parse(read('test/chart/contract-values.json')) as Readonly<Record<string, unknown>>;
const values = parse(read(`${CHART}/values.yaml`)) as Readonly<Record<string, unknown>>;

/** Defaults that differ on purpose. */
const DECIDED: Readonly<Record<string, unknown>> = { 'crds.unsafeServeV1Beta1': true };

/** What the chart has beyond the contract. */
const OURS = [
  'prometheusRule.additionalLabels',
  'prometheusRule.additionalRules',
  'prometheusRule.enabled',
  'prometheusRule.namespace',
  'prometheusRule.renderMode',
  'prometheusRule.severity',
  'serviceMonitor.tlsConfig',
];

function valueAt(path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | null)?.[key], values);
}

function leaves(node: unknown, path: readonly string[] = []): readonly string[] {
  const isBranch = typeof node === 'object' && node !== null && !Array.isArray(node) && Object.keys(node).length > 0;
  return isBranch ? Object.entries(node).flatMap(([key, value]) => leaves(value, [...path, key])) : [path.join('.')];
}

test('every value of the contract is there with its default', () => {
  for (const [path, expected] of Object.entries(contract)) {
    assert.deepEqual(valueAt(path), path in DECIDED ? DECIDED[path] : expected, path);
  }
});

test('what the contract does not know is listed here', () => {
  const extra = leaves(values).filter((path) => !(path in contract) && !path.endsWith('image.repository'));
  assert.deepEqual(extra.toSorted(), OURS);
});

test('no registry stands in the image references', () => {
  for (const prefix of ['', 'webhook.', 'certController.']) {
    assert.equal(valueAt(`${prefix}image.repository`), 'external-secrets-ts');
  }
});

test('Chart.yaml and values.schema.json are what npm run generate would write', () => {
  const files = generatedFiles();
  for (const name of ['Chart.yaml', 'values.schema.json']) {
    assert.ok(read(`${CHART}/${name}`) === files.get(`${CHART}/${name}`), `${name}: run npm run generate and commit`);
  }
});

test("the chart has the program's version", () => {
  const chart = parse(read(`${CHART}/Chart.yaml`)) as { version: string; appVersion: string };
  assert.deepEqual([chart.version, chart.appVersion], [VERSION, `v${VERSION}`]);
});
