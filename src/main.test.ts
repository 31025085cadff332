import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'main-'));
after(() => rmSync(folder, { recursive: true }));

test('the program starts through a symbolic link, as in the image', () => {
  const link = join(folder, 'external-secrets');
  symlinkSync(join(import.meta.dirname, 'main.ts'), link);
  const { stdout, status } = spawnSync(process.execPath, [link, '--help'], { encoding: 'utf8' });
  assert.deepEqual([stdout.split(' ')[0], status], ['external-secrets', 0]);
});
