import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { ServerResponse } from 'node:http';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { serve } from '../../test/builders/http-server.ts';
import { thing, things } from '../../test/builders/things.ts';
import type { WatchEvent } from './client.ts';
import { DeniedError, GoneError, KubeError, NotFoundError, TooManyRequestsError, UnreachableError } from './errors.ts';
import type { RequestInfo } from './http-client.ts';
import { connect } from './http-client.ts';

const stored = { ...thing('a'), metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '5' } };
const name = { namespace: 'default', name: 'a' };
const path = '/apis/example.org/v1/namespaces/default/things';

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const line = (event: unknown): string => `${JSON.stringify(event)}\n`;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

test('each call has its method, path, content type and body', async () => {
  await using server = await serve((_request, response) => answer(response, 200, stored));
  const kube = connect({ server: `${server.url}/prefix/` }, {});
  await kube.get(things, name);
  await kube.create(things, thing('a'), { fieldManager: 'me' });
  await kube.update(things, stored, { dryRun: true });
  await kube.updateStatus(things, stored);
  await kube.patch(things, name, { spec: null });
  await kube.patch(things, name, {}, { type: 'apply', subresource: 'status', force: true });
  await kube.delete(things, name, { preconditions: { uid: 'u' }, propagationPolicy: 'Background' });
  await kube.close();
  assert.deepEqual(
    server.received.map(({ method, url, headers }) => [method, url, headers['content-type']]),
    [
      ['GET', `/prefix${path}/a`, undefined],
      ['POST', `/prefix${path}?fieldManager=me`, 'application/json'],
      ['PUT', `/prefix${path}/a?dryRun=All`, 'application/json'],
      ['PUT', `/prefix${path}/a/status`, 'application/json'],
      ['PATCH', `/prefix${path}/a`, 'application/merge-patch+json'],
      ['PATCH', `/prefix${path}/a/status?force=true`, 'application/apply-patch+yaml'],
      ['DELETE', `/prefix${path}/a`, 'application/json'],
    ],
  );
  const [, created, , , , , deleted] = server.received.map(
    ({ body }) => (body === '' ? {} : JSON.parse(body)) as object,
  );
  assert.deepEqual(created, { apiVersion: 'example.org/v1', kind: 'Thing', ...thing('a') });
  const wishes = { apiVersion: 'v1', kind: 'DeleteOptions' };
  assert.deepEqual(deleted, { ...wishes, preconditions: { uid: 'u' }, propagationPolicy: 'Background' });
});

test('metadata-only reads ask for partial objects', async () => {
  await using server = await serve((_request, response) =>
    answer(response, 200, { metadata: { resourceVersion: '1' }, items: null }),
  );
  const kube = connect({ server: server.url });
  await kube.get(things, name, { metadataOnly: true });
  const list = await kube.list(things, { metadataOnly: true, limit: 2, continue: 'x' });
  await kube.close();
  assert.deepEqual(list.items, [], 'a null list is an empty one');
  assert.match(String(server.received[0]?.headers.accept), /as=PartialObjectMetadata;/);
  assert.match(String(server.received[1]?.headers.accept), /as=PartialObjectMetadataList;/);
  assert.equal(server.received[1]?.url, '/apis/example.org/v1/things?limit=2&continue=x');
});

test('the token is asked for each time, and who we are is said', async () => {
  await using server = await serve((_request, response) => answer(response, 200, stored));
  let n = 0;
  const kube = connect({ server: server.url, token: async () => `t${++n}`, userAgent: 'external-secrets-ts/1.2.3' });
  await kube.get(things, name);
  await kube.get(things, name);
  await kube.close();
  assert.deepEqual(
    server.received.map(({ headers }) => headers.authorization),
    ['Bearer t1', 'Bearer t2'],
  );
  assert.equal(server.received[0]?.headers['user-agent'], 'external-secrets-ts/1.2.3');
});

test('a token that cannot be had is a denial, and nothing is sent', async () => {
  await using server = await serve((_request, response) => answer(response, 200, stored));
  const token = () => Promise.reject(new Error('ENOENT: no such file'));
  const kube = connect({ server: server.url, token });
  await assert.rejects(kube.get(things, name), DeniedError);
  assert.equal(server.received.length, 0);
  await kube.close();
});

test('a Status becomes its error, with the time to wait', async () => {
  await using server = await serve((_request, response, nth) => {
    if (nth === 0) answer(response, 404, { kind: 'Status', reason: 'NotFound', message: 'no "a"' });
    else answer(response, 429, { kind: 'Status' }, { 'retry-after': '3' });
  });
  const kube = connect({ server: server.url });
  await assert.rejects(kube.get(things, name), (error) => error instanceof NotFoundError && error.message === 'no "a"');
  await assert.rejects(
    kube.get(things, name),
    (error) => error instanceof TooManyRequestsError && error.retryAfterMs === 3000,
  );
  await kube.close();
});

test('nobody there: the error names the host and a cause that does not change', async () => {
  const closed = await serve(() => undefined);
  await closed[Symbol.asyncDispose]();
  const kube = connect({ server: closed.url });
  const host = new URL(closed.url).host;
  await assert.rejects(kube.get(things, name), {
    name: 'UnreachableError',
    message: `API server ${host} cannot be reached: connection refused`,
  });
  await kube.close();
});

test('a read whose connection died before any answer is tried once more, a write is not', async () => {
  await using server = await serve((request, response) => {
    if (server.received.filter(({ method }) => method === request.method).length === 1) request.reset();
    else answer(response, 200, stored);
  });
  const kube = connect({ server: server.url });
  assert.equal((await kube.get(things, name)).metadata.uid, 'u');
  await assert.rejects(kube.create(things, thing('a')), /cannot be reached: connection lost/);
  assert.deepEqual(
    server.received.map(({ method }) => method),
    ['GET', 'GET', 'POST'],
  );
  await kube.close();
});

test('a read is tried twice, not for ever', async () => {
  await using server = await serve((request) => request.reset());
  const kube = connect({ server: server.url });
  await assert.rejects(kube.get(things, name), UnreachableError);
  assert.equal(server.received.length, 2);
  await kube.close();
});

test('an answer that does not come in time, or stops half-way, is an error', async () => {
  await using server = await serve((_request, response, nth) => {
    if (nth > 0) response.writeHead(200).write('{"metadata":');
  });
  const kube = connect({ server: server.url }, { timeoutMs: 60 });
  await assert.rejects(kube.get(things, name), /no answer in time/);
  await assert.rejects(kube.get(things, name), /the answer stopped half-way/);
  await kube.close();
});

test('an answer that is no JSON is an error that does not quote it', async () => {
  await using server = await serve((_request, response) => response.end('{"data":{"password": hunter2}}'));
  const kube = connect({ server: server.url });
  await assert.rejects(kube.get(things, name), (error: Error) => {
    assert.ok(error instanceof UnreachableError);
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/);
    return true;
  });
  await kube.close();
});

test('an abort throws its reason, whatever the call is waiting for, and closes the connection', async () => {
  await using server = await serve(() => undefined);
  const kube = connect({ server: server.url });
  const abort = new AbortController();
  const call = kube.get(things, name, { signal: abort.signal });
  await until(() => server.received.length === 1);
  const reason = new Error('enough');
  abort.abort(reason);
  await assert.rejects(call, (error) => error === reason);
  await until(() => server.connections === 0);
  await assert.rejects(kube.get(things, name, { signal: abort.signal }), (error) => error === reason);
  assert.equal(server.received.length, 1);
  await kube.close();
});

test('a signal that lives as long as the program collects no listeners', async (t) => {
  await using server = await serve((_request, response) => answer(response, 200, stored));
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const kube = connect({ server: server.url });
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 50 }, () => kube.get(things, name, { signal })));
  await turn();
  assert.deepEqual([getEventListeners(signal, 'abort').length, warnings], [0, []]);
  await kube.close();
});

test('closing the client fails what is under way', async () => {
  await using server = await serve(() => undefined);
  const kube = connect({ server: server.url });
  const call = assert.rejects(kube.create(things, thing('a')), UnreachableError);
  await until(() => server.received.length === 1);
  await kube.close();
  await call;
});

test('requests are observed with method, host and code', async () => {
  await using server = await serve((request, response) => {
    if (request.method === 'GET') answer(response, 200, stored);
    else request.reset();
  });
  const seen: RequestInfo[] = [];
  const kube = connect({ server: server.url }, { observe: (info) => seen.push(info) });
  await kube.get(things, name);
  await assert.rejects(kube.create(things, thing('a')), UnreachableError);
  await kube.close();
  const { host } = new URL(server.url);
  assert.deepEqual(
    seen.map(({ method, host, code }) => [method, host, code]),
    [
      ['GET', host, '200'],
      ['POST', host, '<error>'],
    ],
  );
});

test('a client-side limit holds requests back, but not watches', async () => {
  await using server = await serve((request, response) => {
    if (request.url.includes('watch')) response.end(line({ type: 'ADDED', object: stored }));
    else answer(response, 200, stored);
  });
  const clock = new ManualClock();
  const kube = connect({ server: server.url }, { qps: 1, burst: 1, clock });
  await kube.get(things, name);
  let second = false;
  const waiting = kube.get(things, name).then(() => (second = true));
  for await (const event of kube.watch(things, { resourceVersion: '1', timeoutSeconds: 300 }))
    assert.equal(event.type, 'ADDED');
  assert.equal(second, false);
  await clock.advance(1000);
  await waiting;
  await kube.close();
});

test('a ServiceAccount token comes with its end in milliseconds', async () => {
  const status = { token: 'abc', expirationTimestamp: '2030-01-01T00:00:00Z' };
  await using server = await serve((_request, response) => answer(response, 201, { status }));
  const kube = connect({ server: server.url });
  const got = await kube.createToken(
    { namespace: 'team', name: 'sa' },
    { audiences: ['vault'], expirationSeconds: 600 },
  );
  assert.deepEqual(got, { token: 'abc', expiresAt: Date.UTC(2030, 0, 1) });
  assert.equal(server.received[0]?.url, '/api/v1/namespaces/team/serviceaccounts/sa/token');
  const { spec } = JSON.parse(server.received[0].body) as { spec: unknown };
  assert.deepEqual(spec, { audiences: ['vault'], expirationSeconds: 600 });
  await kube.close();
});

/** Watches a server that answers with `handler`; returns the events and the error, if any. */
async function watched(handler: (response: ServerResponse) => void, idleTimeoutMs = 10_000) {
  await using server = await serve((_request, response) => handler(response));
  const kube = connect({ server: server.url });
  const events: WatchEvent[] = [];
  let error: unknown;
  try {
    const options = { namespace: 'default', resourceVersion: '5', timeoutSeconds: 300, idleTimeoutMs };
    for await (const event of kube.watch(things, options)) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  await kube.close();
  return { events, error, url: server.received[0]?.url };
}

test('a watch yields events and bookmarks until the server ends it', async () => {
  const bookmark = { type: 'BOOKMARK', object: { kind: 'Thing', metadata: { resourceVersion: '9' } } };
  const { events, error, url } = await watched((response) => {
    response.write(line({ type: 'ADDED', object: stored }).slice(0, 30));
    setImmediate(() => {
      response.write(line({ type: 'ADDED', object: stored }).slice(30));
      response.end(line({ type: 'DELETED', object: stored }) + line(bookmark));
    });
  });
  assert.equal(error, undefined);
  assert.deepEqual(events, [
    { type: 'ADDED', object: stored },
    { type: 'DELETED', object: stored },
    { type: 'BOOKMARK', resourceVersion: '9' },
  ]);
  assert.equal(url, `${path}?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300`);
});

for (const [what, handler, kind, message] of [
  ['410 as the answer', (r: ServerResponse) => answer(r, 410, { kind: 'Status', message: 'old' }), GoneError, /old/],
  [
    'an ERROR event',
    (r: ServerResponse) => r.end(line({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'old' } })),
    GoneError,
    /old/,
  ],
  ['half a line', (r: ServerResponse) => r.end('{"type":"ADDED","obj'), UnreachableError, /middle of a line/],
  ['a line that is not JSON', (r: ServerResponse) => r.end('<html>\n'), UnreachableError, /not JSON/],
  ['an unknown event', (r: ServerResponse) => r.end(line({ type: 'PARTY' })), UnreachableError, /unknown type/],
  ['an event without an object', (r: ServerResponse) => r.end(line({ type: 'ADDED' })), UnreachableError, /without/],
  [
    'a reset',
    (r: ServerResponse) => {
      r.write(line({ type: 'ADDED', object: stored }));
      setImmediate(() => r.destroy());
    },
    UnreachableError,
    /connection lost/,
  ],
] as const) {
  test(`a watch that gets ${what} throws ${kind.name}`, async () => {
    const { error } = await watched(handler);
    assert.ok(error instanceof KubeError && error instanceof kind, String(error));
    assert.match(error.message, message);
  });
}

test('a watch that stays silent too long counts as dead', async () => {
  const { events, error } = await watched((response) => response.write(line({ type: 'ADDED', object: stored })), 80);
  assert.equal(events.length, 1);
  assert.match(String(error), /the answer stopped half-way/);
});

test('a watch says when it is open, and an abort or a break closes its connection', async () => {
  await using server = await serve((_request, response) => {
    response.flushHeaders();
    setImmediate(() => response.write(line({ type: 'ADDED', object: stored })));
  });
  const kube = connect({ server: server.url });
  let opened = 0;
  const abort = new AbortController();
  const options = { resourceVersion: '5', timeoutSeconds: 300, signal: abort.signal, onOpen: () => void opened++ };
  for await (const _event of kube.watch(things, options)) break;
  await until(() => server.connections === 0);
  const reason = new Error('enough');
  await assert.rejects(
    async () => {
      for await (const _event of kube.watch(things, options)) abort.abort(reason);
    },
    (error) => error === reason,
  );
  await until(() => server.connections === 0);
  assert.equal(opened, 2);
  await kube.close();
});
