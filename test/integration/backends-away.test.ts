/**
 * Backends go away, throttle and deny, as in production. Afterwards everything is in step within a minute, nothing was deleted, and
 * meanwhile the broken part was left in peace.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { externalSecrets } from '../../src/api/resources.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { requires, useEnv } from './current-env.ts';
import { Fleets, MANY, type Fleet } from './fleet.ts';
import { dataOf, failsWith, holds, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();
const fleets = new Fleets(env);

describe('a backend', () => {
  afterEach(() => env.aws.heal());

  const eventsOf = async (namespace: string, name: string): Promise<number> =>
    (await env.events(namespace, name))
      .filter(({ reason }) => reason === 'UpdateFailed')
      .reduce((sum, { count }) => sum + count, 0);

  /** Calls that failed; the SDK's own repetitions within a call are not counted. */
  const errorsOf = async (provider: string): Promise<number> =>
    parseExposition(await env.metrics())
      .samples.filter(
        ({ name, labels }) =>
          name === 'externalsecret_provider_api_calls_count' &&
          labels['status'] === 'error' &&
          labels['provider'] === provider,
      )
      .reduce((sum, { value }) => sum + value, 0);

  /** Until the backend is left alone: calls take real time, however fast the clock is. */
  const leftAlone = async ({ namespace }: Fleet): Promise<void> => {
    await env.eventually(async () => {
      await env.advance(1_000);
      for (const name of MANY)
        assert.match(await readyOf(env, externalSecrets, namespace, name), /asked again only now and then/);
    });
  };

  for (const fault of ['unavailable', 'throttle'] as const) {
    const needs = env.supports('aws-faults')
      ? requires(env, 'fast-time', 'five minutes pass')
      : requires(env, 'aws-faults', fault);
    test(`AWS: five minutes of ${fault}`, needs, async () => {
      const it = await fleets.launch('aws', fault, 'before');
      const uids = await it.uids();
      for (const action of ['BatchGetSecretValue', 'GetSecretValue']) await env.aws.fault(action, fault);
      await it.put('after');
      await leftAlone(it);
      await failsWith(env, it.namespace, MANY[0]!, fault === 'throttle' ? /AWS throttles/ : /AWS failed/);
      const before = await errorsOf('AWS/SecretsManager');
      await fleets.pass(300_000);
      const probes = (await errorsOf('AWS/SecretsManager')) - before;
      assert.ok(probes <= 10, `${probes} probes in five minutes`);
      assert.deepEqual(await it.uids(), uids, 'nothing is deleted');
      await env.aws.heal();
      await fleets.inStep(it.namespace, 'after');
      assert.deepEqual(await it.uids(), uids);
      for (const name of MANY) assert.ok((await eventsOf(it.namespace, name)) <= 6, 'few events');
      await fleets.retire(it);
    });
  }

  test('Vault: gone for a minute', requires(env, 'restart', 'it is stopped'), async () => {
    const it = await fleets.launch('vault', 'vault', 'before');
    const uids = await it.uids();
    await it.put('after');
    await env.vault.stop();
    await fleets.pass(env.supports('fast-time') ? 60_000 : 20_000);
    const before = await errorsOf('HashiCorp/Vault');
    await fleets.pass(env.supports('fast-time') ? 120_000 : 15_000);
    const probes = (await errorsOf('HashiCorp/Vault')) - before;
    // On the real parts 20 s are too short for it to be known as broken.
    if (env.supports('fast-time')) assert.ok(probes <= 5, `${probes} probes in two minutes`);
    assert.deepEqual(await it.uids(), uids, 'nothing is deleted');
    await env.vault.start();
    await fleets.inStep(it.namespace, 'after');
    assert.deepEqual(await it.uids(), uids);
    await isValid(env, it.namespace, 'store');
    await fleets.retire(it);
  });

  test('AWS: one secret of a batch is denied', requires(env, 'aws-faults', 'one is denied'), async () => {
    const it = await fleets.launch('aws', 'one-denied', 'before');
    const uids = await it.uids();
    const denied = MANY[3]!;
    await env.aws.fault('GetSecretValue', 'deny', `${it.namespace}/${denied}`);
    // AWS checks each id of a batch; moto checks none.
    if (env.kind === 'real') await env.aws.fault('BatchGetSecretValue', 'deny', `${it.namespace}/${denied}`);
    await it.put('after');
    await fleets.withinAMinute(async () => {
      for (const name of MANY)
        assert.deepEqual(await dataOf(env, it.namespace, name), { v: name === denied ? 'before' : 'after' });
      assert.match(await readyOf(env, externalSecrets, it.namespace, denied), /^False SecretSyncedError.*AWS denied/);
    });
    assert.deepEqual(await it.uids(), uids, 'a denial deletes nothing');
    await env.aws.heal();
    // What is refused is tried again with a growing pause; a person who mended the policy says so.
    const annotations = { 'force-sync': 'now' };
    await env.kube.patch(externalSecrets, { namespace: it.namespace, name: denied }, { metadata: { annotations } });
    await fleets.inStep(it.namespace, 'after');
    await fleets.retire(it);
  });

  test(
    'AWS: batches are denied, single reads are not',
    requires(env, 'aws-faults', 'one action is denied'),
    async () => {
      await env.aws.fault('BatchGetSecretValue', 'deny');
      const it = await fleets.launch('aws', 'no-batch', 'before');
      await it.put('after');
      await fleets.inStep(it.namespace, 'after');
      for (const name of MANY)
        assert.match(await readyOf(env, externalSecrets, it.namespace, name), /^True SecretSynced/);
      await env.aws.heal();
      await fleets.retire(it);
    },
  );

  test('a value that is really gone is what deletes a Secret, and its return makes it anew', async () => {
    const it = await fleets.launch('aws', 'gone', 'before');
    const [first] = MANY;
    await env.aws.deleteSecret(`${it.namespace}/${first}`);
    await fleets.withinAMinute(async () => assert.equal(await secretOf(env, it.namespace, first!), undefined));
    await env.aws.putSecret(`${it.namespace}/${first}`, '{"v":"again"}');
    await fleets.withinAMinute(() => holds(env, it.namespace, first!, { v: 'again' }, 100));
    await fleets.retire(it);
  });
});
