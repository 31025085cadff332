import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LostRaceError } from '../key-locks.ts';
import { readAnswer } from './answer.ts';
import { KvWriter } from './kv-write.ts';
import type { DataRequest, VaultSession } from './session.ts';

const { signal } = new AbortController();
const MADE = {
  data: { data: { a: '1' }, metadata: { version: 1, custom_metadata: { 'managed-by': 'external-secrets' } } },
};
const MADE_METADATA = { data: { current_version: 1, custom_metadata: { 'managed-by': 'external-secrets' } } };
const NOTHING = { errors: [] };

/** A Vault that gives these answers, one after the other; the last one again and again. */
function writer(...answers: readonly (readonly [status: number, body: object])[]) {
  const asked: string[] = [];
  const session: Pick<VaultSession, 'send'> = {
    send: async ({ method, path }: DataRequest) => {
      const [status, body] = answers[Math.min(asked.push(`${method} ${path}`), answers.length) - 1]!;
      return readAnswer(status, Buffer.from(JSON.stringify({ request_id: 'r', ...body })), [])!;
    },
  };
  return { asked, writer: new KvWriter(session as VaultSession, { path: 'secret', version: 'v2' }) };
}

test('a secret that is made between the two looks at it is looked at again, or what it holds would be overwritten', async () => {
  const { writer: kv, asked } = writer([404, NOTHING], [200, MADE_METADATA], [200, MADE]);
  const there = await kv.look('db', signal);
  assert.equal(there.version, 1);
  assert.deepEqual([...(there.data ?? [])], [['a', '1']]);
  assert.deepEqual(asked, ['GET secret/data/db', 'GET secret/metadata/db', 'GET secret/data/db']);
});

test('a Vault that never agrees with itself is not asked for ever', async () => {
  const answers = Array.from({ length: 10 }, () => [[404, NOTHING] as const, [200, MADE_METADATA] as const]).flat();
  const { writer: kv, asked } = writer(...answers);
  await assert.rejects(kv.look('db', signal), LostRaceError);
  assert.ok(asked.length <= 6);
});

test('what was only marked so far is ours and has no version', async () => {
  const marked = { data: { ...MADE_METADATA.data, current_version: 0 } };
  const { writer: kv } = writer([404, NOTHING], [200, marked]);
  const { version, data, isOurs, isUsed } = await kv.look('db', signal);
  assert.deepEqual({ version, data, isOurs, isUsed }, { version: 0, data: undefined, isOurs: true, isUsed: false });
});
