/** What a PushSecret can say: sources, stores, many keys at once, templates, policies (J19, D30). The backend is the fake provider. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GENERATORS_GROUP, passwords, pushSecrets, secrets } from '../../src/api/resources.ts';
import {
  clusterSecretStore,
  configMap,
  entry,
  externalSecret,
  fake,
  from,
  generator,
  labelled,
  pushSecret,
  secret,
  secretStore,
  vault,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { isGone, pushes, pushShop } from './push-shop.ts';
import { dataOf, isValid, readyOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

async function world(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(secretStore(namespace, 'store', fake({})), secret(namespace, 'source', { user: 'u', pass: 'p' }));
  await isValid(env, namespace, 'store');
  return namespace;
}

/** With what matters to the case on top of the source `source` and the store `store`. */
function push(namespace: string, spec: Partial<PushSecretSpecInput>, name = 'push'): ReturnType<typeof pushSecret> {
  return pushSecret(namespace, name, 'source', 'store', {}, spec);
}

async function says(namespace: string, expected: RegExp, name = 'push'): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), expected));
}

let reads = 0;

/** What an ExternalSecret of that store reads back. */
async function readsBack(
  namespace: string,
  expected: Readonly<Record<string, string>>,
  store = 'store',
): Promise<void> {
  await env.eventually(async () => {
    const name = `back-${++reads}`;
    const entries = Object.keys(expected).map((key, index) => entry(`k${index}`, key));
    await env.apply(externalSecret(namespace, name, from(store), ...entries));
    const wanted = Object.fromEntries(Object.values(expected).map((value, index) => [`k${index}`, value]));
    await env.eventually(async () => assert.deepEqual(await dataOf(env, namespace, name), wanted), 1_500);
  });
}

const to = (secretKey: string, remoteKey: string, property?: string) => ({
  match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
});
const all = { storeRef: { name: 'store' } };

test('a key, a property of a value, and a Secret as a whole', async () => {
  const namespace = await world('forms');
  const whole = { match: { remoteRef: { remoteKey: 'whole' } } };
  await env.apply(
    push(namespace, { data: [to('user', 'one'), to('user', 'db', 'login.name'), to('pass', 'db', 'pass'), whole] }),
  );
  await says(namespace, /^True Synced: pushed$/);
  await readsBack(namespace, { one: 'u', db: '{"login":{"name":"u"},"pass":"p"}', whole: '{"pass":"p","user":"u"}' });
});

test('dataTo: all keys, those that match, with other names, or as one value; data wins for the same key', async () => {
  const namespace = await world('many');
  await env.apply(
    push(namespace, {
      data: [to('pass', 'explicit')],
      dataTo: [
        { ...all, match: { regexp: '^(user|pass)$' }, rewrite: [{ regexp: { source: '^', target: 'app-' } }] },
        { ...all, rewrite: [{ transform: { template: '{{ .value | upper }}' } }], match: { regexp: 'user' } },
        { ...all, remoteKey: 'bundle' },
      ],
    }),
  );
  await says(namespace, /^True Synced/);
  await readsBack(namespace, { explicit: 'p', 'app-user': 'u', USER: 'u', bundle: '{"pass":"p","user":"u"}' });
  const { status } = await env.kube.get<{ metadata: object; status?: { syncedPushSecrets?: object } }>(pushSecrets, {
    namespace,
    name: 'push',
  });
  const stores = Object.entries(status?.syncedPushSecrets ?? {}).map(([key, entries]) => [
    key,
    Object.keys(entries as object),
  ]);
  assert.deepEqual(stores, [['SecretStore/store', ['USER', 'app-user', 'bundle', 'explicit']]]);
});

test('ReverseUnicode gives keys the characters that a Secret cannot have', async () => {
  const namespace = await world('unicode');
  await env.apply(
    secret(namespace, 'source', { a_U002f_b: 'slash', c_U003a_d: 'colon' }),
    push(namespace, {
      data: [{ ...to('c:d', 'one'), conversionStrategy: 'ReverseUnicode' }],
      dataTo: [{ ...all, match: { regexp: '/' }, conversionStrategy: 'ReverseUnicode' }],
    }),
  );
  await says(namespace, /^True Synced/);
  await readsBack(namespace, { one: 'colon', 'a/b': 'slash' });
});

test('a template adds to the source; one from a ConfigMap pushes again when that changes', async () => {
  const namespace = await world('template');
  await env.apply(
    configMap(namespace, 'templates', { dsn: 'db://{{ .user }}' }),
    push(namespace, {
      template: {
        data: { url: 'https://{{ .user }}:{{ .pass }}@host' },
        templateFrom: [{ configMap: { name: 'templates', items: [{ key: 'dsn', templateAs: 'Values' }] } }],
      },
      data: [to('url', 'url'), to('dsn', 'dsn'), to('user', 'user')],
    }),
  );
  await says(namespace, /^True Synced/);
  await readsBack(namespace, { url: 'https://u:p@host', dsn: 'db://u', user: 'u' });
  await env.apply(configMap(namespace, 'templates', { dsn: 'pg://{{ .user }}' }));
  await readsBack(namespace, { dsn: 'pg://u' });
});

test('Secrets by their labels: all are pushed, one that joins or leaves is followed', async () => {
  const namespace = await world('labels');
  const member = (name: string, data: Record<string, string>) =>
    labelled({ push: 'yes' }, secret(namespace, name, data));
  await env.apply(
    member('one', { a: '1' }),
    push(namespace, {
      selector: { secret: { selector: { matchLabels: { push: 'yes' } } } },
      dataTo: [all],
      deletionPolicy: 'Delete',
    }),
  );
  await readsBack(namespace, { a: '1' });
  await env.apply(member('two', { b: '2' }));
  await readsBack(namespace, { a: '1', b: '2' });
  await env.apply(member('two', { b: '3' }));
  await readsBack(namespace, { b: '3' });
  await env.kube.delete(secrets, { namespace, name: 'two' });
  await env.eventually(async () => {
    const { status } = await env.kube.get<{
      metadata: object;
      status?: { syncedPushSecrets?: Record<string, object> };
    }>(pushSecrets, { namespace, name: 'push' });
    assert.deepEqual(Object.keys(status?.syncedPushSecrets?.['SecretStore/store'] ?? {}), ['a']);
  });
});

test('a generated password is pushed, and stays until the next refresh', async () => {
  const namespace = await world('made');
  const generatorRef = { apiVersion: `${GENERATORS_GROUP}/v1alpha1`, kind: 'Password' as const, name: 'long' };
  await env.apply(
    generator(passwords, namespace, 'long', { length: 40, digits: 5, symbols: 0, noUpper: false, allowRepeat: true }),
    push(namespace, { selector: { generatorRef }, data: [to('password', 'made')] }),
    externalSecret(namespace, 'made', from('store'), entry('made', 'made')),
  );
  await says(namespace, /^True Synced/);
  const value = await env.eventually(async () => {
    const { made } = (await dataOf(env, namespace, 'made')) ?? {};
    assert.equal(made?.length, 40);
    return made;
  }, 30_000);
  await readsBack(namespace, { made: value });
});

test('stores by their labels: all of them, and one that gets the label later', async () => {
  const namespace = await world('stores');
  const second = (labels: Record<string, string>) => labelled(labels, secretStore(namespace, 'second', fake({})));
  await env.apply(
    labelled({ push: 'yes' }, secretStore(namespace, 'store', fake({}))),
    second({}),
    push(namespace, {
      secretStoreRefs: [{ labelSelector: { matchLabels: { push: 'yes' } } }],
      data: [to('user', 'a')],
    }),
  );
  await readsBack(namespace, { a: 'u' });
  await env.apply(second({ push: 'yes' }));
  await isValid(env, namespace, 'second');
  await readsBack(namespace, { a: 'u' }, 'second');
});

test('a SecretStore and a ClusterSecretStore together', async () => {
  const namespace = await world('kinds');
  const name = `kinds-${namespace}`;
  await env.apply(
    clusterSecretStore(name, fake({})),
    push(namespace, {
      secretStoreRefs: [{ name, kind: 'ClusterSecretStore' }, { name: 'store' }],
      data: [to('user', 'a')],
    }),
    externalSecret(namespace, 'there', from(name, 'ClusterSecretStore'), entry('k', 'a')),
  );
  await readsBack(namespace, { a: 'u' });
  await env.eventually(async () => assert.deepEqual(await dataOf(env, namespace, 'there'), { k: 'u' }), 30_000);
});

test('IfNotExists leaves what is there, and Delete does not take it away', async () => {
  const it = await pushShop(env, 'exists');
  await env.vault.put('secret', it.key('theirs'), { value: 'before' });
  const policies = { updatePolicy: 'IfNotExists', deletionPolicy: 'Delete' } as const;
  await env.apply(pushes(it, 'push', { 'api-key': 'theirs', user: 'ours' }, policies));
  await it.says('push', /^True Synced: pushed; what exists in the backend is left as it is/);
  await it.arrives('ours', { value: 'u1' });
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
  await isGone(env, pushSecrets, it.namespace, 'push');
  assert.equal(await it.remote('ours'), undefined);
  assert.deepEqual(await it.remote('theirs'), { value: { value: 'before' }, version: 1 });
});

// ---- D30

test('two stores with the same address and credentials are one destination: the older keeps it, the younger takes over', async () => {
  const it = await pushShop(env, 'twins');
  await env.apply(secretStore(it.namespace, 'twin', vault(`${env.vault.address}/`, 'vault', { readYourWrites: true })));
  await isValid(env, it.namespace, 'twin');
  await env.apply(pushes(it, 'older', { 'api-key': 'a' }));
  await it.says('older', /^True Synced/);
  await env.advance(2_000);
  await env.apply(pushes(it, 'younger', { user: 'a' }, { secretStoreRefs: [{ name: 'twin' }] }));
  await it.says(
    'younger',
    /^False Errored: .*"twin".*PushSecret "older" is older and pushes there; use another remote key/,
  );
  assert.deepEqual(await it.remote('a'), { value: { value: 'k1' }, version: 1 });
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'older' });
  await it.arrives('a', { value: 'u1' });
});

test('the store of the older is pointed elsewhere: the younger has the destination at once', async () => {
  const it = await pushShop(env, 'moved');
  await env.apply(secretStore(it.namespace, 'twin', vault(env.vault.address, 'vault')));
  await isValid(env, it.namespace, 'twin');
  await env.apply(pushes(it, 'older', { 'api-key': 'a' }));
  await it.says('older', /^True Synced/);
  await env.advance(2_000);
  await env.apply(pushes(it, 'younger', { user: 'a' }, { secretStoreRefs: [{ name: 'twin' }] }));
  await it.says('younger', /^False Errored: .*"older" is older/);
  await env.apply(secretStore(it.namespace, 'vault', vault(env.vault.address, 'vault', { path: 'elsewhere' })));
  await it.arrives('a', { value: 'u1' });
});

test('one destination from two namespaces: the younger is told, without the name of the other', async () => {
  const [one, two] = [await pushShop(env, 'first'), await pushShop(env, 'other')];
  const name = `shared-${one.namespace}`;
  await env.apply(
    clusterSecretStore(
      name,
      vault(env.vault.address, '', {
        auth: { tokenSecretRef: { name: 'vault', namespace: one.namespace, key: 'token' } },
      }),
    ),
  );
  const through = { secretStoreRefs: [{ name, kind: 'ClusterSecretStore' as const }] };
  // The other namespace writes there through a store of its own kind.
  await env.apply(pushes(one, 'older', { 'api-key': 'a' }));
  await one.says('older', /^True Synced/);
  await env.advance(2_000);
  await env.apply(
    pushSecret(
      two.namespace,
      'younger',
      'build-key',
      '',
      {},
      { ...through, data: [to('user', one.key('a'), 'value')] },
    ),
  );
  await two.says('younger', /^False Errored: .*a PushSecret of another namespace is older/);
  assert.doesNotMatch(await readyOf(env, pushSecrets, two.namespace, 'younger'), /PushSecret "/);
  assert.deepEqual((await one.remote('a'))?.value, { value: 'k1' });
});

test('different properties of one value are no conflict', async () => {
  const it = await pushShop(env, 'properties');
  const property = (secretKey: string, name: string) => [to(secretKey, it.key('db'), name)];
  await env.apply(
    pushes(it, 'one', {}, { data: property('api-key', 'key') }),
    pushes(it, 'two', {}, { data: property('user', 'user') }),
  );
  await it.arrives('db', { key: 'k1', user: 'u1' });
  await it.says('one', /^True/);
  await it.says('two', /^True/);
});
