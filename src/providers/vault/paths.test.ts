import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import { authMount, encodePath, locate, locateFolder, type KvVersion } from './paths.ts';

describe('a key becomes a data and a metadata path', () => {
  const table: readonly (readonly [KvVersion, string | undefined, string, string, string])[] = [
    ['v2', 'secret', 'foo/bar', 'secret/data/foo/bar', 'secret/metadata/foo/bar'],
    ['v2', 'secret', 'secret/foo', 'secret/data/foo', 'secret/metadata/foo'],
    ['v2', 'secret', 'secret/data/foo', 'secret/data/foo', 'secret/metadata/foo'],
    ['v2', 'secret', 'data/foo', 'secret/data/data/foo', 'secret/metadata/data/foo'],
    ['v2', 'secret', 'secret/data', 'secret/data/data', 'secret/metadata/data'],
    ['v2', 'secret', 'secret', 'secret/data/secret', 'secret/metadata/secret'],
    ['v2', 'secret', 'secret/secret/foo', 'secret/data/secret/foo', 'secret/metadata/secret/foo'],
    ['v2', 'secret', 'secretly/foo', 'secret/data/secretly/foo', 'secret/metadata/secretly/foo'],
    ['v2', '/secret/', 'foo', 'secret/data/foo', 'secret/metadata/foo'],
    ['v2', 'secret', '/dev/x', 'secret/data/dev/x', 'secret/metadata/dev/x'],
    ['v2', 'team/kv', 'foo', 'team/kv/data/foo', 'team/kv/metadata/foo'],
    ['v2', 'team/kv', 'team/kv/data/foo', 'team/kv/data/foo', 'team/kv/metadata/foo'],
    ['v2', 'team/kv', 'team/foo', 'team/kv/data/team/foo', 'team/kv/metadata/team/foo'],
    ['v2', undefined, 'secret/foo/x', 'secret/data/foo/x', 'secret/metadata/foo/x'],
    ['v2', '', 'secret/data/foo', 'secret/data/foo', 'secret/metadata/foo'],
    ['v2', undefined, 'team/kv/foo', 'team/data/kv/foo', 'team/metadata/kv/foo'],
    ['v2', undefined, 'team/kv/data/foo', 'team/kv/data/foo', 'team/kv/metadata/foo'],
    ['v2', undefined, 'data/foo', 'data/data/foo', 'data/metadata/foo'],
    ['v1', 'secret', 'foo', 'secret/foo', 'secret/foo'],
    ['v1', 'secret', 'secret/foo', 'secret/foo', 'secret/foo'],
    ['v1', 'secret', 'secret/data/foo', 'secret/data/foo', 'secret/data/foo'],
    ['v1', undefined, 'secret/foo', 'secret/foo', 'secret/foo'],
  ];
  for (const [version, path, key, data, metadata] of table) {
    it(`${version}, path ${path ?? '(none)'}, key ${key}`, () => {
      const found = locate({ version, path }, key);
      assert.deepEqual({ data: found.data, metadata: found.metadata }, { data, metadata });
    });
  }
});

describe('a key that could lead elsewhere is refused before a URL is built', () => {
  for (const key of [
    '',
    '/',
    '..',
    '.',
    'a/../b',
    'a/./b',
    'a//b',
    'a/',
    'a/%2e%2e/b',
    '%2E',
    'a%2fb',
    'a%2Fb',
    'a%5cb',
    'a\nb',
    'a\u0000b',
  ])
    it(JSON.stringify(key), () => assert.throws(() => locate({ version: 'v2', path: 'secret' }, key), InvalidRefError));

  it('also a mount alone, when the store has no path', () => {
    assert.throws(() => locate({ version: 'v2', path: undefined }, 'secret'), InvalidRefError);
    assert.throws(() => locate({ version: 'v2', path: 'a/../b' }, 'x'), InvalidRefError);
  });
});

describe('a folder to search', () => {
  const mount = { version: 'v2', path: 'secret' } as const;
  const table: readonly (readonly [string | undefined, string, string])[] = [
    [undefined, 'secret/metadata', ''],
    ['', 'secret/metadata', ''],
    ['dev', 'secret/metadata/dev', 'dev'],
    ['dev/', 'secret/metadata/dev', 'dev'],
    ['/dev/a', 'secret/metadata/dev/a', 'dev/a'],
    ['secret/dev', 'secret/metadata/dev', 'dev'],
    ['secret/data/dev', 'secret/metadata/dev', 'dev'],
  ];
  for (const [folder, metadata, name] of table) {
    it(folder ?? '(none)', () => {
      const found = locateFolder(mount, folder);
      assert.deepEqual({ metadata: found.metadata, name: found.name }, { metadata, name });
    });
  }

  it('names the mount when the store does not', () => {
    assert.equal(locateFolder({ version: 'v2', path: undefined }, 'secret/dev').metadata, 'secret/metadata/dev');
    assert.equal(locateFolder({ version: 'v1', path: undefined }, 'secret/dev').metadata, 'secret/dev');
    assert.throws(() => locateFolder({ version: 'v2', path: undefined }, undefined), InvalidRefError);
  });
});

describe('on the wire', () => {
  it('segments are encoded, slashes stay', () => {
    assert.equal(encodePath('secret/data/a b/ü?#%41'), 'secret/data/a%20b/%C3%BC%3F%23%2541');
  });

  it('an auth mount has no slashes at its ends and does not climb', () => {
    assert.equal(authMount('f', '/team/kubernetes/'), 'team/kubernetes');
    for (const text of ['', '/', 'a/../sys', 'a//b'])
      assert.throws(() => authMount('f', text), InvalidProviderConfigError);
  });
});
