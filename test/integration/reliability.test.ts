/**
 * What breaks in production: the API server, the lines to it, the backends. Afterwards everything is in step within a minute, nothing
 * was deleted, nobody restarted anything, and meanwhile the broken part was left in peace.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { externalSecrets, secrets } from '../../src/api/resources.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import {
  aws,
  entry,
  externalSecret,
  from,
  into,
  refreshEvery,
  secret,
  secretStore,
  vault,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { dataOf, failsWith, holds, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator();

const MANY = Array.from({ length: 12 }, (_, index) => `db-${index}`);

/** ExternalSecrets that refresh each 30 s under the most dangerous policy, with their values at one backend. */
interface Fleet {
  readonly namespace: string;
  put(value: string): Promise<void>;
  uids(): Promise<readonly unknown[]>;
}

async function fleet(backend: 'aws' | 'vault', prefix: string, value: string): Promise<Fleet> {
  const namespace = await env.namespace(prefix);
  const put = async (text: string): Promise<void> => {
    for (const name of MANY) {
      if (backend === 'aws') await env.aws.putSecret(`${namespace}/${name}`, JSON.stringify({ v: text }));
      else await env.vault.put('secret', `${namespace}/${name}`, { v: text });
    }
  };
  await env.aws.addAccessKey('AKIARELIABILITY', 'static-secret-key');
  await put(value);
  await env.apply(
    secret(namespace, 'aws', { id: 'AKIARELIABILITY', key: 'static-secret-key' }),
    secret(namespace, 'vault', { token: env.vault.rootToken }),
    secretStore(namespace, 'store', backend === 'aws' ? aws('aws') : vault(env.vault.address, 'vault'), {
      // The SDK repeats calls by a clock of its own, which tests cannot move.
      retrySettings: { maxRetries: 0 },
    }),
    ...MANY.map((name) =>
      externalSecret(
        namespace,
        name,
        from('store'),
        entry('v', `${namespace}/${name}`, 'v'),
        refreshEvery('30s'),
        into({ deletionPolicy: 'Delete' }),
      ),
    ),
  );
  await inStep(namespace, value);
  const uids = (): Promise<readonly unknown[]> =>
    Promise.all(MANY.map(async (name) => (await secretOf(env, namespace, name))?.metadata.uid));
  return { namespace, put, uids };
}

async function retire({ namespace }: Fleet): Promise<void> {
  for (const name of MANY) await env.kube.delete(externalSecrets, { namespace, name });
}

/** Within a minute of the operator's clock, all Secrets hold this value. */
async function inStep(namespace: string, value: string): Promise<void> {
  await withinAMinute(async () => {
    for (const name of MANY) assert.deepEqual(await dataOf(env, namespace, name), { v: value });
  });
}

async function withinAMinute(check: () => Promise<void>): Promise<void> {
  for (let seconds = 0; ; seconds++) {
    try {
      return await check();
    } catch (error) {
      if (seconds >= 60) throw error;
    }
    await env.advance(1_000);
  }
}

/** Lets time pass in steps, so that what is woken can also do something. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) await env.advance(Math.min(left, 1_000));
}

/** On the real parts a minute is too long. */
const outageMs = env.supports('fast-time') ? 120_000 : 15_000;

describe('the API server', () => {
  let it: Fleet;
  before(async () => {
    it = await fleet('aws', 'cluster', 'first');
  });
  after(() => retire(it));

  /** Breaks something while values change, and sees to it that they arrive in the same Secrets. */
  async function survives(value: string, breakIt: () => Promise<void>): Promise<void> {
    const uids = await it.uids();
    await it.put(value);
    await breakIt();
    await inStep(it.namespace, value);
    assert.deepEqual(await it.uids(), uids);
    await env.kube.delete(secrets, { namespace: it.namespace, name: MANY[0]! });
    await withinAMinute(async () => assert.deepEqual(await dataOf(env, it.namespace, MANY[0]!), { v: value }));
    assert.equal((await fetch(`${operator.healthUrl}/healthz`)).status, 200);
    assert.equal((await fetch(`${operator.healthUrl}/readyz`)).status, 200);
  }

  test('goes away and comes back', requires(env, 'restart', 'it is stopped'), () =>
    survives('restarted', async () => {
      await env.kubeFaults.stop();
      await pass(outageMs);
      assert.equal((await fetch(`${operator.healthUrl}/healthz`)).status, 200, 'no reason to restart us');
      await env.kubeFaults.start();
    }),
  );

  test('has forgotten old versions', requires(env, 'restart', 'compaction restarts it'), () =>
    survives('compacted', async () => {
      await env.kubeFaults.compact();
      await env.kubeFaults.dropWatches('reset');
    }),
  );

  for (const how of ['end', 'reset'] as const) {
    test(`ends its watches by ${how}, again and again`, () =>
      survives(`dropped-${how}`, async () => {
        for (let round = 0; round < 10; round++) {
          await env.kubeFaults.dropWatches(how);
          await pass(500);
        }
      }));
  }

  const faults = requires(env, 'kube-faults', 'a server that errs on request');

  test('stops in the middle of a line', faults, () => survives('half', () => env.kubeFaults.halfLine()));

  test('falls silent', faults, () =>
    survives('silent', async () => {
      await env.kubeFaults.silence();
      await pass(100_000);
    }),
  );

  for (const status of [429, 500, 503] as const) {
    test(`answers ${status} to every write for a while`, faults, () =>
      survives(`status-${status}`, async () => {
        const retry = status === 500 ? {} : { retryAfterSeconds: 2 };
        for (const method of ['PUT', 'POST', 'PATCH'])
          await env.kubeFaults.respond({ method }, { status, ...retry }, 40);
        await pass(45_000);
        env.kubeFaults.heal();
      }),
    );
  }

  test('answers 429 to lists and watches', faults, () =>
    survives('lists', async () => {
      await env.kubeFaults.respond(
        { method: 'GET', path: /watch=true|limit=/ },
        { status: 429, retryAfterSeconds: 1 },
        40,
      );
      await env.kubeFaults.dropWatches('end');
      await pass(30_000);
      env.kubeFaults.heal();
    }),
  );

  test('resets every connection for a while', faults, () =>
    survives('resets', async () => {
      await env.kubeFaults.reset({ path: /secrets/ }, 50);
      await env.kubeFaults.dropWatches('reset');
      await pass(20_000);
      env.kubeFaults.heal();
    }),
  );

  test(
    'loses every line for an hour: memory stays as it is',
    requires(env, 'fast-time', 'an hour passes'),
    async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const round = async (): Promise<void> => {
        await env.kubeFaults.dropWatches('reset');
        await pass(60_000);
      };
      const used = (): number => {
        collect();
        collect();
        return process.memoryUsage().heapUsed / 2 ** 20;
      };
      for (let warm = 0; warm < 15; warm++) await round();
      const before = used();
      for (let rounds = 0; rounds < 45; rounds++) await round();
      const grown = used() - before;
      // The sandbox in the same process keeps history; the log of the test grows, too.
      assert.ok(grown < 16, `${grown.toFixed(1)} MiB more`);
    },
  );
});

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
      const it = await fleet('aws', fault, 'before');
      const uids = await it.uids();
      for (const action of ['BatchGetSecretValue', 'GetSecretValue']) await env.aws.fault(action, fault);
      await it.put('after');
      await leftAlone(it);
      await failsWith(env, it.namespace, MANY[0]!, fault === 'throttle' ? /AWS throttles/ : /AWS failed/);
      const before = await errorsOf('AWS/SecretsManager');
      await pass(300_000);
      const probes = (await errorsOf('AWS/SecretsManager')) - before;
      assert.ok(probes <= 10, `${probes} probes in five minutes`);
      assert.deepEqual(await it.uids(), uids, 'nothing is deleted');
      await env.aws.heal();
      await inStep(it.namespace, 'after');
      assert.deepEqual(await it.uids(), uids);
      for (const name of MANY) assert.ok((await eventsOf(it.namespace, name)) <= 6, 'few events');
      await retire(it);
    });
  }

  test('Vault: gone for a minute', requires(env, 'restart', 'it is stopped'), async () => {
    const it = await fleet('vault', 'vault', 'before');
    const uids = await it.uids();
    await it.put('after');
    await env.vault.stop();
    await pass(env.supports('fast-time') ? 60_000 : 20_000);
    const before = await errorsOf('HashiCorp/Vault');
    await pass(env.supports('fast-time') ? 120_000 : 15_000);
    const probes = (await errorsOf('HashiCorp/Vault')) - before;
    // On the real parts 20 s are too short for it to be known as broken.
    if (env.supports('fast-time')) assert.ok(probes <= 5, `${probes} probes in two minutes`);
    assert.deepEqual(await it.uids(), uids, 'nothing is deleted');
    await env.vault.start();
    await inStep(it.namespace, 'after');
    assert.deepEqual(await it.uids(), uids);
    await isValid(env, it.namespace, 'store');
    await retire(it);
  });

  test('AWS: one secret of a batch is denied', requires(env, 'aws-faults', 'one is denied'), async () => {
    const it = await fleet('aws', 'one-denied', 'before');
    const uids = await it.uids();
    const denied = MANY[3]!;
    await env.aws.fault('GetSecretValue', 'deny', `${it.namespace}/${denied}`);
    // AWS checks each id of a batch; moto checks none.
    if (env.kind === 'real') await env.aws.fault('BatchGetSecretValue', 'deny', `${it.namespace}/${denied}`);
    await it.put('after');
    await withinAMinute(async () => {
      for (const name of MANY)
        assert.deepEqual(await dataOf(env, it.namespace, name), { v: name === denied ? 'before' : 'after' });
      assert.match(await readyOf(env, externalSecrets, it.namespace, denied), /^False SecretSyncedError.*AWS denied/);
    });
    assert.deepEqual(await it.uids(), uids, 'a denial deletes nothing');
    await env.aws.heal();
    // What is refused is tried again with a growing pause; a person who mended the policy says so.
    const annotations = { 'force-sync': 'now' };
    await env.kube.patch(externalSecrets, { namespace: it.namespace, name: denied }, { metadata: { annotations } });
    await inStep(it.namespace, 'after');
    await retire(it);
  });

  test(
    'AWS: batches are denied, single reads are not',
    requires(env, 'aws-faults', 'one action is denied'),
    async () => {
      await env.aws.fault('BatchGetSecretValue', 'deny');
      const it = await fleet('aws', 'no-batch', 'before');
      await it.put('after');
      await inStep(it.namespace, 'after');
      for (const name of MANY)
        assert.match(await readyOf(env, externalSecrets, it.namespace, name), /^True SecretSynced/);
      await env.aws.heal();
      await retire(it);
    },
  );

  test('a value that is really gone is what deletes a Secret, and its return makes it anew', async () => {
    const it = await fleet('aws', 'gone', 'before');
    const [first] = MANY;
    await env.aws.deleteSecret(`${it.namespace}/${first}`);
    await withinAMinute(async () => assert.equal(await secretOf(env, it.namespace, first!), undefined));
    await env.aws.putSecret(`${it.namespace}/${first}`, '{"v":"again"}');
    await withinAMinute(() => holds(env, it.namespace, first!, { v: 'again' }, 100));
    await retire(it);
  });
});
