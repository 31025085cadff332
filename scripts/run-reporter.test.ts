import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('a failing test of a shared suite is told as a failure of the file that runs it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'run-reporter-'));
  try {
    const entry = join(folder, 'entry.test.mjs');
    const suite = `import { test } from 'node:test';\nexport const suite = () => test('x', () => { throw new Error('no'); });\n`;
    writeFileSync(join(folder, 'suite.mjs'), suite);
    writeFileSync(entry, `import { suite } from './suite.mjs';\nsuite();\n`);
    const reporter = new URL('./run-reporter.ts', import.meta.url).pathname;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['--test', `--test-reporter=${reporter}`, entry], { env }, (_error, stdout) =>
        resolve(stdout),
      );
    });
    const files = output
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { file?: string }).file ?? []);
    assert.deepEqual(files, [entry]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
