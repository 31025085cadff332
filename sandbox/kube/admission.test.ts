import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import type { JsonObject } from './json.ts';
import { textAt, valueAt } from './json.ts';
import type { SandboxKube } from './server.ts';
import { startKube } from './server.ts';
import { call } from './test-client.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';

/** A webhook that answers with `response`; returns its URL and the reviews it saw. */
async function webhook(t: TestContext, response: JsonObject): Promise<{ url: string; seen: JsonObject[] }> {
  const seen: JsonObject[] = [];
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push(JSON.parse(Buffer.concat(chunks).toString()) as JsonObject);
      reply.end(JSON.stringify({ response }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

async function configured(t: TestContext, url: string, more: JsonObject = {}): Promise<SandboxKube> {
  const kube = await startKube({ clock: new ManualClock(), crds: [] });
  t.after(() => kube.stop());
  const { status } = await call(kube, 'POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name: 'c' },
    webhooks: [
      {
        name: 'check.example.com',
        clientConfig: { url },
        rules: [
          { operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'] },
        ],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...more,
      },
    ],
  });
  assert.equal(status, 201);
  return kube;
}

test('a webhook that refuses is quoted', async (t) => {
  const { url, seen } = await webhook(t, { allowed: false, status: { message: 'no luck', code: 400 } });
  const kube = await configured(t, url);
  const { status, body } = await call(kube, 'POST', SECRETS, { metadata: { name: 's' } });
  assert.equal(status, 400);
  assert.equal(body['message'], 'admission webhook "check.example.com" denied the request: no luck');
  assert.equal(textAt(seen[0], 'request', 'operation'), 'CREATE');
  assert.equal(valueAt(seen[0], 'request', 'oldObject'), null);
});

test('warnings of a webhook reach the client, and other kinds do not reach the webhook', async (t) => {
  const { url, seen } = await webhook(t, { allowed: true, warnings: ['mind the gap'] });
  const kube = await configured(t, url);
  const { status, headers } = await call(kube, 'POST', SECRETS, { metadata: { name: 's' } });
  assert.equal(status, 201);
  assert.equal(headers.get('warning'), '299 - "mind the gap"');
  await call(kube, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' } });
  assert.equal(seen.length, 1);
});

test('a webhook that is down stops writes under Fail and none under Ignore', async (t) => {
  const down = 'http://127.0.0.1:1/';
  const strict = await configured(t, down);
  const { status, body } = await call(strict, 'POST', SECRETS, { metadata: { name: 's' } });
  assert.equal(status, 500);
  assert.match(textAt(body, 'message') ?? '', /^Internal error occurred: failed calling webhook "check\.example\.com"/);
  const lenient = await configured(t, down, { failurePolicy: 'Ignore' });
  assert.equal((await call(lenient, 'POST', SECRETS, { metadata: { name: 's' } })).status, 201);
});

test('selectors decide what a webhook sees', async (t) => {
  const { url, seen } = await webhook(t, { allowed: true });
  const kube = await configured(t, url, { objectSelector: { matchLabels: { check: 'yes' } } });
  await call(kube, 'POST', SECRETS, { metadata: { name: 'a' } });
  assert.equal(seen.length, 0);
  await call(kube, 'POST', SECRETS, { metadata: { name: 'b', labels: { check: 'yes' } } });
  assert.equal(seen.length, 1);
});
