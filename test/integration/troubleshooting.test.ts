/**
 * What a person with kubectl sees when something is wrong with an ExternalSecret or a SecretStore: tables, conditions, events, the log
 * (J21). Faults of backends: `backend-faults.test.ts`; of logins: `stores-aws.test.ts`, `stores-vault.test.ts`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, externalSecrets, secretStores } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import {
  aws,
  clusterSecretStore,
  entry,
  externalSecret,
  extract,
  fake,
  from,
  secret,
  secretStore,
} from '../builders/objects.ts';
import { awsShop, dbOf } from './aws-shop.ts';
import { requires, useEnvWithStrictAws } from './current-env.ts';
import { force } from './force-sync.ts';
import { failsWith, holds, isSynced, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
const operator = await env.startOperator();

/** The words of a printed table: its heading, then one row per name. */
async function table(...args: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = (await env.kubectl('get', ...args)).split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.split(/\s{2,}/)[0] ?? '', line.trim().split(/\s{2,}/)]));
}

/** Who told this reason about the object. */
async function tellers(namespace: string, name: string, reason: string): Promise<readonly string[]> {
  type CoreEvent = KubeObject & {
    readonly reason: string;
    readonly involvedObject: { readonly name: string };
    readonly source: { readonly component: string };
  };
  const { items } = await env.kube.list<CoreEvent>(events, { namespace });
  const about = items.filter((event) => event.involvedObject.name === name && event.reason === reason);
  return [...new Set(about.map(({ source }) => source.component))];
}

// ---- kubectl get

test('kubectl get shows which store and which ExternalSecret is ready, in the columns people know', async () => {
  const namespace = await awsShop(env, 'tables');
  await env.apply(secretStore(namespace, 'broken', aws('nobody')), dbOf(namespace, 'user'));
  await env.apply(externalSecret(namespace, 'lost', from('sm'), entry('x', `${namespace}/lost`)));
  await isSynced(env, namespace, 'db');
  await storeFailsWith(env, namespace, 'broken', /Secret "nobody" not found/);
  await failsWith(env, namespace, 'lost', /does not exist/);
  for (const spelling of ['secretstores', 'secretstore', 'ss']) {
    const stores = await table(spelling, '-n', namespace);
    assert.deepEqual(stores.get('NAME'), ['NAME', 'AGE', 'STATUS', 'CAPABILITIES', 'READY']);
    assert.deepEqual(stores.get('sm')?.slice(2), ['Valid', 'ReadWrite', 'True']);
    assert.deepEqual(stores.get('broken')?.[2], 'InvalidProviderConfig');
    assert.deepEqual(stores.get('broken')?.at(-1), 'False');
  }
  for (const spelling of ['externalsecrets', 'externalsecret', 'es']) {
    const objects = await table(spelling, '-n', namespace);
    const heading = ['NAME', 'STORETYPE', 'STORE', 'REFRESH INTERVAL', 'STATUS', 'READY', 'LAST SYNC'];
    assert.deepEqual(objects.get('NAME'), heading);
    assert.deepEqual(objects.get('db')?.slice(1, 6), ['SecretStore', 'sm', '1h', 'SecretSynced', 'True']);
    assert.match(objects.get('db')?.[6] ?? '', /^\d+[sm]/);
    assert.deepEqual(objects.get('lost')?.slice(4, 6), ['SecretSyncedError', 'False']);
  }
});

test('the type of the first condition is Ready, also when it is not (Q08)', async () => {
  const namespace = await awsShop(env, 'type');
  await env.apply(secretStore(namespace, 'broken', aws('nobody')));
  await storeFailsWith(env, namespace, 'broken', /not found/);
  for (const [store, status] of [
    ['sm', 'True'],
    ['broken', 'False'],
  ] as const) {
    const ask = (path: string) => env.kubectl('get', 'secretstore', store, '-n', namespace, '-o', `jsonpath=${path}`);
    assert.equal(await ask('{.status.conditions[0].type}'), 'Ready');
    assert.equal(await ask('{.status.conditions[0].status}'), status);
  }
});

test('events come from the components people know, once per change', async () => {
  const namespace = await awsShop(env, 'events');
  await env.apply(dbOf(namespace, 'user'));
  await isSynced(env, namespace, 'db');
  await env.aws.putSecret(`${namespace}/db`, '{"user":"u2"}');
  await force(env, namespace, 'db');
  await holds(env, namespace, 'db', { user: 'u2' });
  await env.eventually(async () => {
    const told = await env.events(namespace, 'db');
    assert.deepEqual(told.map(({ type, reason, count }) => `${type} ${reason} ${count}`).toSorted(), [
      'Normal Created 1',
      'Normal Updated 1',
    ]);
    assert.deepEqual(await tellers(namespace, 'db', 'Created'), ['external-secrets']);
    assert.deepEqual(await tellers(namespace, 'sm', 'Valid'), ['secret-store']);
  });
});

test(
  'kubectl describe explains a fault by itself, and kubectl wait returns when it is mended',
  { skip: env.kind === 'real' ? false : 'the kubectl of the sandbox only gets' },
  async () => {
    const namespace = await awsShop(env, 'describe');
    await env.apply(externalSecret(namespace, 'lost', from('sm'), entry('x', `${namespace}/lost`)));
    await failsWith(env, namespace, 'lost', /does not exist/);
    const told = await env.kubectl('describe', 'externalsecret', 'lost', '-n', namespace);
    assert.match(told, /Reason:\s+SecretSyncedError/);
    assert.match(told, /Message:\s+could not get secret data from provider: data\[0\].*ResourceNotFoundException/);
    assert.match(told, /Warning\s+UpdateFailed\s.*external-secrets\s+could not get secret data.*next attempt in \d+ s/);
    assert.match(await env.kubectl('describe', 'ss', 'sm', '-n', namespace), /Normal\s+Valid\s.*secret-store\s/);
    await env.aws.putSecret(`${namespace}/lost`, 'found');
    const waited = ['wait', '--for=condition=Ready', 'externalsecret/lost', '-n', namespace, '--timeout=60s'];
    assert.match(await env.kubectl(...waited), /condition met/);
  },
);

// ---- faults in the cluster

test('a store that is not there is told apart from one of the other kind', async () => {
  const namespace = await env.namespace('store');
  const name = `only-cluster-${namespace}`;
  await env.apply(clusterSecretStore(name, fake({ token: 't' })));
  await env.apply(
    externalSecret(namespace, 'absent', from('nobody'), entry('token', 'token')),
    externalSecret(namespace, 'kind', from(name), entry('token', 'token')),
  );
  await failsWith(env, namespace, 'absent', /SecretStore "nobody" not found in namespace/, new RegExp(namespace));
  await failsWith(env, namespace, 'kind', /there is a ClusterSecretStore of that name: set secretStoreRef\.kind/);
  await env.apply(secretStore(namespace, 'nobody', fake({ token: 'late' })));
  await holds(env, namespace, 'absent', { token: 'late' }, 5_000);
});

test('a store that is not ready is named with its own cause, and what waits for it goes on when it is', async () => {
  const namespace = await awsShop(env, 'not-ready');
  await env.apply(secretStore(namespace, 'later', aws('later-robot')));
  await storeFailsWith(env, namespace, 'later', /"later-robot" not found/);
  await env.apply(externalSecret(namespace, 'db', from('later'), entry('user', `${namespace}/db`, 'user')));
  await failsWith(
    env,
    namespace,
    'db',
    /SecretStore "later" is not ready/,
    /InvalidProviderConfig/,
    /Secret "later-robot" not found/,
  );
  await env.aws.addAccessKey('AKIALATERROBOT', 'key');
  await env.apply(secret(namespace, 'later-robot', { id: 'AKIALATERROBOT', key: 'key' }));
  await holds(env, namespace, 'db', { user: 'u1' }, 5_000);
});

// ---- the log

test('the log holds a line per failed attempt with object, store and cause, and none about what works (Q39)', async () => {
  const namespace = await awsShop(env, 'log');
  await env.apply(dbOf(namespace, 'user'));
  await isSynced(env, namespace, 'db');
  const before = operator.logs().length;
  await force(env, namespace, 'db');
  await env.apply(externalSecret(namespace, 'lost', from('sm'), entry('x', `${namespace}/lost`)));
  await failsWith(env, namespace, 'lost', /does not exist/);
  await env.eventually(() => {
    const lines = operator.logs().filter((line) => line['namespace'] === namespace && line['name'] === 'lost');
    assert.ok(lines.length >= 2);
    for (const line of lines) {
      assert.equal(line['level'], 'error');
      assert.match(JSON.stringify(line), new RegExp(`SecretStore:${namespace}/sm`));
      assert.match(JSON.stringify(line), /ResourceNotFoundException/);
    }
  });
  const aboutWhatWorks = operator
    .logs()
    .slice(before)
    .filter((line) => line['namespace'] === namespace && line['name'] === 'db');
  assert.deepEqual(aboutWhatWorks, []);
});

test(
  'while something keeps failing it is in the log at every attempt, and in an event every half hour',
  requires(env, 'fast-time', 'hours pass'),
  async () => {
    const namespace = await awsShop(env, 'long');
    await env.apply(externalSecret(namespace, 'lost', from('sm'), entry('x', `${namespace}/lost`)));
    await failsWith(env, namespace, 'lost', /does not exist/);
    const lines = () => operator.logs().filter((line) => line['namespace'] === namespace && line['name'] === 'lost');
    for (let round = 1; round <= 8; round++) {
      const before = lines().length;
      await env.advance(8 * 60_000);
      await env.eventually(() => assert.ok(lines().length > before));
    }
    await env.eventually(async () => {
      const told = (await env.events(namespace, 'lost')).filter(({ reason }) => reason === 'UpdateFailed');
      const times = told.reduce((sum, { count }) => sum + count, 0);
      assert.ok(times >= 2 && times <= 4, `${times} times in an hour`);
    });
  },
);

test('no value is in any status, event, log line or metric', async () => {
  const namespace = await awsShop(env, 'planted');
  const planted = 'planted-value-that-must-not-leak';
  await env.aws.putSecret(`${namespace}/db`, JSON.stringify({ user: planted }));
  await env.apply(
    dbOf(namespace, 'user'),
    externalSecret(namespace, 'bad', from('sm'), entry('x', `${namespace}/db`, 'user.deeper')),
    externalSecret(
      namespace,
      'worse',
      from('sm'),
      extract(`${namespace}/db`, { extract: { key: `${namespace}/db`, property: 'user' } }),
    ),
  );
  await holds(env, namespace, 'db', { user: planted });
  await failsWith(env, namespace, 'bad', /user\.deeper/);
  await failsWith(env, namespace, 'worse', /JSON object/);
  const everything = [
    (await env.kube.list(externalSecrets, { namespace })).items,
    (await env.kube.list(secretStores, { namespace })).items,
    (await env.kube.list(events, { namespace })).items,
    operator.logs(),
    await env.metrics(),
  ];
  const text = JSON.stringify(everything);
  for (const value of [planted, btoa(planted), 'static-secret-key']) assert.ok(!text.includes(value));
});
