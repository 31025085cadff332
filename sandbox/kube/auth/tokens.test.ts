import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { SandboxKube } from '../server.ts';
import { startKube } from '../server.ts';
import { call } from '../test-client.ts';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

async function withAccount(t: TestContext, clock: ManualClock): Promise<SandboxKube> {
  const kube = await startKube({ clock, crds: [] });
  t.after(() => kube.stop());
  await call(kube, 'POST', ACCOUNTS, { metadata: { name: 'robot' } });
  return kube;
}

async function tokenFor(
  kube: SandboxKube,
  spec: Record<string, string | number | string[] | Record<string, string>>,
): Promise<string> {
  const { status, body } = await call(kube, 'POST', `${ACCOUNTS}/robot/token`, { spec });
  assert.equal(status, 201);
  return textAt(body, 'status', 'token') ?? '';
}

async function review(kube: SandboxKube, token: string, audiences: string[] = []): Promise<unknown> {
  const spec = audiences.length === 0 ? { token } : { token, audiences };
  const { body } = await call(kube, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec });
  return objectAt(body, 'status')['authenticated'] ?? false;
}

test('a token carries the claims of kube-apiserver and a signature of the published key', async (t) => {
  const kube = await withAccount(t, new ManualClock());
  const token = await tokenFor(kube, { audiences: ['vault'], expirationSeconds: 900 });
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  assert.equal(claims['sub'], 'system:serviceaccount:default:robot');
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 900);
  assert.deepEqual(claims['aud'], ['vault']);
  const { body } = await call(kube, 'GET', '/openid/v1/jwks');
  const [jwk = {}] = listAt(body, 'keys').filter(isObject);
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  assert.ok(verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')));
  const configuration = await call(kube, 'GET', '/.well-known/openid-configuration');
  assert.equal(configuration.body['issuer'], claims['iss']);
});

test('a review checks the audience', async (t) => {
  const kube = await withAccount(t, new ManualClock());
  const token = await tokenFor(kube, { audiences: ['vault'] });
  assert.equal(await review(kube, token, ['vault', 'other']), true);
  assert.equal(await review(kube, token, ['other']), false);
  assert.equal(await review(kube, token), false, 'not meant for the API server itself');
  assert.equal(await review(kube, await tokenFor(kube, {})), true);
});

test('a token expires by the injected clock', async (t) => {
  const clock = new ManualClock();
  const kube = await withAccount(t, clock);
  const token = await tokenFor(kube, { expirationSeconds: 600 });
  await clock.advance(599_000);
  assert.equal(await review(kube, token), true);
  await clock.advance(2_000);
  assert.equal(await review(kube, token), false);
  assert.equal((await call(kube, 'GET', ACCOUNTS, undefined, { token })).status, 401);
});

test('a token dies with its account and with the Secret it is bound to', async (t) => {
  const kube = await withAccount(t, new ManualClock());
  await call(kube, 'POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' } });
  const bound = await tokenFor(kube, { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } });
  const plain = await tokenFor(kube, {});
  assert.equal(await review(kube, bound), true);
  await call(kube, 'DELETE', '/api/v1/namespaces/default/secrets/s');
  assert.equal(await review(kube, bound), false);
  await call(kube, 'DELETE', `${ACCOUNTS}/robot`);
  await call(kube, 'POST', ACCOUNTS, { metadata: { name: 'robot' } });
  assert.equal(await review(kube, plain), false, 'another account of the same name');
});

test('a token makes requests as its account; a wrong one makes none', async (t) => {
  const kube = await withAccount(t, new ManualClock());
  const token = await tokenFor(kube, {});
  kube.authorize((attributes) => attributes.user !== 'system:serviceaccount:default:robot');
  assert.equal((await call(kube, 'GET', ACCOUNTS, undefined, { token })).status, 403);
  assert.equal((await call(kube, 'GET', ACCOUNTS, undefined, { token: 'nonsense' })).status, 401);
});
