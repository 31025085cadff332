/** PushSecrets from source to backend and back: what is written, what is not, and what stays (J19, J26, D6, D30). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, pushSecrets, secrets, secretStores } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { Resource } from '../../src/kube/types.ts';
import { entry, externalSecret, fake, from, pushSecret, secret, secretStore } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { holds, isValid, readyOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

/** A namespace with an empty store `store` and the source `build-key`. */
async function world(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(
    secretStore(namespace, 'store', fake({})),
    secret(namespace, 'build-key', { 'api-key': 'k1', user: 'u1' }),
  );
  await isValid(env, namespace, 'store');
  return namespace;
}

async function isReady(namespace: string, name: string, expected: RegExp, timeoutMs?: number): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), expected), timeoutMs);
}

async function isGone(resource: Resource, namespace: string, name: string): Promise<void> {
  await env.eventually(() => assert.rejects(env.kube.get(resource, { namespace, name }), NotFoundError));
}

test('a source is pushed, and its change arrives within 5 s', async () => {
  const namespace = await world('push');
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', { 'api-key': 'remote' }));
  await isReady(namespace, 'push', /^True Synced/);
  await env.apply(externalSecret(namespace, 'back', from('store'), entry('key', 'remote')));
  await holds(env, namespace, 'back', { key: 'k1' });
  await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2' }));
  await env.eventually(async () => {
    const annotations = { 'force-sync': String(Math.random()) };
    await env.apply({
      ...externalSecret(namespace, 'back', from('store'), entry('key', 'remote')),
      metadata: { namespace, name: 'back', annotations },
    });
    await holds(env, namespace, 'back', { key: 'k2' }, 300);
  }, 5_000);
});

test('a key that the source has not is named, with those it has', async () => {
  const namespace = await world('wrong');
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', { apikey: 'remote' }));
  await isReady(namespace, 'push', /^False Errored: .*no key "apikey"; it has "api-key", "user"/);
});

test('an entry that cannot be pushed keeps no other from it, and nothing is taken back meanwhile', async () => {
  const namespace = await world('half');
  const policy = { deletionPolicy: 'Delete' } as const;
  const push = { 'api-key': 'remote', user: 'who' };
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', push, policy));
  await isReady(namespace, 'push', /^True Synced/);
  await env.kube.delete(secrets, { namespace, name: 'build-key' });
  await isReady(namespace, 'push', /^False SourceDeleted/, 5_000);
  await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2' }));
  await isReady(
    namespace,
    'push',
    /^False Errored: could not push: data\[1\]\.match\.secretKey: .* has no key "user"; it has "api-key"/,
  );
  await env.apply(externalSecret(namespace, 'back', from('store'), entry('key', 'remote')));
  await holds(env, namespace, 'back', { key: 'k2' });
  await env.apply(secret(namespace, 'build-key', { 'api-key': 'k3', user: 'u3' }));
  await isReady(namespace, 'push', /^True Synced/, 5_000);
});

test('a key that its source loses stays pushed until somebody says what is meant', async () => {
  const namespace = await world('lost');
  const policy = { deletionPolicy: 'Delete' } as const;
  const push = { 'api-key': 'remote', user: 'who' };
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', push, policy));
  await isReady(namespace, 'push', /^True Synced/);
  await env.kube.patch(secrets, { namespace, name: 'build-key' }, { data: { user: null } }, { type: 'merge' });
  await isReady(namespace, 'push', /^False Errored: .*no key "user"/);
  await env.apply(externalSecret(namespace, 'back', from('store'), entry('user', 'who')));
  await holds(env, namespace, 'back', { user: 'u1' });
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', { 'api-key': 'remote' }, policy));
  await isReady(namespace, 'push', /^True Synced/);
  await env.kube.delete(externalSecrets, { namespace, name: 'back' });
  await env.apply(externalSecret(namespace, 'again', from('store'), entry('user', 'who')));
  await env.eventually(async () =>
    assert.match(await readyOf(env, externalSecrets, namespace, 'again'), /^False SecretSyncedError/),
  );
});

test('a source that is deleted is cleaned up with Delete, and pushed again when it returns', async () => {
  const namespace = await world('gone');
  const policy = { deletionPolicy: 'Delete' } as const;
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', { 'api-key': 'remote' }, policy));
  await isReady(namespace, 'push', /^True Synced/);
  await env.kube.delete(secrets, { namespace, name: 'build-key' });
  await isReady(namespace, 'push', /^False SourceDeleted/, 5_000);
  await env.apply(secret(namespace, 'build-key', { 'api-key': 'k2' }));
  await isReady(namespace, 'push', /^True Synced/, 5_000);
});

test('a store waits for the PushSecret that cleans up through it, and names it', async () => {
  const namespace = await world('guard');
  const policy = { deletionPolicy: 'Delete' } as const;
  await env.apply(pushSecret(namespace, 'push', 'build-key', 'store', { 'api-key': 'remote' }, policy));
  await isReady(namespace, 'push', /^True Synced/);
  await env.kube.delete(secretStores, { namespace, name: 'store' });
  await env.eventually(async () => {
    const messages = (await env.events(namespace, 'store')).filter(({ reason }) => reason === 'DeletionBlocked');
    assert.match(messages[0]?.message ?? '', new RegExp(`${namespace}/push`));
  });
  await env.kube.delete(pushSecrets, { namespace, name: 'push' });
  await isGone(pushSecrets, namespace, 'push');
  await isGone(secretStores, namespace, 'store');
});

test('two PushSecrets on one destination: the younger says so, and takes over', async () => {
  const namespace = await world('claim');
  await env.apply(pushSecret(namespace, 'a-older', 'build-key', 'store', { 'api-key': 'remote' }));
  await isReady(namespace, 'a-older', /^True Synced/);
  await env.advance(2_000);
  await env.apply(pushSecret(namespace, 'younger', 'build-key', 'store', { user: 'remote' }));
  await isReady(namespace, 'younger', /^False Errored: .*PushSecret "a-older" is older/);
  await env.kube.delete(pushSecrets, { namespace, name: 'a-older' });
  await isReady(namespace, 'younger', /^True Synced/);
});
