/** What becomes of the target Secret under every policy, and how it follows its source (J12, J13, J17, J20). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, secrets } from '../../src/api/resources.ts';
import {
  annotated,
  entry,
  externalSecret,
  extract,
  fake,
  find,
  from,
  into,
  labelled,
  refreshEvery,
  secret,
  secretStore,
  templated,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { dataOf, failsWith, holds, isSynced, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

/** A namespace with a ready store `store` that holds these values. */
async function world(prefix: string, values: Record<string, string>): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(secretStore(namespace, 'store', fake(values)));
  await isValid(env, namespace, 'store');
  return namespace;
}

/** Changes what the backend holds. */
async function change(namespace: string, values: Record<string, string>): Promise<void> {
  await env.apply(secretStore(namespace, 'store', fake(values)));
  await isValid(env, namespace, 'store');
}

async function force(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
}

test('a text value arrives as it is, with nothing added', async () => {
  const namespace = await world('text', { token: 'tok-9f2' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token')));
  await holds(env, namespace, 'api', { token: 'tok-9f2' });
  const found = await secretOf(env, namespace, 'api');
  assert.equal(found?.type, 'Opaque');
});

test('a whole JSON object becomes one key per member, a later data entry wins', async () => {
  const namespace = await world('extract', {
    all: '{"a":"1","big":12345678901234567890,"f":1.50,"n":null,"o":{"z": 1}}',
    one: 'mine',
  });
  await env.apply(externalSecret(namespace, 'all', from('store'), extract('all'), entry('a', 'one')));
  await holds(env, namespace, 'all', { a: 'mine', big: '12345678901234567890', f: '1.50', n: '', o: '{"z": 1}' });
});

test('a template with only a type lets the data through', async () => {
  const namespace = await world('typed', { all: '{"tls.crt":"c","tls.key":"k"}' });
  await env.apply(
    externalSecret(namespace, 'cert', from('store'), extract('all'), templated({ type: 'kubernetes.io/tls' })),
  );
  await holds(env, namespace, 'cert', { 'tls.crt': 'c', 'tls.key': 'k' });
  assert.equal((await secretOf(env, namespace, 'cert'))?.type, 'kubernetes.io/tls');
});

test('without a template labels and annotations of the ExternalSecret are copied, with one only those of the template', async () => {
  const namespace = await world('meta', { token: 't' });
  const plain = externalSecret(namespace, 'plain', from('store'), entry('token', 'token'));
  await env.apply(labelled({ team: 'shop' }, annotated({ note: 'x' }, plain)));
  const made = externalSecret(
    namespace,
    'made',
    from('store'),
    entry('token', 'token'),
    templated({ metadata: { labels: { app: 'a' } } }),
  );
  await env.apply(labelled({ team: 'shop' }, made));
  await holds(env, namespace, 'plain', { token: 't' });
  await holds(env, namespace, 'made', { token: 't' });
  const metaOf = async (name: string): Promise<[string | undefined, string | undefined, string | undefined]> => {
    const { labels = {}, annotations = {} } = (await secretOf(env, namespace, name))!.metadata;
    return [labels['team'], labels['app'], annotations['note']];
  };
  assert.deepEqual(await metaOf('plain'), ['shop', undefined, 'x']);
  assert.deepEqual(await metaOf('made'), [undefined, 'a', undefined]);
});

test('find brings every value whose name matches, with names made into keys', async () => {
  const namespace = await world('find', { 'dev/db': 'a', 'dev/api': 'b', 'prod/db': 'c' });
  await env.apply(externalSecret(namespace, 'dev', from('store'), find({ name: { regexp: '^dev/' } })));
  await holds(env, namespace, 'dev', { dev_db: 'a', dev_api: 'b' });
});

test('rewrite gives keys other names', async () => {
  const namespace = await world('rewrite', { all: '{"db-user":"u","db-pass":"p"}' });
  const rewrite = [
    { regexp: { source: '^db-(.*)$', target: 'DB_$1' } },
    { transform: { template: '{{ .value | upper }}' } },
  ];
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('all', { rewrite })));
  await holds(env, namespace, 'db', { DB_USER: 'u', DB_PASS: 'p' });
});

test('a changed value arrives in place, with all keys of one object together', async () => {
  const namespace = await world('rotate', { db: '{"user":"u1","pass":"p1"}' });
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('db')));
  await holds(env, namespace, 'db', { user: 'u1', pass: 'p1' });
  const { uid } = (await secretOf(env, namespace, 'db'))!.metadata;
  await change(namespace, { db: '{"user":"u2","pass":"p2"}' });
  await force(namespace, 'db');
  await holds(env, namespace, 'db', { user: 'u2', pass: 'p2' }, 5_000);
  assert.equal((await secretOf(env, namespace, 'db'))!.metadata.uid, uid);
  await env.eventually(async () => {
    const reasons = (await env.events(namespace, 'db')).map((event) => event.reason);
    assert.deepEqual(reasons.filter((reason) => reason !== 'UpdateFailed').sort(), ['Created', 'Updated']);
  });
});

test('refreshes without a change never touch the Secret', requires(env, 'fast-time', 'hours pass'), async () => {
  const namespace = await world('quiet', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token'), refreshEvery('1m')));
  await isSynced(env, namespace, 'api');
  const { resourceVersion } = (await secretOf(env, namespace, 'api'))!.metadata;
  const refreshTime = async (): Promise<string> =>
    (
      await env.kube.get<{ metadata: object; status?: { refreshTime?: string } }>(externalSecrets, {
        namespace,
        name: 'api',
      })
    ).status?.refreshTime ?? '';
  for (let round = 0; round < 5; round++) {
    const before = await refreshTime();
    // Two intervals: the first period after the creation may be shorter, and its refresh time not worth a write yet.
    await env.advance(121_000);
    await env.eventually(async () => assert.notEqual(await refreshTime(), before));
  }
  assert.equal((await secretOf(env, namespace, 'api'))!.metadata.resourceVersion, resourceVersion);
});

test('a Secret that is edited or deleted by hand is restored at once', async () => {
  const namespace = await world('drift', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token')));
  await holds(env, namespace, 'api', { token: 't' });
  await env.kube.patch(
    secrets,
    { namespace, name: 'api' },
    { data: { token: 'aGFja2Vk', more: 'eA==' } },
    { fieldManager: 'kubectl-edit' },
  );
  await holds(env, namespace, 'api', { token: 't' });
  await env.kube.patch(
    secrets,
    { namespace, name: 'api' },
    { data: { token: null } },
    { fieldManager: 'kubectl-edit' },
  );
  await holds(env, namespace, 'api', { token: 't' });
  await env.kube.delete(secrets, { namespace, name: 'api' });
  await holds(env, namespace, 'api', { token: 't' });
});

test('deleting the ExternalSecret takes an owned Secret along', async () => {
  const namespace = await world('owner', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token')));
  await holds(env, namespace, 'api', { token: 't' });
  await env.kube.delete(externalSecrets, { namespace, name: 'api' });
  // A control plane learns of a new kind within a minute; until then its garbage collector does not know the owner.
  await holds(env, namespace, 'api', undefined, 90_000);
});

test('Orphan set on an existing object saves the Secret, also from a broken backend', async () => {
  const namespace = await world('orphan', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token')));
  await holds(env, namespace, 'api', { token: 't' });
  await change(namespace, { other: 'x' });
  await env.apply(
    externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ creationPolicy: 'Orphan' })),
  );
  await env.eventually(
    async () => assert.equal((await secretOf(env, namespace, 'api'))?.metadata.ownerReferences, undefined),
    5_000,
  );
  await env.kube.delete(externalSecrets, { namespace, name: 'api' });
  await env.eventually(async () => assert.rejects(env.kube.get(externalSecrets, { namespace, name: 'api' })));
  assert.deepEqual(await dataOf(env, namespace, 'api'), { token: 't' });
});

test('Merge waits for its Secret, adds its keys and takes only its own away again', async () => {
  const namespace = await world('merge', { a: '1', b: '2' });
  const merging = (name: string, ...keys: string[]): ReturnType<typeof externalSecret> =>
    externalSecret(
      namespace,
      name,
      from('store'),
      ...keys.map((key) => entry(key, key)),
      into({ name: 'shared', creationPolicy: 'Merge' }),
    );
  await env.apply(merging('first', 'a'));
  await env.eventually(async () =>
    assert.match(await readyOf(env, externalSecrets, namespace, 'first'), /^True SecretMissing/),
  );
  await env.apply(secret(namespace, 'shared', { foreign: 'f' }));
  await holds(env, namespace, 'shared', { foreign: 'f', a: '1' });
  await env.apply(merging('second', 'b'));
  await holds(env, namespace, 'shared', { foreign: 'f', a: '1', b: '2' });
  await env.apply(
    externalSecret(
      namespace,
      'first',
      from('store'),
      entry('c', 'a'),
      into({ name: 'shared', creationPolicy: 'Merge' }),
    ),
  );
  await holds(env, namespace, 'shared', { foreign: 'f', c: '1', b: '2' });
});

test('two owners of one Secret: the second is told whose it is', async () => {
  const namespace = await world('two', { token: 't' });
  await env.apply(externalSecret(namespace, 'first', from('store'), entry('token', 'token'), into({ name: 'shared' })));
  await isSynced(env, namespace, 'first');
  await env.apply(
    externalSecret(namespace, 'second', from('store'), entry('token', 'token'), into({ name: 'shared' })),
  );
  await failsWith(env, namespace, 'second', /ExternalSecret "first"/);
});

test('renaming the target makes the new Secret and removes the old one', async () => {
  const namespace = await world('rename', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ name: 'before' })));
  await holds(env, namespace, 'before', { token: 't' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ name: 'after' })));
  await holds(env, namespace, 'after', { token: 't' });
  await holds(env, namespace, 'before', undefined);
});

test('None writes nothing, not even a label on a Secret of that name', async () => {
  const namespace = await world('none', { token: 't' });
  await env.apply(secret(namespace, 'api', { mine: 'x' }));
  const before = (await secretOf(env, namespace, 'api'))!.metadata.resourceVersion;
  await env.apply(
    externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ creationPolicy: 'None' })),
  );
  await isSynced(env, namespace, 'api');
  assert.equal((await secretOf(env, namespace, 'api'))!.metadata.resourceVersion, before);
});

for (const [deletionPolicy, left, ready] of [
  ['Retain', { token: 't' }, /^False SecretSyncedError/],
  ['Merge', {}, /^True SecretSynced/],
  ['Delete', undefined, /^True SecretDeleted/],
] as const) {
  test(`a value that is gone from the backend, under deletionPolicy ${deletionPolicy}`, async () => {
    const namespace = await world('gone', { token: 't' });
    await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ deletionPolicy })));
    await holds(env, namespace, 'api', { token: 't' });
    await change(namespace, { other: 'x' });
    await force(namespace, 'api');
    await env.eventually(async () => assert.match(await readyOf(env, externalSecrets, namespace, 'api'), ready));
    await holds(env, namespace, 'api', left);
  });
}

test('an immutable target is made once and then left alone', async () => {
  const namespace = await world('immutable', { token: 't1' });
  await env.apply(externalSecret(namespace, 'api', from('store'), entry('token', 'token'), into({ immutable: true })));
  await holds(env, namespace, 'api', { token: 't1' });
  assert.equal((await secretOf(env, namespace, 'api'))?.immutable, true);
  await change(namespace, { token: 't2' });
  await force(namespace, 'api');
  await isSynced(env, namespace, 'api');
  assert.deepEqual(await dataOf(env, namespace, 'api'), { token: 't1' });
});

test('CreatedOnce ignores a force-sync and repairs its target', async () => {
  const namespace = await world('once', { token: 't1' });
  const once = externalSecret(namespace, 'api', from('store'), entry('token', 'token'));
  await env.apply({ ...once, spec: { ...once.spec, refreshPolicy: 'CreatedOnce' } } as typeof once);
  await holds(env, namespace, 'api', { token: 't1' });
  await change(namespace, { token: 't2' });
  await force(namespace, 'api');
  await env.advance(2_000);
  assert.deepEqual(await dataOf(env, namespace, 'api'), { token: 't1' });
  await env.kube.delete(secrets, { namespace, name: 'api' });
  await holds(env, namespace, 'api', { token: 't2' });
});

test('binary, empty and large values arrive byte-exact', async () => {
  const namespace = await env.namespace('bytes');
  const big = 'x'.repeat(65_536);
  await env.apply(
    secretStore(
      namespace,
      'store',
      fake({ b64: Buffer.from([0, 255, 128, 10, 13]).toString('base64'), big, json: '{"empty":""}' }),
    ),
    externalSecret(
      namespace,
      'bytes',
      from('store'),
      entry('binary', 'b64', undefined, { decodingStrategy: 'Base64' }),
      entry('big', 'big'),
      entry('empty', 'json', 'empty'),
    ),
  );
  await isSynced(env, namespace, 'bytes');
  const { data = {} } = (await secretOf(env, namespace, 'bytes'))!;
  assert.deepEqual([...Buffer.from(data['binary'] ?? '', 'base64')], [0, 255, 128, 10, 13]);
  assert.equal(Buffer.from(data['big'] ?? '', 'base64').toString(), big);
  assert.equal(data['empty'] ?? '', '');
});
