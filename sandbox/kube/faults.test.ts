import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import type { SandboxKube } from './server.ts';
import { startKube } from './server.ts';
import { call, until, watch } from './test-client.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';

async function sandbox(t: TestContext, clock = new ManualClock()): Promise<SandboxKube> {
  const kube = await startKube({ clock, crds: [] });
  t.after(() => kube.stop());
  return kube;
}

test('ends or resets every open watch', async (t) => {
  const kube = await sandbox(t);
  const first = await watch(kube, `${SECRETS}?watch=1`);
  await kube.faults.dropWatches('end');
  assert.equal(await first.ended, 'end');
  const second = await watch(kube, `${SECRETS}?watch=1`);
  await kube.faults.dropWatches('reset');
  assert.equal(await second.ended, 'reset');
  await until(() => kube.faults.openWatches === 0);
});

test('answers the next matching requests with a status and Retry-After, then as usual', async (t) => {
  const kube = await sandbox(t);
  await kube.faults.respond({ method: 'GET', path: /secrets/ }, { status: 429, retryAfterSeconds: 3 }, 2);
  const answers = [];
  for (let index = 0; index < 3; index++) answers.push(await call(kube, 'GET', SECRETS));
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [429, 429, 200],
  );
  assert.equal(answers[0]?.headers.get('retry-after'), '3');
  assert.equal(answers[0].body['reason'], 'TooManyRequests');
});

test('cuts a watch in the middle of a line', async (t) => {
  const kube = await sandbox(t);
  const open = await watch(kube, `${SECRETS}?watch=1`);
  await kube.faults.halfLine();
  assert.equal(await open.ended, 'end');
  assert.match(open.rest(), /^\{"type":"MODIFIED"/);
});

test('keeps a watch open but silent', async (t) => {
  const kube = await sandbox(t);
  const silent = await watch(kube, `${SECRETS}?watch=1`);
  await kube.faults.silence();
  const heard = await watch(kube, `${SECRETS}?watch=1`);
  await call(kube, 'POST', SECRETS, { metadata: { name: 's' } });
  await until(() => heard.events.length === 1);
  assert.equal(silent.events.length, 0);
  silent.close();
  heard.close();
});

test('answers late by the injected clock', async (t) => {
  const clock = new ManualClock();
  const kube = await sandbox(t, clock);
  await kube.faults.delay({ path: /secrets/ }, 60_000, 1);
  let answered = false;
  const late = call(kube, 'GET', SECRETS).then((result) => {
    answered = true;
    return result.status;
  });
  await until(() => clock.pendingTimers === 1);
  assert.equal(answered, false);
  await clock.advance(60_000);
  assert.equal(await late, 200);
});

test('resets the connection of a matching request', async (t) => {
  const kube = await sandbox(t);
  await kube.faults.reset({ path: /secrets/ }, 1);
  await assert.rejects(call(kube, 'GET', SECRETS));
  assert.equal((await call(kube, 'GET', SECRETS)).status, 200);
});

test('stops and comes back on the same port with its data', async (t) => {
  const kube = await sandbox(t);
  await call(kube, 'POST', SECRETS, { metadata: { name: 's' } });
  const { url } = kube;
  await kube.faults.stop();
  await assert.rejects(call(kube, 'GET', SECRETS));
  await kube.faults.start();
  assert.equal(kube.url, url);
  assert.equal((await call(kube, 'GET', `${SECRETS}/s`)).status, 200);
});
