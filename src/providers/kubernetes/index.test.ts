import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { pushOf } from '../../../test/conformance/push.ts';
import { openAs, type Tenant } from '../../../test/conformance/tenant.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { startHttp, type HttpReply, type SandboxHttp, type SeenRequest } from '../../../sandbox/http/server.ts';
import { secrets } from '../../api/resources.ts';
import { selfSigned } from '../../telemetry/self-signed.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  SecretNotFoundError,
  ThrottledError,
  ValidityUnknownError,
} from '../errors.ts';
import type { ReadRef, SecretsClient } from '../provider.ts';
import { kubernetesModule } from './index.ts';
import { kubernetes } from './spec.ts';

const { signal } = new AbortController();
const pair = selfSigned(['localhost'], Date.now());
const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));

let http: SandboxHttp;
let respond: (request: SeenRequest) => HttpReply | undefined;
let open: SecretsClient[] = [];
const kube = new FakeKube();
before(async () => {
  http = await startHttp();
  http.respond((request) => respond(request));
  const data = encoded({ token: 't0ken\n', bad: 'a\nb', blank: '\n', cert: pair.cert, key: pair.key, ca: pair.cert });
  for (const namespace of ['shop', 'blue']) kube.put(secrets, { metadata: { namespace, name: 'mine' }, data } as never);
});
beforeEach(() => {
  respond = ({ path }) => (path.startsWith('/api/v1/namespaces/remote/secrets/db') ? json(SECRET) : undefined);
  http.resetRequests();
});
afterEach(async () => {
  for (const client of open) await client.close();
  open = [];
});
after(() => http.stop());

const SECRET = {
  kind: 'Secret',
  metadata: { name: 'db', labels: { 'app.kubernetes.io/name': 'db' } },
  data: encoded({ user: 'u1' }),
};
const json = (value: unknown, status = 200): HttpReply => ({ status, body: JSON.stringify(value) });
const status = (code: number, reason: string, message: string, kind = 'secrets'): HttpReply =>
  json({ kind: 'Status', code, reason, message, details: { kind, name: 'db' } }, code);

const token = { auth: { token: { bearerToken: { name: 'mine', key: 'token' } } } };
async function session(spec: object = {}, tenant: Partial<Tenant> = {}): Promise<SecretsClient> {
  const whole = { server: { url: http.url }, remoteNamespace: 'remote', ...token, ...spec };
  const client = await openAs({ kube, kind: 'SecretStore', namespace: 'shop', ...tenant }, kubernetes, whole);
  open.push(client);
  return client;
}
async function read(client: SecretsClient, ref: ReadRef): Promise<string> {
  const [outcome] = await client.read([ref], signal);
  if (outcome?.ok !== true) throw outcome?.error;
  return kubernetesModule.values.select(outcome.value, ref).revealText();
}

describe('a connection', () => {
  test('carries the token, without the line break of its file', async () => {
    assert.equal(await read(await session(), { key: 'db', property: 'user' }), 'u1');
    const [seen] = http.requests();
    assert.equal(seen?.path, '/api/v1/namespaces/remote/secrets/db');
    assert.equal(seen?.headers['authorization'], 'Bearer t0ken');
  });

  test('keeps the path of a server behind a management server', async () => {
    respond = () => json(SECRET);
    await read(await session({ server: { url: `${http.url}/k8s/clusters/c-1/` } }), { key: 'db' });
    assert.equal(http.requests()[0]?.path, '/k8s/clusters/c-1/api/v1/namespaces/remote/secrets/db');
  });

  test('shows the client certificate and trusts the named authority', async () => {
    const secure = await startHttp({ tls: pair });
    secure.respond(() => json(SECRET));
    const caProvider = { type: 'Secret', name: 'mine', key: 'ca' };
    const cert = { clientCert: { name: 'mine', key: 'cert' }, clientKey: { name: 'mine', key: 'key' } };
    try {
      const url = secure.url.replace('https://', '');
      const client = await session({ server: { url, caProvider }, auth: { cert } });
      assert.equal(await read(client, { key: 'db', property: 'user' }), 'u1');
      assert.ok(secure.requests()[0]?.certificate);
      assert.equal(secure.requests()[0]?.headers['authorization'], undefined);
      const stranger = await session({ server: { url }, auth: { cert } });
      await assert.rejects(read(stranger, { key: 'db' }), BackendUnavailableError);
    } finally {
      await secure.stop();
    }
  });

  test('never leaves the ranges that a tenant may reach', async () => {
    const closed = await session({}, { allowTargets: [] });
    await assert.rejects(read(closed, { key: 'db' }), InvalidProviderConfigError);
    await assert.rejects(closed.validate(signal), /loopback addresses are closed/);
  });

  const refused: readonly (readonly [title: string, spec: object, message: RegExp])[] = [
    ['no server', { server: undefined }, /server is not set/],
    ['a server that is no URL', { server: { url: 'ftp://x' } }, /server\.url: not an http or https URL/],
    ['auth and authRef', { authRef: { name: 'mine', key: 'ca' } }, /exclude each other/],
    ['neither', { auth: undefined }, /neither auth nor authRef/],
    ['a token with a line break inside', bearer('bad'), /bearerToken: the token has characters/],
    ['an empty token', bearer('blank'), /bearerToken: the token is empty/],
    ['a missing key', bearer('nope'), /bearerToken.*no key "nope"/],
    ['a certificate that is none', certificate('token', 'key'), /clientCert: not a PEM certificate/],
    ['a key that is none', certificate('cert', 'ca'), /clientKey: not an unencrypted PEM private key/],
  ];
  for (const [title, spec, message] of refused)
    test(`is not made with ${title}`, () =>
      assert.rejects(session(spec), (error: unknown) => {
        assert.ok(error instanceof InvalidProviderConfigError, String(error));
        assert.match(error.message, message);
        return true;
      }));
});

function bearer(key: string): object {
  return { auth: { token: { bearerToken: { name: 'mine', key } } } };
}
function certificate(cert: string, key: string): object {
  return { auth: { cert: { clientCert: { name: 'mine', key: cert }, clientKey: { name: 'mine', key } } } };
}

describe('a refusal names resource, verb, namespace and who was refused', () => {
  const place = /get secrets "db" in namespace "remote"/;
  const table: readonly (readonly [reply: HttpReply, kind: new (...args: never) => Error, message: RegExp])[] = [
    [
      status(401, 'Unauthorized', 'Unauthorized'),
      AuthenticationError,
      /the token of auth\.token\.bearerToken was not accepted/,
    ],
    [
      status(403, 'Forbidden', 'User "x" cannot get'),
      PermissionDeniedError,
      /403: User "x" cannot get.*verb "get" on secrets in namespace "remote"/,
    ],
    [status(429, 'TooManyRequests', 'busy'), ThrottledError, /busy/],
    [status(500, 'InternalError', 'etcd is gone'), BackendUnavailableError, /etcd is gone/],
    [status(400, 'BadRequest', 'no'), InvalidRefError, place],
    [{ status: 404, body: '404 page not found\n' }, InvalidProviderConfigError, /check the server URL/],
    [status(404, 'NotFound', 'no such thing', 'namespaces'), InvalidProviderConfigError, /check the server URL/],
    [{ status: 302, headers: { location: '/x' } }, InvalidProviderConfigError, /redirects are not followed/],
  ];
  for (const [reply, kind, message] of table) {
    test(`${reply.status} is a ${kind.name}`, async () => {
      respond = () => reply;
      await assert.rejects(read(await session(), { key: 'db' }), (error: unknown) => {
        assert.ok(error instanceof kind, String(error));
        assert.match(error.message, message);
        assert.match(error.message, place);
        return true;
      });
    });
  }

  test('a Secret that the API server says is not there is "not found", also its metadata', async () => {
    respond = () => status(404, 'NotFound', 'secrets "db" not found');
    const client = await session();
    const gone = (error: unknown): boolean =>
      error instanceof SecretNotFoundError && /has no secrets "db" in namespace "remote"/.test(error.message);
    await assert.rejects(read(client, { key: 'db' }), gone);
    await assert.rejects(read(client, { key: 'db', metadataPolicy: 'Fetch' }), gone);
  });

  test('never repeats the token', async () => {
    respond = ({ headers }) => status(403, 'Forbidden', `you sent ${String(headers['authorization'])}`);
    await assert.rejects(read(await session(), { key: 'db' }), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.doesNotMatch(error.message, /t0ken/);
      return true;
    });
  });

  test('an answer that is no JSON is no answer', async () => {
    respond = () => ({ body: '<html>' });
    await assert.rejects(read(await session(), { key: 'db' }), /not the Kubernetes API’s: check the server URL/);
  });

  for (const key of ['..', '../configmaps/x', 'a/b', 'UPPER', '', 'a..b', '-a', 'x'.repeat(254)])
    test(`the key ${JSON.stringify(key.slice(0, 20))} is refused before anything is sent`, async () => {
      await assert.rejects(read(await session(), { key }), InvalidRefError);
      assert.equal(http.requests().length, 0);
    });
});

describe('a search', () => {
  const names = async (query: object): Promise<readonly string[]> => [
    ...(await (await session()).find!(query, signal)).keys(),
  ];
  const page = (from: number, to: number, next?: string): HttpReply =>
    json({
      kind: 'SecretList',
      metadata: next === undefined ? {} : { continue: next },
      items: Array.from({ length: to - from }, (_, index) => ({
        metadata: { name: `s${from + index}` },
        data: encoded({ k: '<v>' }),
      })),
    });
  /** Two pages; the second by its token. */
  const pages = ({ path }: SeenRequest): HttpReply =>
    path.includes('continue=more') ? page(3, 5) : page(0, 3, 'more');

  test('reads all pages, and gives whole values', async () => {
    respond = pages;
    const found = await (await session()).find!({ nameRegexp: '' }, signal);
    assert.deepEqual([...found.keys()], ['s0', 's1', 's2', 's3', 's4']);
    assert.equal(found.get('s4')?.revealText(), '{"k":"<v>"}');
    assert.deepEqual(
      http.requests().map(({ path }) => path.split('?')[1]),
      ['limit=200', 'limit=200&continue=more'],
    );
  });
  test('by name matches anywhere in the name', async () => {
    respond = pages;
    assert.deepEqual(await names({ nameRegexp: '[24]$' }), ['s2', 's4']);
  });
  test('by tags asks for labels, whatever the name', async () => {
    respond = pages;
    assert.equal((await names({ tags: { app: 'shop', 'a.b/c': 'd' }, nameRegexp: 'nothing' })).length, 5);
    const query = new URLSearchParams(http.requests()[0]!.path.split('?')[1]);
    assert.equal(query.get('labelSelector'), 'app=shop,a.b/c=d');
  });
  test('begins anew when the list expired meanwhile', async () => {
    let expired = 0;
    respond = (request) =>
      request.path.includes('continue=more') && expired++ === 0 ? status(410, 'Expired', 'too old') : pages(request);
    assert.equal((await names({})).length, 5);
    respond = (request) => (request.path.includes('continue') ? status(410, 'Expired', 'too old') : pages(request));
    await assert.rejects(names({}), BackendUnavailableError);
  });
  test('takes smaller pages where Secrets are large', async () => {
    const huge = ' '.repeat(33 * 1024 * 1024);
    respond = (request) => (request.path.includes('limit=200') ? { body: huge } : pages(request));
    assert.equal((await names({})).length, 5);
    assert.equal(new URLSearchParams(http.requests().at(-1)!.path.split('?')[1]).get('limit'), '20');
  });
  test('that is not allowed says so', async () => {
    respond = () => status(403, 'Forbidden', 'no');
    await assert.rejects(names({}), /needs a role with verb "list" on secrets in namespace "remote"/);
  });
  test('with a pattern that is none is refused', () => assert.rejects(names({ nameRegexp: '(' }), InvalidRefError));
});

describe('validating', () => {
  const rule = (verbs: string[], resources: string[], apiGroups?: string[]): object => ({
    verbs,
    resources,
    apiGroups,
  });
  const ready: readonly (readonly [title: string, rule: object])[] = [
    ['get on secrets', rule(['get'], ['secrets'], [''])],
    ['everything', rule(['*'], ['*'], ['*'])],
    ['a rule without group', rule(['get', 'list'], ['configmaps', 'secrets'])],
  ];
  const answer = (rules: readonly object[], allowed: boolean) => (request: SeenRequest) =>
    request.path.endsWith('/selfsubjectrulesreviews')
      ? json({ status: { resourceRules: rules } }, 201)
      : json({ status: { allowed } }, 201);

  for (const [title, allowing] of ready)
    test(`is satisfied by ${title}, and reads nothing`, async () => {
      respond = answer([rule(['list'], ['pods'], ['']), allowing], false);
      assert.equal(await (await session()).validate(signal), 'Ready');
      assert.equal(http.requests().length, 1);
      assert.deepEqual(JSON.parse(http.requests()[0]!.body), {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace: 'remote' },
      });
    });

  const wanting = [
    rule(['list'], ['secrets'], ['']),
    rule(['get'], ['pods'], ['']),
    rule(['get'], ['secrets'], ['apps']),
  ];
  test('asks directly when no rule says so', async () => {
    respond = answer(wanting, true);
    assert.equal(await (await session()).validate(signal), 'Ready');
    assert.deepEqual(JSON.parse(http.requests()[1]!.body).spec, {
      resourceAttributes: { namespace: 'remote', verb: 'get', resource: 'secrets' },
    });
  });
  test('says what is missing', async () => {
    respond = answer(wanting, false);
    await assert.rejects(
      (await session()).validate(signal),
      (error: unknown) =>
        error instanceof PermissionDeniedError && /may not get secrets in namespace "remote"/.test(error.message),
    );
  });
  test('knows nothing when it may not ask', async () => {
    respond = () => status(403, 'Forbidden', 'no', 'selfsubjectrulesreviews');
    await assert.rejects((await session()).validate(signal), (error: unknown) => {
      assert.ok(error instanceof ValidityUnknownError);
      assert.match(error.message, /cannot be checked .*needs a role with verb "create" on selfsubjectrulesreviews/);
      return true;
    });
  });
  test('fails with credentials that are not accepted', async () => {
    respond = () => status(401, 'Unauthorized', 'Unauthorized');
    await assert.rejects((await session()).validate(signal), AuthenticationError);
  });
  test('cannot be done for a ClusterSecretStore whose credentials are the consumer’s', async () => {
    const spec = { auth: { serviceAccount: { name: 'reader' } } };
    const client = await session(spec, { kind: 'ClusterSecretStore', namespace: '' });
    assert.equal(await client.validate(signal), 'Unknown');
  });
});

test('a server that repeats what was pushed does not get it into a message', async () => {
  const value = 'canary-7f3a9c';
  respond = ({ method }) =>
    method === 'GET' ? status(404, 'NotFound', 'no') : status(422, 'Invalid', `data.a: Invalid value: "${value}"`);
  const client = await session();
  await assert.rejects(client.push!(pushOf('db', { a: value }, [['a', 'a']]), signal), (error: unknown) => {
    assert.ok(error instanceof InvalidRefError);
    assert.match(error.message, /create secrets "db" in namespace "remote": 422: data\.a: Invalid value: "<secret>"/);
    return true;
  });
});

test('calls are counted with their result', async () => {
  const calls: string[] = [];
  const client = await session({}, { observe: (call, result) => calls.push(`${call} ${result}`) });
  await read(client, { key: 'db' });
  respond = () => status(404, 'NotFound', 'x');
  await assert.rejects(read(client, { key: 'db' }));
  respond = () => ({ status: 503 });
  await assert.rejects(read(client, { key: 'db' }));
  await assert.rejects(client.find!({}, signal));
  await assert.rejects(client.validate(signal));
  assert.deepEqual(calls, [
    'GetSecret success',
    'GetSecret success',
    'GetSecret error',
    'ListSecrets error',
    'CreateSelfSubjectRulesReview error',
  ]);
});
