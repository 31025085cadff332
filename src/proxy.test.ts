import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './proxy.ts';

const both = { http: 'http://plain:3128', https: 'http://tls:3128' };

const cases: readonly [what: string, target: string, no: string | undefined, proxied: boolean][] = [
  ['a name that nothing exempts', 'https://vault.example.org', undefined, true],
  ['this machine by its name', 'https://localhost:8200', undefined, false],
  ['this machine by its address', 'https://127.0.0.9:8200', undefined, false],
  ['this machine by its IPv6 address', 'https://[::1]:8200', undefined, false],
  ['everything', 'https://vault.example.org', '*', false],
  ['a host', 'https://example.org', 'example.org', false],
  ['its subdomains', 'https://vault.example.org', 'a.b, example.org', false],
  ['a host that only ends alike', 'https://anexample.org', 'example.org', true],
  ['subdomains only', 'https://vault.example.org', '.example.org', false],
  ['subdomains only, and the host itself', 'https://example.org', '.example.org', true],
  ['subdomains with a star', 'https://vault.example.org', '*.example.org', false],
  ['any case', 'https://Vault.Example.org', 'EXAMPLE.ORG', false],
  ['an address', 'https://10.0.0.1', '10.0.0.1', false],
  ['a range', 'https://10.96.0.1', '10.96.0.0/12', false],
  ['an address outside a range', 'https://10.128.0.1', '10.96.0.0/12', true],
  ['a name, which a range says nothing about', 'https://vault.example.org', '0.0.0.0/0', true],
  ['an IPv6 range', 'https://[fd00::1]', 'fd00::/8', false],
  ['an IPv6 address', 'https://[fd00::1]', 'fd00::1', false],
  ['a port', 'https://example.org:8200', 'example.org:8200', false],
  ['another port', 'https://example.org', 'example.org:8200', true],
  ['the usual port', 'https://example.org', 'example.org:443', false],
  ['something that is no range', 'https://10.0.0.1', '10.0.0.0/x', true],
];
for (const [what, target, no, proxied] of cases) {
  test(`NO_PROXY: ${what} ${proxied ? 'goes through the proxy' : 'is reached directly'}`, () => {
    assert.equal(proxyFor(target, { ...both, no }), proxied ? 'http://tls:3128' : undefined);
  });
}

test('each scheme has its own proxy, and one without scheme is an HTTP proxy', () => {
  assert.equal(proxyFor('http://example.org', { ...both, no: undefined }), 'http://plain:3128');
  assert.equal(proxyFor('https://example.org', { http: 'x:1', https: undefined, no: undefined }), undefined);
  assert.equal(proxyFor('https://example.org', { http: undefined, https: 'squid:3128', no: '' }), 'http://squid:3128');
});
