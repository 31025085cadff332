/**
 * The API server and the lines to it break, as in production. Afterwards everything is in step within a minute, nothing was deleted,
 * nobody restarted anything.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { secrets } from '../../src/api/resources.ts';
import { requires, useEnv } from './current-env.ts';
import { Fleets, MANY, type Fleet } from './fleet.ts';
import { dataOf } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator();
const fleets = new Fleets(env);

/** On the real parts a minute is too long. */
const outageMs = env.supports('fast-time') ? 120_000 : 15_000;

describe('the API server', () => {
  let it: Fleet;
  before(async () => {
    it = await fleets.launch('aws', 'cluster', 'first');
  });
  after(() => fleets.retire(it));

  /** Breaks something while values change, and sees to it that they arrive in the same Secrets. */
  async function survives(value: string, breakIt: () => Promise<void>): Promise<void> {
    const uids = await it.uids();
    await it.put(value);
    await breakIt();
    await fleets.inStep(it.namespace, value);
    assert.deepEqual(await it.uids(), uids);
    await env.kube.delete(secrets, { namespace: it.namespace, name: MANY[0]! });
    await fleets.withinAMinute(async () => assert.deepEqual(await dataOf(env, it.namespace, MANY[0]!), { v: value }));
    assert.equal((await fetch(`${operator.healthUrl}/healthz`)).status, 200);
    assert.equal((await fetch(`${operator.healthUrl}/readyz`)).status, 200);
  }

  test('goes away and comes back', requires(env, 'restart', 'it is stopped'), () =>
    survives('restarted', async () => {
      await env.kubeFaults.stop();
      await fleets.pass(outageMs);
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
          await fleets.pass(500);
        }
      }));
  }

  const faults = requires(env, 'kube-faults', 'a server that errs on request');

  test('stops in the middle of a line', faults, () => survives('half', () => env.kubeFaults.halfLine()));

  test('falls silent', faults, () =>
    survives('silent', async () => {
      await env.kubeFaults.silence();
      await fleets.pass(100_000);
    }),
  );

  for (const status of [429, 500, 503] as const) {
    test(`answers ${status} to every write for a while`, faults, () =>
      survives(`status-${status}`, async () => {
        const retry = status === 500 ? {} : { retryAfterSeconds: 2 };
        for (const method of ['PUT', 'POST', 'PATCH'])
          await env.kubeFaults.respond({ method }, { status, ...retry }, 40);
        await fleets.pass(45_000);
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
      await fleets.pass(30_000);
      env.kubeFaults.heal();
    }),
  );

  test('resets every connection for a while', faults, () =>
    survives('resets', async () => {
      await env.kubeFaults.reset({ path: /secrets/ }, 50);
      await env.kubeFaults.dropWatches('reset');
      await fleets.pass(20_000);
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
        await fleets.pass(60_000);
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
