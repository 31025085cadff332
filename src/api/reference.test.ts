import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { kindDefinitions } from './kinds.ts';
import { referencePages } from './reference.ts';

const built = [{ name: 'fake', spec: z.object({ data: z.array(z.string()).describe('The data | and more.') }) }];
const pages = referencePages(kindDefinitions(built), built);

function pageOf(name: string): string {
  const page = pages.get(name);
  assert.ok(page, `no page ${name}`);
  return page;
}

test('the index leads to a page of every kind', () => {
  const links = [...pageOf('README.md').matchAll(/\]\(([a-z]+\.md)\)/g)].map(([, file]) => file);
  assert.equal(links.length, 25);
  assert.deepEqual(new Set(links), new Set([...pages.keys()].filter((name) => name !== 'README.md')));
});

test('no link of a page leads to a page that does not exist', () => {
  for (const [name, text] of pages) {
    for (const [, file = ''] of text.matchAll(/\]\(([A-Za-z]+\.md)(?:#[a-z-]+)?\)/g)) {
      assert.ok(pages.has(file), `${name} links to ${file}`);
    }
  }
});

test('a row tells type, default, need and meaning of a field', () => {
  const page = pageOf('externalsecret.md');
  assert.match(page, /\| `spec\.refreshInterval` \| string \| `"1h0m0s"` \| How often the values are fetched again/);
  assert.match(page, /\| `spec\.data\[\]\.secretKey` \| string \|  \| \*\*Required\.\*\* The key in the Secret\./);
  assert.match(page, /\| `spec\.dataFrom\[\]\.rewrite\[\]\.merge\.priority` \| list of string \|/);
});

test('every row of every table has four cells, whatever the descriptions contain', () => {
  for (const text of pages.values()) {
    for (const line of text.split('\n').filter((it) => it.startsWith('| `'))) {
      assert.equal(line.split(/(?<!\\)\|/).length, 6, line);
    }
  }
});

test('the page of SecretStore lists what is built and only names what is not', () => {
  const page = pageOf('secretstore.md');
  assert.match(
    page,
    /\| `spec\.provider\.fake\.data` \| list of string \|  \| \*\*Required\.\*\* The data \\\| and more\./,
  );
  assert.match(page, /This build has: `fake`\./);
  assert.match(page, /not available in this build: .*`gitlab`/s);
  assert.doesNotMatch(page, /spec\.provider\.gitlab/);
});
