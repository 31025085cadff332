import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { GENERATED_FOLDERS, generatedFiles } from './generate.ts';

const ROOT = join(import.meta.dirname, '..');
const files = generatedFiles();

for (const folder of GENERATED_FOLDERS) {
  test(`${folder} is what npm run generate would write`, async () => {
    const expected = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
    const found = (await readdir(join(ROOT, folder))).map((name) => `${folder}/${name}`);
    assert.deepEqual(found.toSorted(), expected.toSorted());
    for (const path of expected) {
      const text = await readFile(join(ROOT, path), 'utf8');
      assert.ok(text === files.get(path), `${path} is out of date: run npm run generate and commit the result`);
    }
  });
}

test('every CRD is small enough for a client-side kubectl apply', () => {
  const LONGEST_ANNOTATION = 262_144;
  for (const [path, text] of files) {
    if (!path.startsWith('crds/')) continue;
    assert.ok(Buffer.byteLength(text) < LONGEST_ANNOTATION, `${path} has ${Buffer.byteLength(text)} bytes`);
    assert.ok(JSON.stringify(parse(text)).length < LONGEST_ANNOTATION, path);
  }
});

test('generating twice gives the same bytes', () => assert.deepEqual(generatedFiles(), files));
