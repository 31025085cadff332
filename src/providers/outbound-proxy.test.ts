import assert from 'node:assert/strict';
import { createServer as createSecureServer } from 'node:https';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { request } from 'undici';
import { connectProxy } from '../../test/builders/connect-proxy.ts';
import { issueServer, makeAuthority } from '../certificates/authority.ts';
import { InvalidProviderConfigError } from './errors.ts';
import { outboundAgent, OutboundRules, type OutboundTls } from './outbound.ts';

const HOST = 'backend.invalid';
const answer: RequestListener = (_request, response) => response.end('answer');

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Asks through a proxy that takes `backend.invalid` for this machine; no name server knows that name. */
async function ask(t: TestContext, url: string, port: number, tls: OutboundTls = {}, no?: string) {
  const proxy = await connectProxy(() => `127.0.0.1:${port}`);
  const agent = outboundAgent({ rules: new OutboundRules([], { http: proxy.url, https: proxy.url, no }), tls });
  t.after(async () => {
    await agent.destroy();
    await proxy[Symbol.asyncDispose]();
  });
  const { tunnels } = proxy;
  return { tunnels, said: request(url, { dispatcher: agent }).then(({ body }) => body.text()) };
}

test('a store is reached through the proxy of the operator’s environment, its certificate checked end to end', async (t) => {
  const now = Date.now();
  const authority = await makeAuthority(now);
  const { cert, key } = await issueServer(authority, HOST, now);
  const port = await listening(t, createSecureServer({ cert, key }, answer));
  const { said, tunnels } = await ask(t, `https://${HOST}:8200/`, port, { ca: authority.cert });
  assert.equal(await said, 'answer');
  assert.deepEqual(tunnels, [`${HOST}:8200`]);
  const other = await makeAuthority(now);
  const stranger = await ask(t, `https://${HOST}:8200/`, port, { ca: other.cert });
  await assert.rejects(stranger.said, /certificate|signature/);
});

test('plain HTTP is tunnelled as well', async (t) => {
  const port = await listening(t, createServer(answer));
  const { said, tunnels } = await ask(t, `http://${HOST}/`, port);
  assert.equal(await said, 'answer');
  assert.deepEqual(tunnels, [`${HOST}:80`]);
});

test('a proxy opens no address that is closed to stores', async (t) => {
  const port = await listening(t, createServer(answer));
  for (const url of ['http://169.254.169.254/latest', 'http://localhost:1/', 'http://[::ffff:169.254.169.254]/']) {
    const { said, tunnels } = await ask(t, url, port);
    await assert.rejects(said, InvalidProviderConfigError);
    assert.deepEqual(tunnels, []);
  }
});

test('NO_PROXY is obeyed', async (t) => {
  const { said, tunnels } = await ask(t, `http://${HOST}:1/`, 1, {}, '.invalid');
  await assert.rejects(said);
  assert.deepEqual(tunnels, []);
});

test('a proxy that is not there, or refuses, is named without its password', async (t) => {
  const port = await listening(t, createServer(answer));
  const proxy = `http://user:canary@127.0.0.1:${port}`;
  const agent = outboundAgent({ rules: new OutboundRules([], { http: proxy, https: undefined, no: undefined }) });
  t.after(() => agent.destroy());
  await assert.rejects(request(`http://${HOST}/`, { dispatcher: agent }), (error: Error) => {
    assert.match(error.message, new RegExp(`the proxy 127\\.0\\.0\\.1:${port}`));
    return !error.message.includes('canary');
  });
});
