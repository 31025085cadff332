import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { openAws } from '../../../test/conformance/aws.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import type { RetrySettings } from '../provider.ts';

const clock = new WarpClock();
let aws: SandboxAws;
before(async () => {
  aws = await startAws({ clock });
  await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  await aws.fault('GetSecretValue', 'unavailable');
});
after(() => aws.stop());

async function attempts(retry: RetrySettings | undefined): Promise<number | undefined> {
  await aws.resetCalls();
  const client = await openAws(aws, clock, {}, { retry });
  const [outcome] = await client.read([{ key: 'a' }], new AbortController().signal);
  assert.equal(outcome?.ok, false);
  return (await aws.calls()).get('GetSecretValue');
}

test('without retrySettings there are three attempts', async () => assert.equal(await attempts(undefined), 3));
test('maxRetries 0 means no retry', async () => assert.equal(await attempts({ maxRetries: 0 }), 1));
test('maxRetries 2 at a fixed distance means three attempts', async () => {
  assert.equal(await attempts({ maxRetries: 2, retryIntervalMs: 10 }), 3);
});
test('a denial is not tried again', async () => {
  await aws.heal();
  await aws.fault('GetSecretValue', 'deny');
  assert.equal(await attempts({ maxRetries: 3, retryIntervalMs: 10 }), 1);
});
