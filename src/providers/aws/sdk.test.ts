import assert from 'node:assert/strict';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Proxies } from '../../proxy.ts';
import { sdkConfig } from './sdk.ts';

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function agentFor(proxies: Proxies | undefined) {
  const environment = {
    awsEndpoints: {},
    awsDefaults: {},
    allowTargets: [],
    controllerCredentialsForAll: true,
    proxies,
  };
  const { requestHandler } = sdkConfig({ region: 'eu-central-1', environment, endpointVariable: 'AWS_STS_ENDPOINT' });
  return requestHandler.httpAgent;
}

/** The body of the answer. */
function ask(url: string, proxies: Proxies | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: agentFor(proxies) }, (response) => {
      response.setEncoding('utf8');
      response.once('data', resolve);
    }).once('error', reject);
  });
}

test('the SDK goes through the proxy of the environment, but not to this machine nor where NO_PROXY says', async (t) => {
  const proxy = await listening(
    t,
    createServer((request, response) => void response.end(`proxy: ${request.url}`)),
  );
  const server = await listening(
    t,
    createServer((_request, response) => void response.end('direct')),
  );
  const proxies = { http: `http://127.0.0.1:${proxy}`, https: undefined, no: '.example.org' };
  assert.match(await ask('http://sts.amazonaws.invalid/x', proxies), /^proxy: .*x$/);
  assert.equal(await ask(`http://127.0.0.1:${server}/`, proxies), 'direct');
  assert.equal(await ask(`http://127.0.0.1:${server}/`, undefined), 'direct');
  await assert.rejects(ask('http://sts.example.org.invalid/x', { ...proxies, no: '.invalid' }));
  assert.equal(agentFor(proxies), agentFor(proxies));
});
