/**
 * The operator as a process: what it tells about itself, how it starts, stops, hands over and restarts, and how it takes over what
 * another operator left. Each test starts its own, for its own namespace.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { externalSecrets, leases, secrets, secretStores } from '../../src/api/resources.ts';
import { createdByOf, fieldManagerOf, PEER_FINALIZER } from '../../src/controllers/external-secret/names.ts';
import type { SecretObject } from '../../src/controllers/external-secret/secret-object.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { parseExposition, type Exposition } from '../../src/telemetry/parse-exposition.ts';
import {
  aws,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  into,
  secret,
  secretStore,
  vault,
  type ExternalSecretSpecInput,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import type { Operator } from './env.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';
import { dataOf, failsWith, holds, isSynced, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();

async function using(flags: readonly string[], use: (operator: Operator) => Promise<void>): Promise<void> {
  const operator = await env.startOperator(flags);
  try {
    await use(operator);
  } finally {
    await operator.stop();
  }
}

async function metricsOf(operator: Operator): Promise<Exposition> {
  return parseExposition(await (await fetch(operator.metricsUrl)).text());
}

/** Requests to the API server that change something, events and the Lease included. */
async function writesOf(operator: Operator): Promise<number> {
  const { samples } = await metricsOf(operator);
  return samples
    .filter(({ name, labels }) => name === 'rest_client_requests_total' && labels['method'] !== 'GET')
    .reduce((sum, { value }) => sum + value, 0);
}

async function isReady(operator: Operator): Promise<void> {
  await env.eventually(async () => assert.equal((await fetch(`${operator.healthUrl}/readyz`)).status, 200));
}

describe('what it tells about itself:', () => {
  test('metrics with the names and labels people have dashboards for', async () => {
    const namespace = await env.namespace('metrics');
    await env.aws.addAccessKey('AKIAPROCESS', 'static-secret-key');
    await env.aws.putSecret('metrics', 'm');
    await env.apply(
      secret(namespace, 'aws', { id: 'AKIAPROCESS', key: 'static-secret-key' }),
      secretStore(namespace, 'sm', aws('aws')),
      clusterSecretStore('metrics', fake({ a: 'b' })),
      externalSecret(namespace, 'good', from('sm'), entry('a', 'metrics')),
      externalSecret(namespace, 'bad', from('sm'), entry('a', 'absent')),
    );
    await using(['--enable-leader-election'], async (operator) => {
      await isSynced(env, namespace, 'good');
      await failsWith(env, namespace, 'bad', /absent/);
      await isValid(env, undefined, 'metrics');
      // The end of a pass is counted after its condition is there to be seen.
      await env.eventually(async () => {
        const { samples } = await metricsOf(operator);
        const has = (name: string, labels: Readonly<Record<string, string>> = {}, value?: number): void => {
          const found = samples.filter((sample) => sample.name === name);
          const fits = found.some(
            (sample) =>
              Object.entries(labels).every(([label, text]) => sample.labels[label] === text) &&
              (value === undefined || sample.value === value),
          );
          assert.ok(fits, `${name} ${JSON.stringify(labels)} ${value ?? ''}: ${JSON.stringify(found)}`);
        };
        const good = { namespace, name: 'good' };
        const bad = { namespace, name: 'bad' };
        has('externalsecret_sync_calls_total', good);
        has('externalsecret_sync_calls_error', bad);
        has('externalsecret_reconcile_duration', good);
        has('externalsecret_status_condition', { ...good, condition: 'Ready', status: 'True' }, 1);
        has('externalsecret_status_condition', { ...good, condition: 'Ready', status: 'False' }, 0);
        has('externalsecret_status_condition', { ...bad, condition: 'Ready', status: 'False' }, 1);
        has('secretstore_status_condition', { namespace, name: 'sm', condition: 'Ready', status: 'True' }, 1);
        has('clustersecretstore_status_condition', { name: 'metrics', condition: 'Ready', status: 'True' }, 1);
        has('secretstore_reconcile_duration', { namespace, name: 'sm' });
        has('clustersecretstore_reconcile_duration', { name: 'metrics' });
        const call = samples.filter(({ name }) => name === 'externalsecret_provider_api_calls_count');
        assert.ok(
          call.some(({ labels }) => labels['provider'] === 'AWS/SecretsManager' && labels['status'] === 'success'),
        );
        for (const { labels } of call) assert.deepEqual(Object.keys(labels).sort(), ['call', 'provider', 'status']);
        has('controller_runtime_reconcile_total', { controller: 'externalsecret', result: 'error' });
        has('controller_runtime_reconcile_errors_total', { controller: 'externalsecret' });
        for (const controller of ['externalsecret', 'secretstore', 'clustersecretstore']) {
          has('controller_runtime_reconcile_time_seconds_bucket', { controller, le: '+Inf' });
          has('controller_runtime_max_concurrent_reconciles', { controller });
          has('controller_runtime_active_workers', { controller });
          for (const name of [
            'depth',
            'adds_total',
            'retries_total',
            'unfinished_work_seconds',
            'longest_running_processor_seconds',
          ])
            has(`workqueue_${name}`, { name: controller, controller });
          for (const name of ['queue_duration_seconds', 'work_duration_seconds'])
            has(`workqueue_${name}_bucket`, { name: controller, controller, le: '+Inf' });
        }
        has('rest_client_requests_total', { code: '200', method: 'GET' });
        has('leader_election_master_status', { name: 'external-secrets-controller' }, 1);
        has('process_resident_memory_bytes');
      });
      await env.kube.delete(externalSecrets, { namespace, name: 'good' });
      await env.eventually(async () => {
        const left = (await metricsOf(operator)).samples.filter(({ labels }) => labels['name'] === 'good');
        assert.deepEqual(
          left.map(({ name }) => name),
          [],
          'a deleted object leaves no series',
        );
      });
    });
  });

  test('health and readiness', async () => {
    const namespace = await env.namespace('health');
    await using([`--namespace=${namespace}`], async (operator) => {
      await isReady(operator);
      assert.equal((await fetch(`${operator.healthUrl}/healthz`)).status, 200);
      assert.equal((await fetch(`${operator.healthUrl}/elsewhere`)).status, 404);
    });
  });
});

describe('restart:', () => {
  test('nothing is read and nothing is written while nothing is due', async () => {
    const namespace = await env.namespace('restart');
    await env.aws.addAccessKey('AKIARESTART', 'static-secret-key');
    const names = Array.from({ length: 20 }, (_, index) => `db-${index}`);
    for (const name of names) await env.aws.putSecret(`restart/${name}`, name);
    await env.apply(
      secret(namespace, 'aws', { id: 'AKIARESTART', key: 'static-secret-key' }),
      secretStore(namespace, 'sm', aws('aws')),
      ...names.map((name) => externalSecret(namespace, name, from('sm'), entry('a', `restart/${name}`))),
    );
    const flags = [`--namespace=${namespace}`, '--enable-cluster-store-reconciler=false'];
    await using(flags, async () => {
      for (const name of names) await isSynced(env, namespace, name);
    });
    await env.aws.resetCalls();
    await using(flags, async (operator) => {
      await isReady(operator);
      await env.eventually(async () => {
        const { samples } = await metricsOf(operator);
        const passes = samples.filter(({ name }) => name === 'externalsecret_sync_calls_total');
        assert.equal(passes.length, names.length, 'every object was looked at');
      });
      await env.advance(2_000);
      const calls = await env.aws.calls();
      assert.equal((calls.get('GetSecretValue') ?? 0) + (calls.get('BatchGetSecretValue') ?? 0), 0);
      assert.equal(await writesOf(operator), 0);
    });
  });
});

describe('leader election:', () => {
  const flags = (namespace: string): string[] => [
    '--enable-leader-election',
    `--leader-election-id=${namespace}`,
    `--namespace=${namespace}`,
  ];
  const leads = async (operator: Operator): Promise<boolean> =>
    (await metricsOf(operator)).samples.some(
      ({ name, value }) => name === 'leader_election_master_status' && value === 1,
    );
  const made = async (namespace: string, name: string): Promise<number> =>
    (await env.events(namespace, name))
      .filter(({ reason }) => reason === 'Created')
      .reduce((sum, { count }) => sum + count, 0);

  test('one works, the other waits; it takes over when the first stops', async () => {
    const namespace = await env.namespace('leader');
    await env.apply(
      secretStore(namespace, 'store', fake({ k: 'v' })),
      externalSecret(namespace, 'one', from('store'), entry('a', 'k')),
    );
    const first = await env.startOperator(flags(namespace));
    await holds(env, namespace, 'one', { a: 'v' });
    const second = await env.startOperator(flags(namespace));
    await isReady(second);
    assert.deepEqual([await leads(first), await leads(second)], [true, false]);
    await env.apply(externalSecret(namespace, 'two', from('store'), entry('a', 'k')));
    await holds(env, namespace, 'two', { a: 'v' });
    await isSynced(env, namespace, 'two');
    assert.equal(await writesOf(second), 0);
    await first.stop();
    await env.apply(externalSecret(namespace, 'three', from('store'), entry('a', 'k')));
    await env.advance(3_000);
    await holds(env, namespace, 'three', { a: 'v' });
    assert.ok(await leads(second));
    await env.eventually(async () => {
      for (const name of ['one', 'two', 'three']) assert.equal(await made(namespace, name), 1, `${name} was made once`);
    });
    await second.stop();
    const lease = await env.kube.get<KubeObject & { spec?: { holderIdentity?: string } }>(leases, {
      namespace: OPERATOR_NAMESPACE,
      name: namespace,
    });
    assert.equal(lease.spec?.holderIdentity ?? '', '', 'given back');
  });

  test('a leader that died is followed within 15 seconds and a retry', async () => {
    const namespace = await env.namespace('died');
    const now = new Date().toISOString().replace('Z', '000Z');
    const spec = {
      holderIdentity: 'dead_1',
      leaseDurationSeconds: 15,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    };
    await env.kube.create(leases, { metadata: { namespace: OPERATOR_NAMESPACE, name: namespace }, spec } as KubeObject);
    await env.apply(
      secretStore(namespace, 'store', fake({ k: 'v' })),
      externalSecret(namespace, 'one', from('store'), entry('a', 'k')),
    );
    await using(flags(namespace), async (operator) => {
      await isReady(operator);
      await env.advance(5_000);
      assert.equal(await leads(operator), false);
      assert.equal(await dataOf(env, namespace, 'one'), undefined);
      for (let waited = 0; waited < 12_000; waited += 3_000) await env.advance(3_000);
      await env.eventually(async () => assert.ok(await leads(operator)));
      await holds(env, namespace, 'one', { a: 'v' });
    });
  });
});

describe('stopping:', () => {
  test('it ends soon and answers nothing afterwards', async () => {
    const namespace = await env.namespace('stop');
    const operator = await env.startOperator([`--namespace=${namespace}`]);
    await isReady(operator);
    const before = Date.now();
    await operator.stop();
    assert.ok(Date.now() - before < 5_000);
    await assert.rejects(fetch(operator.metricsUrl));
    await assert.rejects(fetch(`${operator.healthUrl}/healthz`));
  });

  test(
    'a backend that does not answer does not hold it up',
    requires(env, 'vault-faults', 'a backend that hangs'),
    async () => {
      const namespace = await env.namespace('hang');
      await env.vault.put('secret', 'hang', { a: 'b' });
      await env.apply(
        secret(namespace, 'vault', { token: env.vault.rootToken }),
        secretStore(namespace, 'vault', vault(env.vault.address, 'vault')),
      );
      const operator = await env.startOperator([`--namespace=${namespace}`]);
      await isValid(env, namespace, 'vault');
      await env.vault.resetCalls();
      await env.vault.fault('secret/data/hang', 'slow');
      await env.apply(externalSecret(namespace, 'hang', from('vault'), entry('a', 'hang', 'a')));
      await env.eventually(async () => assert.equal((await env.vault.calls()).get('GET secret/data/hang'), 1));
      const before = Date.now();
      await operator.stop();
      await env.vault.heal();
      assert.ok(Date.now() - before < 10_000, `${Date.now() - before} ms`);
      assert.equal(await readyOf(env, externalSecrets, namespace, 'hang'), 'none', 'nobody is blamed for our stopping');
    },
  );
});

describe('what it looks after:', () => {
  test('only its namespace, when it is told one', async () => {
    const [mine, other] = [await env.namespace('mine'), await env.namespace('other')];
    for (const namespace of [other, mine]) {
      await env.apply(
        secretStore(namespace, 'store', fake({ k: 'v' })),
        externalSecret(namespace, 'db', from('store'), entry('a', 'k')),
      );
    }
    await using([`--namespace=${mine}`], async () => {
      await holds(env, mine, 'db', { a: 'v' });
      await env.advance(1_000);
      assert.equal(await readyOf(env, externalSecrets, other, 'db'), 'none');
      assert.equal(await readyOf(env, secretStores, other, 'store'), 'none');
    });
  });

  test('only stores of its class and what uses them', async () => {
    const namespace = await env.namespace('class');
    await env.apply(
      secretStore(namespace, 'ours', fake({ k: 'v' }), { controller: 'blue' }),
      secretStore(namespace, 'theirs', fake({ k: 'v' }), { controller: 'green' }),
      secretStore(namespace, 'anybodys', fake({ k: 'v' })),
      ...['ours', 'theirs', 'anybodys'].map((store) => externalSecret(namespace, store, from(store), entry('a', 'k'))),
    );
    await using([`--namespace=${namespace}`, '--controller-class=blue'], async () => {
      await holds(env, namespace, 'ours', { a: 'v' });
      await holds(env, namespace, 'anybodys', { a: 'v' });
      await env.advance(1_000);
      assert.equal(await readyOf(env, secretStores, namespace, 'theirs'), 'none');
      assert.equal(await readyOf(env, externalSecrets, namespace, 'theirs'), 'none');
    });
  });

  test('a store that is not ready is used only with the flood gate open', async () => {
    const namespace = await env.namespace('gate');
    await env.apply(
      secretStore(namespace, 'store', { fake: { data: [{ key: 'k', value: 'v' }], validationResult: 2 } }),
      externalSecret(namespace, 'db', from('store'), entry('a', 'k')),
    );
    await using([`--namespace=${namespace}`], () =>
      failsWith(env, namespace, 'db', /SecretStore "store" is not ready/),
    );
    await using([`--namespace=${namespace}`, '--enable-flood-gate=false'], () =>
      holds(env, namespace, 'db', { a: 'v' }),
    );
  });
});

describe('taking over', () => {
  type Target = NonNullable<ExternalSecretSpecInput['target']>;
  const rows: readonly (readonly [name: string, target: Target])[] = [
    ['db', {}],
    ['a-name-that-is-longer-than-27-characters', {}],
    ['merged', { creationPolicy: 'Merge' }],
    ['orphan', { creationPolicy: 'Orphan' }],
    ['shared', { creationPolicy: 'CreateOrMerge' }],
    ['kept', { immutable: true }],
  ];
  const FOO_BAR_HASH = 'f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36';
  const VERSION = '1-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2';

  /** As the peer leaves them (`behaviour.md` 0.1, 0.2): hash, labels, owner, field manager, finalizer, status. */
  async function left(namespace: string, name: string, target: Target): Promise<void> {
    const object = externalSecret(namespace, name, from('store'), entry('foo', 'foo'), into(target));
    const metadata = { ...object.metadata, finalizers: [PEER_FINALIZER] };
    const es = await env.kube.create(
      externalSecrets,
      { ...object, metadata },
      { fieldManager: 'kubectl-client-side-apply' },
    );
    const isOwner = target.creationPolicy === undefined;
    const owner = {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      name,
      uid: es.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    const made: SecretObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      ...(target.immutable === true ? { immutable: true } : {}),
      metadata: {
        namespace,
        name,
        labels: {
          'reconcile.external-secrets.io/managed': 'true',
          ...(isOwner ? { 'reconcile.external-secrets.io/created-by': createdByOf(namespace, name) } : {}),
        },
        annotations: { 'reconcile.external-secrets.io/data-hash': FOO_BAR_HASH },
        ...(isOwner ? { ownerReferences: [owner] } : {}),
      },
      data: { foo: btoa('bar') },
    };
    await env.kube.create(secrets, made, { fieldManager: fieldManagerOf(name) });
    const time = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    const status = {
      refreshTime: time,
      syncedResourceVersion: VERSION,
      binding: { name },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'in their words', lastTransitionTime: time },
      ],
    };
    await env.kube.patch(externalSecrets, { namespace, name }, { status }, { type: 'merge', subresource: 'status' });
  }

  async function takeOver(check: (namespace: string, operator: Operator) => Promise<void>): Promise<void> {
    const namespace = await env.namespace('peer');
    await env.apply(secretStore(namespace, 'store', fake({ foo: 'bar' })));
    for (const [name, target] of rows) await left(namespace, name, target);
    const versions = async (): Promise<readonly unknown[]> =>
      Promise.all(rows.map(async ([name]) => (await secretOf(env, namespace, name))?.metadata.resourceVersion));
    const before = await versions();
    await using([`--namespace=${namespace}`], async (operator) => {
      await isValid(env, namespace, 'store');
      await check(namespace, operator);
      assert.deepEqual(await versions(), before, 'no Secret was written');
    });
  }

  test('writes nothing while nothing is due', () =>
    takeOver(async (namespace) => {
      await env.advance(2_000);
      for (const [name] of rows)
        assert.equal(await readyOf(env, externalSecrets, namespace, name), 'True SecretSynced: in their words');
    }));

  test(
    'writes no Secret in the first two hours, and each status once a refresh',
    requires(env, 'fast-time', 'two hours pass'),
    () =>
      takeOver(async (namespace) => {
        const abort = new AbortController();
        const { metadata } = await env.kube.list(externalSecrets, { namespace });
        const writes = new Map<string, number>();
        const counting = (async () => {
          const options = {
            namespace,
            resourceVersion: metadata.resourceVersion,
            timeoutSeconds: 600,
            signal: abort.signal,
          };
          for await (const event of env.kube.watch(externalSecrets, options))
            if (event.type === 'MODIFIED')
              writes.set(event.object.metadata.name, (writes.get(event.object.metadata.name) ?? 0) + 1);
        })().catch(() => {});
        for (let minutes = 0; minutes < 120; minutes += 20) {
          await env.advance(20 * 60_000);
          await isValid(env, namespace, 'store');
        }
        await env.eventually(async () => {
          for (const [name] of rows)
            assert.equal(await readyOf(env, externalSecrets, namespace, name), 'True SecretSynced: secret synced');
        });
        abort.abort();
        await counting;
        for (const [name] of rows) assert.ok((writes.get(name) ?? 0) <= 3, `${name}: ${writes.get(name)} writes`);
      }),
  );

  test('lets an object go at once that is deleted with the finalizer of the other', () =>
    takeOver(async (namespace) => {
      await env.kube.delete(externalSecrets, { namespace, name: 'orphan' });
      await env.eventually(() => assert.rejects(env.kube.get(externalSecrets, { namespace, name: 'orphan' })));
      assert.deepEqual(await dataOf(env, namespace, 'orphan'), { foo: 'bar' });
    }));
});
