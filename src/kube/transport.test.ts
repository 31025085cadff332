import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { connectProxy } from '../../test/builders/connect-proxy.ts';
import { serveSecure, TEST_CERTIFICATE } from '../../test/builders/http-server.ts';
import { thing, things } from '../../test/builders/things.ts';
import { UnreachableError } from './errors.ts';
import { connect } from './http-client.ts';

const stored = { ...thing('a'), metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '5' } };
const name = { namespace: 'default', name: 'a' };

function ok(response: Http2ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(stored));
}

test('64 requests at once share one HTTP/2 connection; a watch has its own', async () => {
  await using server = await serveSecure((request, response) => {
    if (request.url.includes('watch')) response.write(`${JSON.stringify({ type: 'ADDED', object: stored })}\n`);
    else ok(response);
  });
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  await Promise.all(Array.from({ length: 64 }, () => kube.get(things, name)));
  assert.ok(server.received.every((line) => line.startsWith('2.0 ')));
  assert.equal(server.sessions.length, 1);
  for await (const _event of kube.watch(things, { resourceVersion: '1', timeoutSeconds: 300 })) break;
  assert.equal(server.sessions.length, 2);
  await kube.close();
});

test('a connection that the server asked to leave or cut between two requests costs no read', async () => {
  await using server = await serveSecure((_request, response) => ok(response));
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  await kube.get(things, name);
  server.sessions[0]?.goaway();
  await kube.get(things, name);
  server.sessions.at(-1)?.destroy();
  await kube.get(things, name);
  await kube.close();
});

test('a connection cut while a read waits for its answer costs one more try, a write fails', async () => {
  await using server = await serveSecure((request, response, nth) => {
    if (nth === 0 || request.method === 'POST') server.sessions.at(-1)?.destroy();
    else ok(response);
  });
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  assert.equal((await kube.get(things, name)).metadata.uid, 'u');
  await assert.rejects(kube.create(things, thing('a')), /cannot be reached: connection lost/);
  assert.equal(server.received.length, 3);
  await kube.close();
});

test('a watch whose connection is cut throws, and the next one works', async () => {
  await using server = await serveSecure((_request, response) => {
    response.write(`${JSON.stringify({ type: 'ADDED', object: stored })}\n`);
  });
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  const watch = async (): Promise<void> => {
    for await (const _event of kube.watch(things, { resourceVersion: '1', timeoutSeconds: 300 }))
      server.sessions.at(-1)?.destroy();
  };
  await assert.rejects(watch(), UnreachableError);
  await assert.rejects(watch(), UnreachableError);
  assert.equal(server.received.length, 2);
  await kube.close();
});

test('an aborted call closes its stream, not the connection of the others', async () => {
  const abort = new AbortController();
  const hung = Promise.withResolvers<Http2ServerResponse>();
  await using server = await serveSecure((_request, response, nth) => {
    if (nth === 0) hung.resolve(response);
    else ok(response);
  });
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  const call = assert.rejects(kube.get(things, name, { signal: abort.signal }), /enough/);
  const { stream } = await hung.promise;
  abort.abort(new Error('enough'));
  await call;
  while (!stream.closed) await turn();
  await kube.get(things, name);
  assert.equal(server.sessions.length, 1);
  await kube.close();
});

test('calls that are aborted while they are sent leave nothing open and do no harm when the connection ends', async () => {
  const hung: ServerHttp2Stream[] = [];
  await using server = await serveSecure((request, response) => {
    if (request.url.endsWith('/a')) hung.push(response.stream);
    if (request.url.endsWith('/a')) response.write('{');
    else ok(response);
  });
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE });
  const others = (): Promise<unknown> => kube.get(things, { ...name, name: 'b' });
  await others();
  // One of these moments is between the first byte of the request and its last.
  for (let moment = 1; moment <= 20; moment++) {
    const abort = new AbortController();
    const call = assert.rejects(kube.get(things, name, { signal: abort.signal }), /enough/);
    for (let microtask = 0; microtask < moment; microtask++) await Promise.resolve();
    abort.abort(new Error('enough'));
    await call;
    await others();
    while (hung.some(({ closed }) => !closed)) await turn();
  }
  assert.ok(hung.length > 0);
  assert.equal(server.sessions.length, 1);
  await kube.close();
  await turn();
});

test('a server that cannot prove who it is gets no request', async () => {
  await using server = await serveSecure((_request, response) => ok(response));
  const kube = connect({ server: server.url, token: async () => 'secret-token' });
  await assert.rejects(kube.get(things, name), /its certificate is not signed by the configured CA/);
  assert.equal(server.received.length, 0);
  await kube.close();
});

test('a new connection trusts the authorities of its time', async () => {
  await using server = await serveSecure((_request, response) => ok(response));
  let ca = '';
  const kube = connect({ server: server.url, readCa: () => ca });
  await assert.rejects(kube.get(things, name), UnreachableError);
  ca = TEST_CERTIFICATE;
  await kube.get(things, name);
  ca = '';
  await kube.get(things, name);
  assert.deepEqual(
    server.received.map((line) => line.slice(0, 4)),
    ['2.0 ', '2.0 '],
  );
  await kube.close();
});

test('requests and watches go through a proxy, which does not see what they say', async () => {
  await using server = await serveSecure((request, response) => {
    if (request.url.includes('watch')) response.write(`${JSON.stringify({ type: 'ADDED', object: stored })}\n`);
    else ok(response);
  });
  await using proxy = await connectProxy();
  const kube = connect({ server: server.url, ca: TEST_CERTIFICATE, proxyUrl: proxy.url });
  assert.equal((await kube.get(things, name)).metadata.uid, 'u');
  for await (const _event of kube.watch(things, { resourceVersion: '1', timeoutSeconds: 300 })) break;
  const { host } = new URL(server.url);
  assert.deepEqual([...new Set(proxy.tunnels)], [host]);
  await kube.close();
});
