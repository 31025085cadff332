import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { tokenFile } from './token-file.ts';

test('reads the token again after a minute, and lives on the last one while the file is away', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'token-file-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'token');
  const clock = new ManualClock();
  const token = tokenFile(path, clock);
  await assert.rejects(token(), { code: 'ENOENT' });

  await writeFile(path, 'first\n');
  assert.deepEqual(await Promise.all([token(), token()]), ['first', 'first']);
  await writeFile(path, 'second\n');
  assert.equal(await token(), 'first');
  await clock.advance(60_000);
  assert.equal(await token(), 'second');

  await rm(path);
  await clock.advance(60_000);
  assert.equal(await token(), 'second');
});
