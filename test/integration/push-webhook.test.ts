/**
 * Pushing to an HTTP API whose values cannot be read back (D31): it is asked when something changed in the cluster, and not otherwise,
 * not even after a restart. What it refuses is told without values.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, describe, test } from 'node:test';
import { startHttp, type SeenRequest } from '../../sandbox/http/server.ts';
import { externalSecrets, pushSecrets } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  entry,
  externalSecret,
  fake,
  from,
  labelled,
  pushSecret,
  secret,
  secretStore,
  type Provider,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { isGone } from './push-shop.ts';
import { isSynced, isValid, readyOf } from './views.ts';

const env = await useEnv();
const http = await startHttp();
after(() => http.stop());
afterEach(() => http.heal());
http.respond(({ method }) => (method === 'POST' || method === 'DELETE' ? { status: 204 } : undefined));
let operator = await env.startOperator(['--loglevel=debug']);

/** A namespace with store `api`, whose token is in the Secret `api-token`, and the source `build-key`. */
async function team(prefix: string, more: Provider = {}): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(
    labelled({ 'external-secrets.io/type': 'webhook' }, secret(namespace, 'api-token', { token: 't0ken' })),
    secretStore(namespace, 'api', { webhook: { ...webhook(namespace), ...more } }),
    secret(namespace, 'build-key', { 'api-key': 'k1', user: 'u1' }),
  );
  await isValid(env, namespace, 'api');
  return namespace;
}

function webhook(namespace: string): Provider {
  return {
    url: `${http.url}/${namespace}/{{ .remoteRef.remoteKey }}`,
    headers: { Authorization: 'Bearer {{ .auth.token }}' },
    secrets: [{ name: 'auth', secretRef: { name: 'api-token' } }],
  };
}

const KEYS: Readonly<Record<string, string>> = { 'api-key': 'ci-key' };

function pushOf(namespace: string, more: Partial<PushSecretSpecInput> = {}, keys = KEYS): KubeObject {
  return pushSecret(namespace, 'push', 'build-key', 'api', keys, more);
}

const seen = (namespace: string): readonly SeenRequest[] =>
  http.requests().filter(({ path }) => path.startsWith(`/${namespace}/`));
const lines = (namespace: string): readonly string[] =>
  seen(namespace).map(({ method, path, body }) => `${method} ${path.replace(`/${namespace}`, '')} ${body}`.trim());

async function says(namespace: string, expected: RegExp): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, 'push'), expected));
}

async function asked(namespace: string, expected: readonly string[]): Promise<void> {
  await env.eventually(() => assert.deepEqual(lines(namespace), expected));
}

/** Refreshes of one second each; on the real parts as many as ten seconds allow. */
const ROUNDS = env.supports('fast-time') ? 100 : 10;

describe('a push by webhook', () => {
  test('sends the value to the rendered URL, with the headers of the store', async () => {
    const namespace = await team('wpush');
    await env.apply(pushOf(namespace));
    await says(namespace, /^True Synced/);
    assert.deepEqual(lines(namespace), ['POST /ci-key k1']);
    assert.equal(seen(namespace)[0]?.headers['authorization'], 'Bearer t0ken');
  });

  test('fills body, method and URL out of key, property, namespace and value', async () => {
    const namespace = await team('wbody');
    const body =
      '{"v":{{ index .remoteRef .remoteRef.remoteKey | toJson }},"p":{{ .remoteRef.property | toJson }},"k":"{{ .remoteRef.secretKey }}"}';
    const url = `${http.url}/${namespace}/{{ .remoteRef.namespace }}/{{ .remoteRef.remoteKey }}`;
    await env.apply(secretStore(namespace, 'api', { webhook: { url, method: 'PUT', body } }));
    await isValid(env, namespace, 'api');
    http.respond(({ method, path }) =>
      method === 'PUT' && path.startsWith(`/${namespace}/`) ? { status: 201 } : undefined,
    );
    const data = [{ match: { secretKey: 'api-key', remoteRef: { remoteKey: 'ci.key', property: 'p' } } }];
    await env.apply(pushOf(namespace, { data }));
    await asked(namespace, [`PUT /${namespace}/ci.key {"v":"k1","p":"p","k":"api-key"}`]);
  });

  test('is asked once while nothing changes, and once more for each change of source or spec, or when it is forced', async () => {
    const namespace = await team('wquiet');
    await env.apply(pushOf(namespace, { refreshInterval: '1s' }));
    await asked(namespace, ['POST /ci-key k1']);
    await says(namespace, /^True Synced/);
    for (let round = 0; round < ROUNDS; round++) await env.advance(1_000);
    assert.deepEqual(lines(namespace), ['POST /ci-key k1']);
    await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2', user: 'u1' }));
    await asked(namespace, ['POST /ci-key k1', 'POST /ci-key k2']);
    await env.apply(pushOf(namespace, { refreshInterval: '1s' }, { 'api-key': 'other-key' }));
    await asked(namespace, ['POST /ci-key k1', 'POST /ci-key k2', 'POST /other-key k2']);
    await env.advance(3_000);
    assert.equal(lines(namespace).length, 3);
    await says(namespace, /^True Synced/);
    const annotations = { 'force-sync': String(Math.random()) };
    await env.kube.patch(pushSecrets, { namespace, name: 'push' }, { metadata: { annotations } });
    await env.eventually(() => assert.deepEqual(lines(namespace).slice(3), ['POST /other-key k2']));
  });

  test('is not asked again after a restart, and the status holds neither value nor hash of it', async () => {
    const namespace = await team('wrestart');
    const value = canary('pushed by webhook');
    await env.apply(secret(namespace, 'build-key', { 'api-key': value }), pushOf(namespace, { refreshInterval: '1s' }));
    await says(namespace, /^True Synced/);
    await operator.stop();
    operator = await env.startOperator(['--loglevel=debug']);
    await env.apply(
      secretStore(namespace, 'probe', fake({ x: 'x' })),
      externalSecret(namespace, 'probe', from('probe'), entry('x', 'x')),
    );
    await isSynced(env, namespace, 'probe');
    await env.advance(5_000);
    assert.equal(lines(namespace).length, 1);
    const object = JSON.stringify(await env.kube.get(pushSecrets, { namespace, name: 'push' }));
    assert.deepEqual(tracesOf(value, object), []);
    for (const algorithm of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3-224', 'sha3-256'])
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const hash = createHash(algorithm).update(value).digest(encoding);
        assert.ok(!object.includes(hash.slice(0, 16)), `${algorithm} ${encoding}`);
      }
    await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2' }));
    await env.eventually(() => assert.equal(lines(namespace)[1], 'POST /ci-key k2'));
  });

  for (const [deletionPolicy, requests] of [
    ['Delete', ['POST /ci-key k1', 'DELETE /ci-key']],
    ['None', ['POST /ci-key k1']],
  ] as const)
    test(`with deletionPolicy ${deletionPolicy} the server is ${requests.length > 1 ? '' : 'not '}told that it is over`, async () => {
      const namespace = await team('wdelete');
      await env.apply(pushOf(namespace, { deletionPolicy }));
      await says(namespace, /^True Synced/);
      await env.kube.delete(pushSecrets, { namespace, name: 'push' });
      await isGone(env, pushSecrets, namespace, 'push');
      assert.deepEqual(lines(namespace), requests);
      for (const { headers } of seen(namespace)) assert.equal(headers['authorization'], 'Bearer t0ken');
    });

  test('with IfNotExists a value that can be read is left alone', async () => {
    const namespace = await team('wexists');
    const url = `${http.url}/${namespace}/{{ or .remoteRef.key .remoteRef.remoteKey }}`;
    await env.apply(secretStore(namespace, 'api', { webhook: { url } }));
    await isValid(env, namespace, 'api');
    http.put(`/${namespace}/there`, 'theirs');
    await env.apply(pushOf(namespace, { updatePolicy: 'IfNotExists' }, { 'api-key': 'there', user: 'new' }));
    await says(namespace, /^True Synced/);
    assert.deepEqual(
      lines(namespace).filter((line) => line.startsWith('POST')),
      ['POST /new u1'],
    );
  });
});

describe('a webhook that refuses', () => {
  for (const [fault, message] of [
    ['deny', /403 Forbidden: whom the headers name may not do this there/],
    ['throttle', /429 Too Many Requests/],
    ['unavailable', /503 Service Unavailable/],
  ] as const)
    test(`with ${fault}: host, key, status and remedy are told, no value is, and it heals by itself`, async () => {
      const namespace = await team('wfault');
      const value = canary(`refused with ${fault}`);
      http.fault(`/${namespace}/`, fault);
      await env.apply(secret(namespace, 'build-key', { 'api-key': value }), pushOf(namespace));
      await says(namespace, message);
      const ready = await readyOf(env, pushSecrets, namespace, 'push');
      assert.match(ready, new RegExp(`^False Errored: .*Webhook: POST ${new URL(http.url).host} for key "ci-key"`));
      const told = [
        await env.kube.get(pushSecrets, { namespace, name: 'push' }),
        await env.events(namespace, 'push'),
        operator.logs(),
        await env.metrics(),
      ];
      assert.deepEqual(tracesOf(value, JSON.stringify(told)), []);
      http.heal();
      if (env.kind === 'sandbox') await env.advance(120_000);
      else await env.kube.patch(pushSecrets, { namespace, name: 'push' }, { metadata: { annotations: { now: '1' } } });
      await says(namespace, /^True Synced/);
      assert.equal(seen(namespace).at(-1)?.body, value);
    });

  test('a URL that takes no push says so, and is not mistaken for a missing secret', async () => {
    const namespace = await team('wnowhere');
    http.respond(({ path }) => (path.startsWith(`/${namespace}/`) ? { status: 404 } : undefined));
    await env.apply(pushOf(namespace));
    await says(namespace, /^False Errored: .*404 Not Found: there is nothing that takes a POST at that URL/);
  });

  test('a template without end is stopped and named, and others are served meanwhile', async () => {
    const namespace = await team('whostile', {
      body: '{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}',
    });
    await env.apply(
      pushOf(namespace),
      secretStore(namespace, 'calm', fake({ x: 'x' })),
      externalSecret(namespace, 'calm', from('calm'), entry('x', 'x')),
    );
    await isSynced(env, namespace, 'calm');
    assert.match(await readyOf(env, externalSecrets, namespace, 'calm'), /^True/);
    await says(namespace, /^False Errored: .*body: .*takes (?:too long|more work than allowed)/);
    assert.deepEqual(lines(namespace), []);
  });

  test('a key that climbs out of the path is refused before anything is sent', async () => {
    const namespace = await team('wclimb');
    await env.apply(pushOf(namespace, {}, { 'api-key': '../elsewhere' }));
    await says(namespace, /^False Errored: .*must not contain "\." or "\.\." segments/);
    assert.deepEqual(lines(namespace), []);
  });
});
