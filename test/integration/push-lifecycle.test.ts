/** A PushSecret through everything that happens to it, its source, its store, its namespace and the operator (J19, J26, D6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaces, pushSecrets, secrets, secretStores } from '../../src/api/resources.ts';
import { secret } from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { settled } from './fake-store.ts';
import { isGone, pushes, pushShop } from './push-shop.ts';

const env = await useEnv();
let operator = await env.startOperator();

const DELETE = { deletionPolicy: 'Delete' } as const;

test('what is pushed arrives, and a change of the source within 5 s', async () => {
  const it = await pushShop(env, 'arrives');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }));
  await it.arrives('a', { value: 'k1' });
  await env.apply(secret(it.namespace, 'build-key', { 'api-key': 'k2' }));
  await it.arrives('a', { value: 'k2' }, 5_000);
});

test('the source is deleted: with Delete the value goes, and comes back with the source', async () => {
  const it = await pushShop(env, 'gone');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
  await it.arrives('a', { value: 'k1' });
  await env.kube.delete(secrets, { namespace: it.namespace, name: 'build-key' });
  await it.says('push', /^False SourceDeleted: Secret "build-key" not found .*what was pushed of it is removed/, 5_000);
  assert.equal(await it.remote('a'), undefined);
  await env.eventually(async () => {
    const told = (await env.events(it.namespace, 'push')).filter(({ reason }) => reason === 'SourceDeleted');
    assert.deepEqual(
      told.map(({ type, count }) => [type, count]),
      [['Normal', 1]],
    );
  });
  await env.apply(secret(it.namespace, 'build-key', { 'api-key': 'k2' }));
  await it.arrives('a', { value: 'k2' }, 5_000);
  await it.says('push', /^True Synced/);
});

test('the source is deleted: with None the value stays, and the PushSecret names what it misses', async () => {
  const it = await pushShop(env, 'misses');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }));
  await it.arrives('a', { value: 'k1' });
  await env.kube.delete(secrets, { namespace: it.namespace, name: 'build-key' });
  await it.says(
    'push',
    /^False Errored: could not get source secret: Secret "build-key" not found in namespace/,
    5_000,
  );
  assert.deepEqual((await it.remote('a'))?.value, { value: 'k1' });
  await env.apply(secret(it.namespace, 'build-key', { 'api-key': 'k2' }));
  await it.says('push', /^True Synced/, 5_000);
});

test('another source by name: its values take the place of the old ones', async () => {
  const it = await pushShop(env, 'renamed');
  await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, DELETE));
  await it.arrives('b', { value: 'u1' });
  await env.apply(
    secret(it.namespace, 'next', { 'api-key': 'k2' }),
    pushes(it, 'push', { 'api-key': 'a' }, { ...DELETE, selector: { secret: { name: 'next' } } }),
  );
  await it.arrives('a', { value: 'k2' });
  await it.arrives('b', undefined);
});

test('somebody edits the value by hand: it is put right at the next refresh', async () => {
  const it = await pushShop(env, 'edited');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, { refreshInterval: '3s' }));
  await it.arrives('a', { value: 'k1' });
  await env.vault.put('secret', it.key('a'), { value: 'by hand' });
  await env.advance(3_500);
  await it.arrives('a', { value: 'k1' });
});

test('what leaves the spec goes with Delete, and stays with None', async () => {
  for (const [deletionPolicy, left] of [
    ['Delete', undefined],
    ['None', { value: 'u1' }],
  ] as const) {
    const it = await pushShop(env, 'leaves');
    await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, { deletionPolicy }));
    await it.arrives('b', { value: 'u1' });
    await env.apply(
      pushes(it, 'push', { 'api-key': 'a' }, { deletionPolicy }),
      secret(it.namespace, 'build-key', { 'api-key': 'k2', user: 'u2' }),
    );
    await it.arrives('a', { value: 'k2' });
    await it.arrives('b', left);
  }
});

test('the PushSecret is deleted: with None the value stays and nothing holds it up, with Delete the value goes first', async () => {
  const it = await pushShop(env, 'deleted');
  await env.apply(pushes(it, 'stays', { 'api-key': 'a' }), pushes(it, 'goes', { 'api-key': 'b' }, DELETE));
  await it.arrives('a', { value: 'k1' });
  await it.arrives('b', { value: 'k1' });
  const finalizersOf = async (name: string): Promise<unknown> =>
    (await env.kube.get(pushSecrets, { namespace: it.namespace, name })).metadata.finalizers;
  assert.equal(await finalizersOf('stays'), undefined);
  assert.deepEqual(await finalizersOf('goes'), ['pushsecret.externalsecrets.io/finalizer']);
  for (const name of ['stays', 'goes']) {
    await env.kube.delete(pushSecrets, { namespace: it.namespace, name });
    await isGone(env, pushSecrets, it.namespace, name);
  }
  assert.deepEqual((await it.remote('a'))?.value, { value: 'k1' });
  assert.equal(await it.remote('b'), undefined);
});

test('the store is deleted first: it waits until the PushSecret has cleaned up through it', async () => {
  const it = await pushShop(env, 'order');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
  await it.says('push', /^True Synced/);
  await env.eventually(async () => {
    const { finalizers } = (await env.kube.get(secretStores, { namespace: it.namespace, name: 'vault' })).metadata;
    assert.deepEqual(finalizers, ['secretstore.externalsecrets.io/finalizer']);
  });
  await env.kube.delete(secretStores, { namespace: it.namespace, name: 'vault' });
  await env.eventually(async () => {
    const [blocked] = (await env.events(it.namespace, 'vault')).filter(({ reason }) => reason === 'DeletionBlocked');
    assert.match(blocked?.message ?? '', /\/push.*delete them, or set their deletionPolicy to None/);
  });
  assert.deepEqual((await it.remote('a'))?.value, { value: 'k1' });
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
  await isGone(env, pushSecrets, it.namespace, 'push');
  await isGone(env, secretStores, it.namespace, 'vault');
  assert.equal(await it.remote('a'), undefined);
});

test('the namespace is deleted: what was pushed goes with it, or it is told that it stays', async () => {
  const it = await pushShop(env, 'namespace');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
  await it.says('push', /^True Synced/);
  await env.kube.delete(namespaces, { name: it.namespace });
  await isGone(env, namespaces, undefined, it.namespace, 30_000);
  // Kubernetes deletes in an order of its own: the store's credentials may be gone before the clean-up could use them.
  const told = (await env.events(undefined, it.namespace)).some(({ reason }) => reason === 'PushedValuesLeft');
  assert.equal((await it.remote('a')) !== undefined, told);
});

test(
  'the backend is down when the namespace is deleted: it goes all the same, and what stays is told',
  requires(env, 'restart', 'Vault stops'),
  async () => {
    const it = await pushShop(env, 'stuck');
    await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
    await it.says('push', /^True Synced/);
    await env.vault.stop();
    try {
      await env.kube.delete(namespaces, { name: it.namespace });
      if (env.supports('fast-time')) await env.advance(3_000);
      await isGone(env, namespaces, undefined, it.namespace, 40_000);
    } finally {
      await env.vault.start();
    }
    await env.eventually(async () => {
      const told = (await env.events(undefined, it.namespace)).filter(({ reason }) => reason === 'PushedValuesLeft');
      assert.match(told[0]?.message ?? '', new RegExp(`PushSecret "push".*SecretStore/vault: ${it.key('a')}/value$`));
      assert.equal(told[0]?.type, 'Warning');
    });
  },
);

test(
  'the backend is down when the PushSecret is deleted: it waits, says so, and is cleaned up when the backend is back',
  requires(env, 'restart', 'Vault stops'),
  async () => {
    const it = await pushShop(env, 'down');
    await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
    await it.says('push', /^True Synced/);
    await env.vault.stop();
    try {
      await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
      await it.says(
        'push',
        /^False Errored: could not remove what was pushed: .*to leave it there, set .* to None$/,
        30_000,
      );
    } finally {
      await env.vault.start();
    }
    if (env.supports('fast-time')) await env.advance(60_000);
    await isGone(env, pushSecrets, it.namespace, 'push', 60_000);
    assert.equal(await it.remote('a'), undefined);
  },
);

test('the API server drops every line, again and again: changes of the source still arrive', async () => {
  const it = await pushShop(env, 'lines');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }));
  await it.arrives('a', { value: 'k1' });
  for (const value of ['k2', 'k3', 'k4']) {
    await env.kubeFaults.dropWatches('reset');
    await env.apply(secret(it.namespace, 'build-key', { 'api-key': value }));
    await env.kubeFaults.dropWatches('end');
    if (env.supports('fast-time')) await env.advance(2_000);
    await it.arrives('a', { value });
  }
});

const faults = requires(env, 'kube-faults', 'a server that errs on request');

test(
  'the API server takes no status for a while: nothing is written twice, and in the end all is known',
  faults,
  async () => {
    const it = await pushShop(env, 'refused');
    const status = { method: 'PATCH', path: new RegExp(`${it.namespace}/pushsecrets/push/status`) };
    await env.kubeFaults.respond(status, { status: 503 }, 6);
    await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, DELETE));
    await settled(env, it.namespace);
    assert.equal(await it.remote('a'), undefined, 'what cannot be noted is not written');
    for (let seconds = 0; seconds < 60; seconds++) await env.advance(1_000);
    env.kubeFaults.heal();
    await it.says('push', /^True Synced/);
    assert.deepEqual([(await it.remote('a'))?.version, (await it.remote('b'))?.version], [1, 1]);
    await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
    await isGone(env, pushSecrets, it.namespace, 'push');
    assert.deepEqual([await it.remote('a'), await it.remote('b')], [undefined, undefined]);
  },
);

test('the API server drops the request that lets go of a PushSecret: it goes all the same, once', faults, async () => {
  const it = await pushShop(env, 'dropped');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }, DELETE));
  await it.says('push', /^True Synced/);
  await env.kubeFaults.reset({ method: 'PATCH', path: new RegExp(`${it.namespace}/pushsecrets/push`) }, 3);
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
  for (let seconds = 0; seconds < 30; seconds++) await env.advance(1_000);
  await isGone(env, pushSecrets, it.namespace, 'push');
  assert.equal(await it.remote('a'), undefined);
});

// These stop the operator that the tests before them use.

test(
  'the operator dies between two writes: the next one writes the rest and nothing twice, and Delete leaves nothing',
  requires(env, 'vault-faults', 'one write gets no answer'),
  async () => {
    const it = await pushShop(env, 'killed');
    await env.vault.fault(it.key('b'), 'slow');
    await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, DELETE));
    await it.arrives('a', { value: 'k1' });
    await operator.stop();
    await env.vault.heal();
    assert.equal(await it.remote('b'), undefined);
    operator = await env.startOperator();
    await it.says('push', /^True Synced/);
    assert.deepEqual(await it.remote('a'), { value: { value: 'k1' }, version: 1 });
    assert.deepEqual(await it.remote('b'), { value: { value: 'u1' }, version: 1 });
    await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
    await isGone(env, pushSecrets, it.namespace, 'push');
    assert.deepEqual([await it.remote('a'), await it.remote('b')], [undefined, undefined]);
  },
);

test(
  'the operator dies between two writes, and the PushSecret is deleted before the next one comes: nothing stays',
  requires(env, 'vault-faults', 'one write gets no answer'),
  async () => {
    const it = await pushShop(env, 'orphan');
    await env.vault.fault(it.key('b'), 'slow');
    await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, DELETE));
    await it.arrives('a', { value: 'k1' });
    await operator.stop();
    await env.vault.heal();
    await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
    operator = await env.startOperator();
    await isGone(env, pushSecrets, it.namespace, 'push');
    assert.deepEqual([await it.remote('a'), await it.remote('b')], [undefined, undefined]);
  },
);

test('a source that changes while no operator runs is pushed by the next one at once, and nothing else is', async () => {
  const it = await pushShop(env, 'asleep');
  await env.apply(pushes(it, 'push', { 'api-key': 'a' }), pushes(it, 'other', { user: 'b' }));
  await it.says('push', /^True Synced/);
  await it.says('other', /^True Synced/);
  await operator.stop();
  await env.apply(secret(it.namespace, 'build-key', { 'api-key': 'k2', user: 'u1' }));
  operator = await env.startOperator();
  await it.arrives('a', { value: 'k2' });
  assert.deepEqual(await it.remote('b'), { value: { value: 'u1' }, version: 1 });
});
