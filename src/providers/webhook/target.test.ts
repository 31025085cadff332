import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import { checkRef, probeTarget, targetOf } from './target.ts';

const ref = (key: string) => ({ key, version: '', property: '', namespace: 'shop' });

describe('keys', () => {
  for (const key of ['db', 'a/b', '/a/b', 'a.b', '..a', 'a..', 'x y', 'ü', ''])
    test(`${JSON.stringify(key)} is fine`, () => checkRef(ref(key)));
  for (const key of ['..', '.', 'a/../b', '%2e%2e', 'a/.%2E', 'a%2Fb', 'a%5cb', 'a//b', 'a/', 'a\nb'])
    test(`${JSON.stringify(key)} is refused`, () => assert.throws(() => checkRef(ref(key)), InvalidRefError));
  test('version and property do not climb either', () => {
    assert.throws(() => checkRef({ ...ref('a'), version: '../b' }), /the version/);
    assert.throws(() => checkRef({ ...ref('a'), property: '..' }), /the property/);
  });
});

describe('rendered URLs', () => {
  test('stay as they are', () => {
    assert.equal(targetOf('https://h:8443/a%2Fb/c?d=../e#f').pathname, '/a%2Fb/c');
    assert.equal(targetOf('http://h').href, 'http://h/');
  });
  for (const url of ['https://h/a/../b', 'https://h/..', 'https://h/%2e%2e/b', 'https://h\\..\\b', 'https://h/a\nb'])
    test(`${JSON.stringify(url)} is refused`, () => assert.throws(() => targetOf(url), InvalidRefError));
  for (const url of ['ftp://h/', 'h/x', '', 'https://u:p@h/', '<no value>'])
    test(`${JSON.stringify(url)} is no URL, and is not shown`, () =>
      assert.throws(
        () => targetOf(url),
        (error: unknown) => error instanceof InvalidProviderConfigError && (url === '' || !error.message.includes(url)),
      ));
});

describe('where a webhook is looked for', () => {
  const table: readonly (readonly [url: string, hostname: string, port: number])[] = [
    ['https://h.example/{{ .remoteRef.key }}', 'h.example', 443],
    ['http://h.example/{{ .remoteRef.key }}', 'h.example', 80],
    ['https://h.example:8443?x={{ . }}', 'h.example', 8443],
    ['http://[::1]:81/', '[::1]', 81],
  ];
  for (const [url, hostname, port] of table) test(url, () => assert.deepEqual(probeTarget(url), { hostname, port }));
  for (const url of ['https://{{ .auth.host }}/x', '{{ .auth.url }}', 'https://h.{{ .remoteRef.namespace }}.svc/'])
    test(`${url} is known only when it is rendered`, () => assert.equal(probeTarget(url), undefined));
  test('what is no URL is an error', () => assert.throws(() => probeTarget('h/x'), InvalidProviderConfigError));
});
