import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { InvalidProviderConfigError } from './errors.ts';
import { describeNetworkError, outboundAgent, OutboundRules, parseTarget } from './outbound.ts';

describe('addresses that a tenant may not reach', () => {
  const rules = new OutboundRules();
  const table: readonly (readonly [string, string | undefined])[] = [
    ['127.0.0.1', 'loopback'],
    ['127.8.9.10', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['169.254.169.254', 'metadata service'],
    ['::ffff:169.254.169.254', 'metadata service'],
    ['64:ff9b::169.254.169.254', 'metadata service'],
    ['fd00:ec2::254', 'metadata service'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['10.0.0.1', undefined],
    ['192.168.1.1', undefined],
    ['172.16.0.1', undefined],
    ['8.8.8.8', undefined],
    ['fd00::1', undefined],
    ['2001:db8::1', undefined],
    ['::ffff:10.0.0.1', undefined],
  ];
  for (const [address, kind] of table) {
    it(`${address} is ${kind ?? 'open'}`, () => assert.equal(rules.refusal(address), kind));
  }

  it('opens what the operator’s owner names, and nothing else', () => {
    const opened = new OutboundRules(['127.0.0.0/8', ' fe80::/10 ', '169.254.25.10']);
    assert.equal(opened.refusal('127.0.0.1'), undefined);
    assert.equal(opened.refusal('::ffff:127.0.0.1'), undefined);
    assert.equal(opened.refusal('fe80::2'), undefined);
    assert.equal(opened.refusal('169.254.25.10'), undefined);
    assert.equal(opened.refusal('169.254.25.11'), 'link-local');
    assert.equal(opened.refusal('::1'), 'loopback');
  });

  for (const text of ['x', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'fd00::/129', '10.0.0.0/-1', '']) {
    it(`refuses "${text}" as a CIDR`, () => assert.throws(() => new OutboundRules([text]), RangeError));
  }
});

describe('connections', () => {
  let server: Server;
  let port: number;
  before(async () => {
    server = createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  async function get(url: string, allow: readonly string[] = []): Promise<string> {
    const agent = outboundAgent({ rules: new OutboundRules(allow) });
    try {
      const { origin } = new URL(url);
      const answer = await agent.request({ origin, path: '/', method: 'GET' });
      return await answer.body.text();
    } finally {
      await agent.destroy();
    }
  }

  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']) {
    it(`to ${host} are refused before a byte is sent, naming host, class and flag`, async () => {
      await assert.rejects(get(`http://${host}:${port}/`), (error: unknown) => {
        assert.ok(error instanceof InvalidProviderConfigError);
        assert.match(error.message, /connections to .* are refused: (loopback|unspecified) addresses/);
        assert.match(error.message, /--allow-targets/);
        return true;
      });
    });
  }

  it('to an opened range go through, by address and by name', async () => {
    assert.equal(await get(`http://127.0.0.1:${port}/`, ['127.0.0.0/8']), 'ok');
    assert.equal(await get(`http://localhost:${port}/`, ['127.0.0.0/8']), 'ok');
  });

  it('that fail are described in one stable line', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => {
      closed.listen(0, '127.0.0.1', resolve);
    });
    const free = (closed.address() as AddressInfo).port;
    await new Promise((resolve) => closed.close(resolve));
    await assert.rejects(get(`http://127.0.0.1:${free}/`, ['127.0.0.0/8']), (error: unknown) => {
      assert.equal(describeNetworkError(error), `connect ECONNREFUSED 127.0.0.1:${free}`);
      return true;
    });
  });
});

describe('a failed TLS handshake', () => {
  it('is told by its reason, without what differs from try to try', () => {
    const line =
      '402330D02A7F0000:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/openssl/tlsany_meth.c:78:\n';
    const error = Object.assign(new Error(line), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    assert.equal(
      describeNetworkError(error),
      'TLS failed: wrong version number; does the server speak TLS at this port? (ERR_SSL_WRONG_VERSION_NUMBER)',
    );
  });
});

describe('a tenant’s URL', () => {
  it('is http or https', () => {
    assert.equal(parseTarget('server', 'https://vault.example.test:8200').host, 'vault.example.test:8200');
    for (const text of ['', 'vault:8200', 'ftp://x', 'file:///etc/passwd', 'unix:/x', 'http://'])
      assert.throws(
        () => parseTarget('server', text),
        /^InvalidProviderConfigError: server: not an http or https URL$/,
      );
  });

  it('carries no credentials, and the message does not repeat them', () => {
    assert.throws(
      () => parseTarget('server', 'https://user:hunter2@vault'),
      (error: unknown) => {
        assert.ok(error instanceof InvalidProviderConfigError);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
});
