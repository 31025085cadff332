import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latestStatus, rememberWritten, type WrittenStatus } from './written-status.ts';

type Status = { readonly phase: string };
const at = (resourceVersion: string, phase: string) => ({
  metadata: { name: 'app', uid: 'u', resourceVersion },
  status: { phase },
});
const record = (): { written: WrittenStatus<Status> | undefined } => ({ written: undefined });

test('what was written last counts until the cache has it, and is then forgotten', () => {
  const memory = record();
  rememberWritten(memory, at('10', 'new'), at('9', 'old'));
  assert.deepEqual(latestStatus(at('9', 'old'), memory), { phase: 'new' });
  assert.deepEqual(latestStatus(at('10', 'new'), memory), { phase: 'new' });
  assert.equal(memory.written, undefined);
});

test('a cache that was faster than the answer leaves nothing to remember', () => {
  const memory = record();
  rememberWritten(memory, at('99', 'new'), at('100', 'newer'));
  assert.equal(memory.written, undefined);
  assert.deepEqual(latestStatus(at('100', 'newer'), memory), { phase: 'newer' });
});

test('no write leaves nothing to remember', () => {
  const memory = record();
  rememberWritten<Status>(memory, undefined, at('9', 'old'));
  assert.deepEqual(latestStatus(at('9', 'old'), memory), { phase: 'old' });
});
