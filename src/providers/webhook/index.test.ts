import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { openAs, type Tenant } from '../../../test/conformance/tenant.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { RETRY_AFTER_SECONDS, startHttp, type SandboxHttp } from '../../../sandbox/http/server.ts';
import { secrets } from '../../api/resources.ts';
import { systemClock } from '../../clock.ts';
import { selfSigned } from '../../telemetry/self-signed.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  PropertyNotFoundError,
  SecretNotFoundError,
  ThrottledError,
} from '../errors.ts';
import type { ReadRef, SecretsClient } from '../provider.ts';
import { SecretsReader } from '../reader.ts';
import { webhookModule } from './index.ts';
import { webhook } from './spec.ts';

const { signal } = new AbortController();
const kube = new FakeKube();
let http: SandboxHttp;
let open: SecretsClient[] = [];
before(async () => {
  http = await startHttp();
  const data = { token: Buffer.from('t0ken\n').toString('base64'), user: Buffer.from('robot').toString('base64') };
  const labels = { 'external-secrets.io/type': 'webhook' };
  kube.put(secrets, { metadata: { namespace: 'shop', name: 'labelled', labels }, data } as never);
  kube.put(secrets, { metadata: { namespace: 'shop', name: 'plain' }, data } as never);
});
afterEach(async () => {
  for (const client of open) await client.close();
  open = [];
  http.heal();
  http.require(undefined);
});
after(() => http.stop());

async function session(spec: object, tenant: Partial<Tenant> = {}): Promise<SecretsClient> {
  const url = `${http.url}/{{ .remoteRef.key }}`;
  const client = await openAs({ kube, kind: 'SecretStore', namespace: 'shop', ...tenant }, webhook, { url, ...spec });
  open.push(client);
  return client;
}

/** The text of a read, or what it fails with. */
async function read(client: SecretsClient, ref: ReadRef): Promise<string> {
  const [outcome] = await client.read([ref], signal);
  if (outcome?.ok !== true) throw outcome?.error;
  return webhookModule.values.select(outcome.value, ref).revealText();
}

describe('a request', () => {
  test('is made of the templates, with the Secrets they name', async () => {
    http.respond(({ path }) => (path.startsWith('/made') ? { body: '{"data":{"p":"v"}}' } : undefined));
    const client = await session({
      url: `${http.url}/made/{{ .remoteRef.key }}?v={{ .remoteRef.version }}&n={{ .remoteRef.namespace }}`,
      method: 'POST',
      headers: { Authorization: 'Bearer {{ .auth.token }}', 'Content-Type': 'application/json' },
      body: '{"user":"{{ .auth.user }}"}',
      secrets: [{ name: 'auth', secretRef: { name: 'labelled' } }],
      result: { jsonPath: '$.data.{{ .remoteRef.property }}' },
    });
    assert.equal(await read(client, { key: 'a b', version: '2', property: 'p' }), 'v');
    const seen = http.requests().at(-1)!;
    assert.equal(`${seen.method} ${seen.path} ${seen.body}`, 'POST /made/a+b?v=2&n=shop {"user":"robot"}');
    assert.equal(seen.headers['authorization'], 'Bearer t0ken');
    assert.equal(seen.headers['content-type'], 'application/json');
  });

  test('with GET may have a body', async () => {
    http.put('/get-body', 'ok');
    assert.equal(await read(await session({ body: 'k={{ .remoteRef.key }}' }), { key: 'get-body' }), 'ok');
    assert.equal(http.requests().at(-1)!.body, 'k=get-body');
  });

  test('goes over TLS to a server whose authority the store names', async () => {
    const pair = selfSigned(['localhost'], Date.now());
    const secure = await startHttp({ tls: pair });
    secure.put('/db', 'safe');
    try {
      const url = `${secure.url}/{{ .remoteRef.key }}`;
      const trusted = await session({ url, caBundle: Buffer.from(pair.cert).toString('base64') });
      assert.equal(await read(trusted, { key: 'db' }), 'safe');
      await assert.rejects(read(await session({ url }), { key: 'db' }), BackendUnavailableError);
    } finally {
      await secure.stop();
    }
  });

  test('never leaves the ranges that a tenant may reach', async () => {
    const closed = { allowTargets: [] };
    await assert.rejects(read(await session({}, closed), { key: 'db' }), InvalidProviderConfigError);
    await assert.rejects((await session({}, closed)).validate(signal), /loopback addresses are closed/);
    const metadata = await session({ url: 'http://169.254.169.254/{{ .remoteRef.key }}' });
    await assert.rejects(read(metadata, { key: 'latest' }), /metadata service/);
  });

  test('is refused for a key that climbs', async () => {
    const seen = http.requests().length;
    await assert.rejects(read(await session({}), { key: '../admin' }), InvalidRefError);
    assert.equal(http.requests().length, seen);
  });

  test('waits no longer than the timeout', async () => {
    http.put('/slow', 'late');
    http.setLatency(1000);
    await assert.rejects(read(await session({ timeout: '100ms' }), { key: 'slow' }), /no answer in time/);
  });
});

describe('an answer', () => {
  const table: readonly (readonly [status: number, kind: new (...args: never) => Error])[] = [
    [404, SecretNotFoundError],
    [304, InvalidProviderConfigError],
    [301, InvalidProviderConfigError],
    [400, InvalidRefError],
    [405, InvalidRefError],
    [401, AuthenticationError],
    [403, PermissionDeniedError],
    [429, ThrottledError],
    [500, BackendUnavailableError],
    [503, BackendUnavailableError],
  ];
  for (const [status, kind] of table) {
    test(`of ${status} is a ${kind.name} that names the key and shows no body`, async () => {
      http.respond(({ path }) => (path === `/status-${status}` ? { status, body: 'hunter2' } : undefined));
      await assert.rejects(read(await session({}), { key: `status-${status}` }), (error: unknown) => {
        assert.ok(error instanceof kind, String(error));
        assert.match(
          error.message,
          new RegExp(`Webhook: GET 127\\.0\\.0\\.1:\\d+ for key "status-${status}": ${status}`),
        );
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    });
  }

  test('of 429 says when to come back', async () => {
    http.fault('/busy', 'throttle');
    await assert.rejects(
      read(await session({}), { key: 'busy' }),
      (error: unknown) => error instanceof ThrottledError && error.retryAfterMs === RETRY_AFTER_SECONDS * 1000,
    );
  });

  test('in which the JSONPath finds nothing is an error that names key and property and shows no value', async () => {
    http.put('/json', '{"a":"hunter2"}');
    const client = await session({ result: { jsonPath: '$.{{ .remoteRef.property }}' } });
    await assert.rejects(read(client, { key: 'json', property: 'b' }), (error: unknown) => {
      assert.ok(error instanceof PropertyNotFoundError);
      assert.match(error.message, /property "b".*key "json"/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
    http.put('/text', 'hunter2');
    await assert.rejects(read(client, { key: 'text', property: 'b' }), /the answer is not JSON/);
  });

  test('with an ETag is asked for conditionally the next time', async () => {
    http.put('/tagged', 'one');
    const client = await session({});
    assert.equal(await read(client, { key: 'tagged' }), 'one');
    assert.equal(await read(client, { key: 'tagged' }), 'one');
    assert.match(String(http.requests().at(-1)!.headers['if-none-match']), /^"/);
    http.put('/tagged', 'two');
    assert.equal(await read(client, { key: 'tagged' }), 'two');
    http.remove('/tagged');
    await assert.rejects(read(client, { key: 'tagged' }), SecretNotFoundError);
  });
});

describe('a redirect', () => {
  test('on the same server is followed with all headers', async () => {
    http.respond(({ path }) => (path === '/old' ? { status: 302, headers: { location: '/new' } } : undefined));
    http.put('/new', 'moved');
    const client = await session({ headers: { 'x-api-key': 'k' } });
    assert.equal(await read(client, { key: 'old' }), 'moved');
    assert.equal(http.requests().at(-1)!.headers['x-api-key'], 'k');
  });

  test('to another server is followed without any', async () => {
    const other = await startHttp();
    other.put('/there', 'elsewhere');
    http.respond(({ path }) =>
      path === '/away' ? { status: 307, headers: { location: `${other.url}/there` } } : undefined,
    );
    assert.equal(await read(await session({ headers: { 'x-api-key': 'k' } }), { key: 'away' }), 'elsewhere');
    assert.equal(other.requests()[0]!.headers['x-api-key'], undefined);
    await other.stop();
  });

  test('into a closed range is refused', async () => {
    const location = 'http://169.254.169.254/latest';
    http.respond(({ path }) => (path === '/evil' ? { status: 302, headers: { location } } : undefined));
    await assert.rejects(read(await session({}), { key: 'evil' }), /metadata service addresses are closed/);
  });

  test('in a circle ends', async () => {
    http.respond(({ path }) => (path === '/circle' ? { status: 302, headers: { location: '/circle' } } : undefined));
    await assert.rejects(read(await session({}), { key: 'circle' }), /redirects more than 5 times/);
  });

  test('of a request with a body is not followed', async () => {
    http.respond(({ path }) => (path === '/post' ? { status: 307, headers: { location: '/new' } } : undefined));
    const client = await session({ method: 'POST', body: 'x' });
    await assert.rejects(read(client, { key: 'post' }), /redirect is not followed/);
  });
});

describe('opening', () => {
  const auth = [{ name: 'auth', secretRef: { name: 'plain' } }];
  test('refuses a Secret without the label', () =>
    assert.rejects(session({ secrets: auth }), /secrets\[0\].*"plain".*label external-secrets\.io\/type: webhook/));
  test('refuses NTLM in words', () => {
    const ntlm = { usernameSecret: { name: 'plain' }, passwordSecret: { name: 'plain' } };
    return assert.rejects(session({ auth: { ntlm } }), /auth\.ntlm is not available in this build/);
  });
  test('refuses what cannot be a timeout, a method or a template', async () => {
    await assert.rejects(session({ timeout: 'soon' }), /timeout: /);
    await assert.rejects(session({ url: `${http.url}/{{ nofunction }}` }), /url: /);
    await assert.rejects(read(await session({ method: 'GET /' }), { key: 'x' }), /method: /);
  });
});

describe('validating', () => {
  test('connects, and asks nothing', async () => {
    const seen = http.requests().length;
    assert.equal(await (await session({})).validate(signal), 'Ready');
    assert.equal(http.requests().length, seen);
  });
  test('says when nobody listens', async () => {
    const gone = await startHttp();
    await gone.stop();
    const client = await session({ url: `${gone.url}/{{ .remoteRef.key }}` });
    await assert.rejects(
      client.validate(signal),
      (error: unknown) =>
        error instanceof BackendUnavailableError && /127\.0\.0\.1:\d+ cannot be reached/.test(error.message),
    );
  });
  test('cannot tell where the host is part of the template', async () => {
    assert.equal(await (await session({ url: 'https://{{ .auth.host }}/' })).validate(signal), 'Unknown');
  });
  test('ends with an abort', async () => {
    const reason = new Error('stop');
    await assert.rejects((await session({})).validate(AbortSignal.abort(reason)), reason);
  });
});

test('calls are counted with their result', async () => {
  const calls: string[] = [];
  http.put('/counted', 'x');
  const client = await session({}, { observe: (call, status) => calls.push(`${call} ${status}`) });
  await read(client, { key: 'counted' });
  await assert.rejects(read(client, { key: 'not-there' }));
  http.fault('/counted', 'unavailable');
  await assert.rejects(read(client, { key: 'counted' }));
  assert.deepEqual(calls, ['HTTPRequest success', 'HTTPRequest success', 'HTTPRequest error']);
});

describe('reads that differ in the property', () => {
  async function requests(spec: object): Promise<number> {
    http.put('/shared', '{"a":"1","b":"2"}');
    const reader = new SecretsReader(await session(spec), { clock: systemClock });
    const before = http.requests().length;
    for (const property of ['a', 'b']) await reader.read({ key: 'shared', property }, { notBefore: 0, signal });
    return http.requests().length - before;
  }
  test('are one request when no template looks at it', async () => assert.equal(await requests({}), 1));
  test('are two when one does', async () =>
    assert.equal(await requests({ result: { jsonPath: '$.{{ .remoteRef.property }}' } }), 2));
});
