/**
 * Admission as the API server's users meet it: the webhook answers over TLS, called by its URL, for manifests of both
 * versions. What it must never do is stand in the way of work that is already running (D11).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  clusterSecretStores,
  externalSecrets,
  GROUP,
  secretStores,
  validatingWebhookConfigurations,
} from '../../src/api/resources.ts';
import { issueServer, makeAuthority } from '../../src/certificates/authority.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  clusterStoreCases,
  externalSecretCases,
  namespacedStoreCases,
  storeCases,
  type AdmissionCase,
} from './admission.cases.ts';
import { ask, webhook, type Said } from './companions.ts';
import { useEnv } from './current-env.ts';

const CONFIGURATION = 'test-admission';
// Before the env's own, which closes the client.
after(async () => {
  await env.kube.delete(validatingWebhookConfigurations, { name: CONFIGURATION }).catch(ignoreMissing);
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});
const env = await useEnv();
const folder = mkdtempSync(join(tmpdir(), 'admission-'));
let count = 0;

const now = env.machine.clock.now();
const authority = await makeAuthority(now);
const server = await issueServer(authority, 'localhost', now);
writeFileSync(join(folder, 'ca.crt'), authority.cert);
writeFileSync(join(folder, 'tls.crt'), server.cert);
writeFileSync(join(folder, 'tls.key'), server.key, { mode: 0o600 });
const running = await webhook(env, `--cert-dir=${folder}`);
const { port } = new URL(await running.admissionUrl);
const namespace = await env.namespace('admission');
await configure(`https://localhost:${port}`);

function ignoreMissing(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}

/** As the chart registers it, but by URL. */
async function configure(base: string): Promise<void> {
  const hook = (kind: string, plural: string, scope: string): object => ({
    name: `validate.${kind}.${GROUP}`,
    rules: [
      {
        apiGroups: [GROUP],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        resources: [plural],
        scope,
      },
    ],
    clientConfig: {
      url: `${base}/validate-external-secrets-io-v1-${kind}`,
      caBundle: Buffer.from(authority.cert).toString('base64'),
    },
    admissionReviewVersions: ['v1', 'v1beta1'],
    sideEffects: 'None',
    timeoutSeconds: 5,
  });
  await env.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: CONFIGURATION },
    webhooks: [
      hook('externalsecret', 'externalsecrets', 'Namespaced'),
      hook('secretstore', 'secretstores', 'Namespaced'),
      hook('clustersecretstore', 'clustersecretstores', 'Cluster'),
    ],
  } as KubeObject);
  // The API server hears of a configuration a moment after it is stored.
  await env.eventually(async () => {
    const said = await create(externalSecrets, { spec: {} });
    assert.equal(said.status, 403);
  });
}

function create(resource: Resource, { spec, metadata = {} }: { spec: object; metadata?: object }): Promise<Said> {
  const where = resource.namespaced ? { namespace } : {};
  const object = { metadata: { name: `admission-${count++}`, ...where, ...metadata }, spec };
  return ask(env, 'POST', resource, object);
}

function rows(resource: Resource, cases: readonly AdmissionCase[]): void {
  for (const { name, spec, refused, warned = [] } of cases) {
    test(`${resource.kind} ${resource.version}: ${name}`, async () => {
      const said = await create(resource, { spec });
      const kind = resource.kind.toLowerCase();
      if (refused.length === 0) assert.equal(said.status, 201, said.message);
      else {
        assert.equal(said.status, 403, said.message);
        assert.match(said.message, new RegExp(`^admission webhook "validate.${kind}.${GROUP}" denied the request: `));
      }
      for (const pattern of refused) assert.match(said.message, pattern);
      const warnings = said.warnings.filter((warning) => !/deprecated/.test(warning));
      assert.equal(warnings.length, warned.length, warnings.join('\n'));
      for (const [i, pattern] of warned.entries()) assert.match(warnings[i] ?? '', pattern);
    });
  }
}

describe('every check, in both versions', () => {
  for (const version of ['v1', 'v1beta1']) {
    rows({ ...externalSecrets, version }, externalSecretCases);
    rows({ ...secretStores, version }, [...storeCases, ...namespacedStoreCases]);
    rows({ ...clusterSecretStores, version }, [...storeCases, ...clusterStoreCases]);
  }
});

const entry = { secretKey: 'a', remoteRef: { key: 'a' } };
const good = { secretStoreRef: { name: 'store' }, data: [entry] };
const bad = { ...good, refreshInterval: 'soon' };

async function stored(name: string, spec: object, finalizers: readonly string[] = []): Promise<Stored> {
  // As it came to be before there was a webhook.
  await env.kube.delete(validatingWebhookConfigurations, { name: CONFIGURATION }).catch(ignoreMissing);
  const object = { metadata: { namespace, name, finalizers }, spec };
  const made = await env.eventually(() => env.kube.create(externalSecrets, object as KubeObject));
  await configure(`https://localhost:${port}`);
  return made;
}

describe('what is stored already is not stood in the way of', () => {
  test('labels of an object with a bad spec can be changed, its spec only for the better', async () => {
    const old = await stored('old', bad);
    const labelled = { ...old, metadata: { ...old.metadata, labels: { a: 'b' } } };
    const said = await ask(env, 'PUT', externalSecrets, labelled);
    assert.equal(said.status, 200, said.message);
    const current = await env.kube.get(externalSecrets, { namespace, name: 'old' });
    const worse = await ask(env, 'PUT', externalSecrets, { ...current, spec: { ...bad, data: [] } } as KubeObject);
    assert.equal(worse.status, 403);
    const mended = await ask(env, 'PUT', externalSecrets, { ...current, spec: good } as KubeObject);
    assert.equal(mended.status, 200, mended.message);
  });

  test('an object with a bad spec can be deleted, and its finalizer removed', async () => {
    await stored('leaving', bad, ['example.org/clean-up']);
    await env.kube.delete(externalSecrets, { namespace, name: 'leaving' });
    const { metadata, ...rest } = await env.kube.get(externalSecrets, { namespace, name: 'leaving' });
    assert.notEqual(metadata.deletionTimestamp, undefined);
    const said = await ask(env, 'PUT', externalSecrets, { ...rest, metadata: { ...metadata, finalizers: [] } });
    assert.equal(said.status, 200, said.message);
  });
});

test('no message holds a value that a manifest holds', async () => {
  const value = canary('in a manifest');
  const specs = [
    { provider: { fake: { data: [{ key: '', value }] } } },
    {
      provider: {
        fake: {
          data: [
            { key: 'a', value: '' },
            { key: value.slice(0, 0), value },
          ],
        },
      },
      refreshInterval: 'x',
    },
    { provider: { webhook: { url: `http://h/?token=${value}`, timeout: 'x', headers: { authorization: value } } } },
    {
      provider: {
        vault: { server: 'https://v', headers: { token: value }, checkAndSet: { required: true }, version: 'v1' },
      },
    },
  ];
  for (const spec of specs) {
    const said = await create(secretStores, { spec });
    assert.deepEqual(tracesOf(value, JSON.stringify(said)), []);
  }
  const template = { type: 'bootstrap.kubernetes.io/token', data: { a: value } };
  const said = await create(externalSecrets, { spec: { ...good, target: { template } } });
  assert.equal(said.status, 403);
  assert.deepEqual(tracesOf(value, JSON.stringify(said)), []);
  assert.deepEqual(tracesOf(value, running.log()), []);
});

test('requests, their time and their codes are counted by path', async () => {
  const { samples } = parseExposition(await (await fetch(running.metricsUrl)).text());
  const path = '/validate-external-secrets-io-v1-externalsecret';
  const value = (name: string, labels: Record<string, string>): number =>
    samples.find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    )?.value ?? -1;
  assert.ok(value('controller_runtime_webhook_requests_total', { webhook: path, code: '200' }) > 10);
  assert.equal(value('controller_runtime_webhook_requests_total', { webhook: path, code: '500' }), 0);
  assert.equal(value('controller_runtime_webhook_requests_in_flight', { webhook: path }), 0);
  assert.ok(value('controller_runtime_webhook_latency_seconds_count', { webhook: path }) > 10);
  assert.ok(value('certwatcher_read_certificate_total', {}) >= 1);
  assert.equal((await fetch(`${running.healthUrl}/readyz`)).status, 200);
  assert.equal((await fetch(`${running.healthUrl}/healthz`)).status, 200);
});

test('without the webhook a change is refused within 5 seconds, and the refusal names the webhook', async () => {
  await running.stop();
  const startedAt = Date.now();
  const said = await create(externalSecrets, { spec: good });
  assert.ok(Date.now() - startedAt < 6_000);
  assert.equal(said.status, 500);
  assert.match(said.message, new RegExp(`failed calling webhook "validate.externalsecret.${GROUP}"`));
});
