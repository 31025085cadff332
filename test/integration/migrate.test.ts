/** `external-secrets migrate`: what a takeover would change, and old stored versions written anew (J25, `chart.md` 16.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinitions, externalSecrets } from '../../src/api/resources.ts';
import { migrateCommand } from '../../src/cli/migrate/command.ts';
import type { MigrateReport } from '../../src/cli/migrate/print.ts';
import type { Definition } from '../../src/cli/migrate/survey.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { entry, externalSecret, fake, from, generatedBy, secretStore } from '../builders/objects.ts';
import { PEER } from '../builders/peer-objects.ts';
import { readDescription } from '../real-parts/description.ts';
import { storedText } from '../real-parts/etcd.ts';
import { useEnv } from './current-env.ts';

const env = await useEnv();
const environment = await env.machine.environmentOf('administrator');
const NAME = 'externalsecrets.external-secrets.io';
const BETA = { ...externalSecrets, version: 'v1beta1' };

async function run(...argv: readonly string[]): Promise<{ readonly code: number; readonly report: MigrateReport }> {
  const { output, code } = await migrateCommand([...argv, '-o', 'json'], environment);
  return { code, report: JSON.parse(output) as MigrateReport };
}

async function definition(): Promise<Definition> {
  return env.kube.get<Definition>(customResourceDefinitions, { name: NAME });
}

/** As an upgrade of the CRDs does it: another version is written from now on. */
async function storeAs(version: string): Promise<void> {
  const { spec } = await definition();
  const versions = spec.versions.map((each) => ({ ...each, storage: each.name === version }));
  await env.kube.patch(customResourceDefinitions, { name: NAME }, { spec: { versions } });
  await env.eventually(async () => {
    assert.ok((await definition()).status?.storedVersions?.includes(version));
    await env.kube.list(externalSecrets, { limit: 1 });
  });
}

/** Objects of the findings of one check. */
function named({ findings }: MigrateReport, check: string): readonly string[] {
  return findings.filter((finding) => finding.check === check).flatMap(({ objects }) => objects);
}

async function storedVersion(namespace: string, name: string): Promise<string> {
  const key = `/registry/external-secrets.io/externalsecrets/${namespace}/${name}`;
  const text = (await storedText(readDescription().etcd, key)) ?? '{}';
  return (JSON.parse(text) as KubeObject).apiVersion ?? '';
}

test('objects stored as v1beta1 are found, rewritten on demand, and the version is taken off the list', async (t) => {
  t.after(() => storeAs('v1'));
  const namespace = await env.namespace('beta');
  await storeAs('v1beta1');
  const names = Array.from({ length: 30 }, (_, index) => `old-${index}`);
  await env.apply(...names.map((name) => externalSecret(namespace, name, from('store'), entry('user', 'user'))));
  // A definition is taken up a moment after it was written: the last ones certainly are in its version.
  const last = await env.kube.get(BETA, { namespace, name: 'old-29' });
  const early = await run();
  assert.deepEqual(named(early.report, 'storage-version'), [`CustomResourceDefinition ${NAME}`]);
  await storeAs('v1');
  const real = env.kind === 'real';
  if (real) assert.equal(await storedVersion(namespace, 'old-29'), 'external-secrets.io/v1beta1');

  const before = await run();
  assert.equal(before.code, 1);
  assert.deepEqual(named(before.report, 'stored-versions'), [`CustomResourceDefinition ${NAME}`]);
  assert.deepEqual((await definition()).status?.storedVersions?.toSorted(), ['v1', 'v1beta1']);

  const { report } = await run('--write');
  assert.deepEqual(report.rewritten, [{ definition: NAME, objects: 30, failed: [], dropped: ['v1beta1'] }]);
  assert.deepEqual(named(report, 'stored-versions'), []);
  assert.deepEqual((await definition()).status?.storedVersions, ['v1']);
  if (real) for (const name of names) assert.equal(await storedVersion(namespace, name), 'external-secrets.io/v1');
  const now = await env.kube.get(externalSecrets, { namespace, name: 'old-29' });
  assert.equal(now.metadata.generation, last.metadata.generation);
  assert.equal(now.metadata.uid, last.metadata.uid);
  assert.deepEqual((await run('--write')).report.rewritten, []);
});

test('what would not work here is named together with who uses it', async () => {
  const namespace = await env.namespace('unfit');
  const finalizers = [PEER.externalSecretFinalizer];
  const kubernetes = { mountPath: 'kubernetes', role: 'shop' };
  await env.apply(
    secretStore(namespace, 'doppler', { doppler: { auth: { secretRef: { dopplerToken: { name: 'd', key: 'k' } } } } }),
    secretStore(namespace, 'vault', {
      vault: { server: 'https://vault.example.org', path: 'secret', auth: { kubernetes } },
    }),
    secretStore(namespace, 'local', { webhook: { url: 'http://169.254.169.254/latest', result: { jsonPath: '$' } } }),
    secretStore(namespace, 'fine', fake({ user: 'u' })),
    externalSecret(namespace, 'fine', from('fine'), entry('user', 'user')),
    externalSecret(namespace, 'lost', from('doppler'), entry('user', 'user')),
    externalSecret(namespace, 'made', generatedBy('Grafana', 'g')),
  );
  await env.kube.patch(externalSecrets, { namespace, name: 'fine' }, { metadata: { finalizers } });
  const { report, code } = await run();
  assert.equal(code, 1);
  const of = (kind: string, name: string): string => `${kind} ${namespace}/${name}`;
  const about = (pattern: RegExp): readonly string[] =>
    report.findings.filter(({ message }) => pattern.test(message)).flatMap(({ objects }) => objects);
  assert.deepEqual(about(/^provider "doppler" is not available/), [of('SecretStore', 'doppler')]);
  assert.deepEqual(about(/serviceAccountRef/), [of('SecretStore', 'vault')]);
  assert.deepEqual(about(/Grafana.*not available/), [of('ExternalSecret', 'made')]);
  assert.deepEqual(named(report, 'unavailable'), [of('ExternalSecret', 'lost')]);
  assert.deepEqual(named(report, 'outbound'), [of('SecretStore', 'local')]);
  assert.deepEqual(named(report, 'finalizers'), [of('ExternalSecret', 'fine')]);
  assert.ok(
    !report.findings.some(
      ({ check, objects }) => check !== 'finalizers' && objects.includes(of('ExternalSecret', 'fine')),
    ),
  );
  const { output } = await migrateCommand([], environment);
  assert.match(output, /^! unavailable: uses a store.*\n {4}ExternalSecret unfit-\S+\/lost\n {2}→ leave these/m);
});

test(
  'two operators of one class are found by the label of the chart',
  { skip: env.kind === 'sandbox' && 'Deployments cannot be made in the sandbox' },
  async () => {
    const labels = { 'app.kubernetes.io/name': 'external-secrets' };
    const deployment = (namespace: string, args: readonly string[]): KubeObject & { spec: object } => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name: 'external-secrets', labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'external-secrets', image: 'none', args }] } },
      },
    });
    const [one, two, three] = [await env.namespace('peer'), await env.namespace('ours'), await env.namespace('aside')];
    await env.apply(
      deployment(one, ['--concurrent=1']),
      deployment(two, []),
      deployment(three, ['--controller-class=other']),
    );
    const { report } = await run();
    const expected = [`Deployment ${one}/external-secrets`, `Deployment ${two}/external-secrets`];
    assert.deepEqual(named(report, 'two-operators').toSorted(), expected.toSorted());
  },
);

test('arguments that cannot be used end with 2 and say why', async () => {
  const { output, code } = await migrateCommand(['--wirte'], environment);
  assert.equal(code, 2);
  assert.match(output, /--wirte/);
  assert.equal((await migrateCommand(['-o', 'yaml'], environment)).code, 2);
  assert.equal((await migrateCommand(['--help'], environment)).code, 0);
});
