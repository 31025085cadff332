import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Agent } from 'undici';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { BackendUnavailableError, InvalidRefError, ThrottledError } from '../errors.ts';
import { isJsonObject, JsonNumber } from '../json/index.ts';
import { outboundAgent, OutboundRules } from '../outbound.ts';
import { VaultClient, type VaultClientOptions, type VaultRequest } from './client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const READ: VaultRequest = { call: 'ReadSecretData', method: 'GET', path: 'secret/data/db' };
const signal = (): AbortSignal => AbortSignal.timeout(5000);

describe('a request to Vault', () => {
  let server: Server;
  let agent: Agent;
  let clock: ManualClock;
  let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  let observed: string[];
  let handler: Handler;

  beforeEach(async () => {
    [seen, observed, clock] = [[], [], new ManualClock()];
    handler = (_request, response) => reply(response, 200, '{"request_id":"1","data":{"a":1}}');
    agent = outboundAgent({ rules: new OutboundRules(['127.0.0.0/8']) });
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        handler(request, response);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterEach(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function client(options: Partial<VaultClientOptions> = {}): VaultClient {
    return new VaultClient({
      server: new URL(address()),
      dispatcher: agent,
      headers: {},
      readYourWrites: false,
      forwardToActive: false,
      retry: { maxRetries: 0, waitMs: { from: 1000, to: 1500 } },
      clock,
      observe: (_provider, call, status) => observed.push(`${call} ${status}`),
      random: () => 0.5,
      ...options,
    });
  }

  /** Waits for the answer while the clock is moved past every wait. */
  async function patiently<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const finished = work.finally(() => (state.done = true));
    finished.catch(() => undefined);
    while (!state.done) await clock.advance(1500);
    return finished;
  }

  it('carries token, namespace, own headers and the mark against forged requests', async () => {
    const headers = { 'X-Team': 'shop', 'X-Vault-Token': 'not this one' };
    const request = { ...READ, token: SecretValue.ofText('hvs.t'), namespace: 'team-a', query: { version: '3' } };
    await client({ headers }).send(request, signal());
    const [only] = seen;
    assert.equal(`${only?.method} ${only?.url}`, 'GET /v1/secret/data/db?version=3');
    assert.equal(only?.headers['x-vault-token'], 'hvs.t');
    assert.equal(only?.headers['x-vault-namespace'], 'team-a');
    assert.equal(only?.headers['x-vault-request'], 'true');
    assert.equal(only?.headers['x-team'], 'shop');
    assert.deepEqual(observed, ['ReadSecretData success']);
  });

  it('sends no token header without a token, and nothing of the process environment', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      VAULT_TOKEN: 'ambient',
      VAULT_NAMESPACE: 'ambient',
      VAULT_ADDR: 'http://127.0.0.1:1',
    });
    try {
      await client().send(READ, signal());
    } finally {
      for (const name of ['VAULT_TOKEN', 'VAULT_NAMESPACE', 'VAULT_ADDR']) delete process.env[name];
      Object.assign(process.env, before);
    }
    assert.equal(seen[0]?.headers['x-vault-token'], undefined);
    assert.equal(seen[0]?.headers['x-vault-namespace'], undefined);
  });

  it('lists by GET, writes by PUT, keeps a base path and encodes segments', async () => {
    const vault = client({ server: new URL(`${address()}/vault/`) });
    await vault.send({ ...READ, call: 'ListSecrets', method: 'LIST', path: 'secret/metadata/a b' }, signal());
    await vault.send({ ...READ, method: 'PUT', body: '{"x":1}' }, signal());
    assert.equal(`${seen[0]?.method} ${seen[0]?.url}`, 'GET /vault/v1/secret/metadata/a%20b?list=true');
    assert.equal(`${seen[1]?.method} ${seen[1]?.body}`, 'PUT {"x":1}');
  });

  it('never leaves the path it was given', async () => {
    for (const path of ['secret/../sys/mounts', 'a/./b', 'a/%2e%2e/../b', '..'])
      await assert.rejects(client().send({ ...READ, path }, signal()), InvalidRefError);
    assert.equal(seen.length, 0);
  });

  it('keeps every digit of numbers', async () => {
    handler = (_request, response) =>
      reply(response, 200, '{"request_id":"1","data":{"n":12345678901234567890,"f":1.50}}');
    const { data } = await client().send(READ, signal());
    const literals = isJsonObject(data)
      ? [...data.values()].map((value) => (value instanceof JsonNumber ? value.literal : ''))
      : [];
    assert.deepEqual(literals, ['12345678901234567890', '1.50']);
  });

  it('is sent again after what may pass, with the waits of the policy', async () => {
    const statuses = [503, 412, 200];
    handler = (_request, response) => reply(response, statuses.shift() ?? 0, '{"errors":[],"request_id":"1"}');
    const retry = { maxRetries: 2, waitMs: { from: 1000, to: 1500 } };
    const start = clock.now();
    const answer = await patiently(client({ retry }).send(READ, signal()));
    assert.equal(answer.status, 200);
    assert.equal(seen.length, 3);
    assert.ok(clock.now() - start >= 2500);
    assert.deepEqual(observed, ['ReadSecretData success']);
  });

  it('gives up after the retries, with Vault’s words', async () => {
    handler = (_request, response) => reply(response, 503, '{"errors":["Vault is sealed"]}');
    const retry = { maxRetries: 2, waitMs: { from: 1, to: 1 } };
    await assert.rejects(patiently(client({ retry }).send(READ, signal())), (error: unknown) => {
      assert.ok(error instanceof BackendUnavailableError);
      assert.match(error.message, /GET secret\/data\/db: 503 Vault is sealed/);
      return true;
    });
    assert.equal(seen.length, 3);
    assert.deepEqual(observed, ['ReadSecretData error']);
  });

  it('that is throttled for long comes back at once with the time to come back', async () => {
    handler = (_request, response) => {
      response.setHeader('retry-after', '60');
      reply(response, 429, '{"errors":["rate limit quota exceeded"]}');
    };
    const retry = { maxRetries: 5, waitMs: { from: 1, to: 1 } };
    await assert.rejects(client({ retry }).send(READ, signal()), (error: unknown) => {
      assert.ok(error instanceof ThrottledError);
      assert.equal(error.retryAfterMs, 60_000);
      return true;
    });
    assert.equal(seen.length, 1);
  });

  it('follows one redirect, with token and body, and not a second', async () => {
    let redirects = 1;
    handler = (_request, response) => {
      if (redirects-- > 0) response.writeHead(307, { location: '/v1/secret/data/elsewhere?x=1' }).end();
      else reply(response, 200, '{"request_id":"1"}');
    };
    const request = { ...READ, method: 'PUT', body: '{}', token: SecretValue.ofText('t') } as const;
    assert.equal((await client().send(request, signal())).status, 200);
    assert.deepEqual(
      seen.map(({ method, url, body }) => `${method} ${url} ${body}`),
      ['PUT /v1/secret/data/db {}', 'PUT /v1/secret/data/elsewhere?x=1 {}'],
    );
    assert.equal(seen[1]?.headers['x-vault-token'], 't');
    redirects = 5;
    await assert.rejects(client().send(request, signal()), /redirects more than once/);
  });

  it('does not follow a redirect to an address that is closed to tenants', async () => {
    handler = (_request, response) =>
      response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    await assert.rejects(client().send(READ, signal()), /169\.254\.169\.254 are refused: metadata service/);
    handler = (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    await assert.rejects(client().send(READ, signal()), /not https/);
  });

  it('to something that is not Vault is never "not found"', async () => {
    for (const body of ['404 page not found', '<html>', '{"kind":"Status","code":404}', '', '[]', '{"request_id":']) {
      handler = (_request, response) => reply(response, 404, body);
      await assert.rejects(client().send(READ, signal()), (error: unknown) => {
        assert.ok(error instanceof BackendUnavailableError, body);
        assert.match(error.message, /404, and the answer is not Vault's/);
        return true;
      });
    }
  });

  it('that Vault answers with our own secrets shows none of them', async () => {
    handler = (_request, response) =>
      reply(response, 403, '{"errors":["1 error occurred:\\n\\t* bad hvs.SECRET and pa55word\\n\\n"]}');
    const request = { ...READ, token: SecretValue.ofText('hvs.SECRET'), secrets: [SecretValue.ofText('pa55word\n')] };
    assert.equal((await client().send(request, signal())).message, 'bad <secret> and <secret>');
  });

  it('ends with the caller’s reason when it is aborted', async () => {
    const abort = new AbortController();
    handler = () => abort.abort(new Error('enough'));
    await assert.rejects(client().send(READ, abort.signal), /^Error: enough$/);
  });

  it('ends by itself when no answer comes', async () => {
    handler = () => undefined;
    await assert.rejects(client({ timeoutMs: 30 }).send(READ, signal()), (error: unknown) => {
      assert.ok(error instanceof BackendUnavailableError);
      assert.match(error.message, /^Vault at 127\.0\.0\.1:\d+ cannot be reached: no answer in time$/);
      return true;
    });
  });

  it('that is cut off says so', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"request_id"');
      response.socket?.destroy();
    };
    await assert.rejects(client().send(READ, signal()), BackendUnavailableError);
  });

  it('sends back the newest index it saw, and asks to be forwarded', async () => {
    const index = Buffer.from('v1:cluster:7:7:sig').toString('base64');
    handler = (_request, response) => {
      response.setHeader('x-vault-index', index);
      reply(response, 200, '{"request_id":"1"}');
    };
    const vault = client({ readYourWrites: true, forwardToActive: true });
    await vault.send(READ, signal());
    await vault.send(READ, signal());
    assert.deepEqual(
      seen.map(({ headers }) => headers['x-vault-index']),
      [undefined, index],
    );
    assert.equal(seen[1]?.headers['x-vault-inconsistent'], 'forward-active-node');
  });
});

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
