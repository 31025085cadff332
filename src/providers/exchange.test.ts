import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Agent } from 'undici';
import { startHttp, type SandboxHttp } from '../../sandbox/http/server.ts';
import { SecretValue } from '../secret-value.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  PermissionDeniedError,
  SecretNotFoundError,
  ThrottledError,
} from './errors.ts';
import { concernsAll, exchange, quotable, retryAfterMs, unreachable } from './exchange.ts';
import { outboundAgent, OutboundRules, probeConnection } from './outbound.ts';

const rules = new OutboundRules(['127.0.0.0/8']);
const { signal } = new AbortController();

describe('an exchange', () => {
  let http: SandboxHttp;
  let agent: Agent;
  before(async () => {
    http = await startHttp();
    agent = outboundAgent({ rules });
  });
  after(async () => {
    await agent.destroy();
    await http.stop();
  });
  const send = (path: string, timeoutMs = 5000, stop = signal) =>
    exchange(
      agent,
      { url: new URL(path, http.url), method: 'GET', headers: { 'x-a': 'b' } },
      { timeoutMs, whom: 'The backend', signal: stop },
    );

  test('gives status, headers and all bytes', async () => {
    http.put('/bytes?x=1', Uint8Array.from([0, 255]));
    const answer = await send('/bytes?x=1');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/octet-stream');
    assert.deepEqual([...answer.body], [0, 255]);
    assert.equal(http.requests().at(-1)?.headers['x-a'], 'b');
  });

  test('without an answer in time is a backend that cannot be reached', async () => {
    http.setLatency(500);
    await assert.rejects(send('/', 30), (error: unknown) => {
      assert.ok(error instanceof BackendUnavailableError);
      assert.equal(error.message, 'The backend cannot be reached: no answer in time');
      return true;
    });
    http.heal();
  });

  test('whose connection breaks is one as well', async () => {
    http.fault('/broken', 'reset');
    await assert.rejects(send('/broken'), /^BackendUnavailableError: The backend cannot be reached: /);
    http.heal();
  });

  test('ends with the reason of an abort', async () => {
    const reason = new Error('stop');
    await assert.rejects(send('/', 5000, AbortSignal.abort(reason)), reason);
  });

  test('to a refused address says so', async () => {
    const closed = outboundAgent({ rules: new OutboundRules() });
    const request = { url: new URL(http.url), method: 'GET', headers: {} };
    await assert.rejects(
      exchange(closed, request, { timeoutMs: 1000, whom: 'It', signal }),
      InvalidProviderConfigError,
    );
    await closed.destroy();
  });
});

test('an error that says more stays as it is', () => {
  const error = new SecretNotFoundError('gone');
  assert.equal(unreachable('It', error, true), error);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.UTC(2030, 0, 1);
  assert.equal(retryAfterMs('7', now), 7000);
  assert.equal(retryAfterMs('Tue, 01 Jan 2030 00:01:00 GMT', now), 60_000);
  assert.equal(retryAfterMs('Mon, 31 Dec 2029 00:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), undefined);
  assert.equal(retryAfterMs('', now), undefined);
  assert.equal(retryAfterMs(undefined, now), undefined);
});

test('a server’s words are short and without our secrets', () => {
  const secrets = [SecretValue.ofText('t0ken\n'), SecretValue.ofText('')];
  assert.equal(quotable('bad t0ken, t0ken', secrets), 'bad <secret>, <secret>');
  assert.equal(quotable('x'.repeat(2000), []).length, 501);
  const odd = 'a "b"\n  c/ü';
  const looks = ['a "b" c/ü', JSON.stringify(odd), Buffer.from(odd).toString('base64'), encodeURIComponent(odd)];
  for (const look of looks) {
    const shown = quotable(`refused: ${look}!`, [SecretValue.ofText(odd)]);
    assert.match(shown, /^refused: "?<secret>"?!$/, look);
  }
});

test('login, silence and throttling concern all reads, a denial only its own', () => {
  for (const kind of [AuthenticationError, BackendUnavailableError, ThrottledError])
    assert.equal(concernsAll(new kind('x')), true);
  for (const kind of [PermissionDeniedError, SecretNotFoundError]) assert.equal(concernsAll(new kind('x')), false);
});

describe('a probe', () => {
  test('connects and hangs up', async () => {
    const http = await startHttp();
    const { hostname, port } = new URL(http.url);
    await probeConnection(rules, { hostname, port: Number(port) }, 1000, signal);
    assert.equal(http.requests().length, 0);
    await http.stop();
    await assert.rejects(
      probeConnection(rules, { hostname, port: Number(port) }, 1000, signal),
      (error: unknown) =>
        error instanceof BackendUnavailableError && error.message.startsWith(`${hostname}:${port} cannot be reached`),
    );
  });

  test('obeys the rules, also for names and IPv6', async () => {
    for (const hostname of ['169.254.169.254', '[::1]', 'localhost'])
      await assert.rejects(
        probeConnection(new OutboundRules(), { hostname, port: 1 }, 1000, signal),
        InvalidProviderConfigError,
      );
  });

  test('ends with an abort', async () => {
    const reason = new Error('stop');
    await assert.rejects(
      probeConnection(rules, { hostname: '127.0.0.1', port: 1 }, 1000, AbortSignal.abort(reason)),
      reason,
    );
  });
});
