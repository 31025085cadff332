import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { DESCRIPTION_VARIABLE, readDescription } from './description.ts';

const folder = mkdtempSync(join(tmpdir(), 'description-'));
after(() => rmSync(folder, { recursive: true }));

test('a test file takes a free set of parts and keeps it; the next takes another', () => {
  const files = ['one', 'two'].map((vault) => {
    const file = join(folder, `${vault}.json`);
    writeFileSync(file, JSON.stringify({ vault }));
    return file;
  });
  const env = { ...process.env, [DESCRIPTION_VARIABLE]: files.join(delimiter) };
  assert.equal(readDescription(env).vault, 'one');
  assert.equal(readDescription(env).vault, 'one');
  const program = `import { readDescription } from './test/real-parts/description.ts'; console.log(readDescription().vault)`;
  const next = (): string =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8' }).stdout.trim();
  assert.equal(next(), 'two');
  assert.equal(next(), 'two', 'what a file that has ended had is free again');
});
