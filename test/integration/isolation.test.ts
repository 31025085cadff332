/**
 * Values never cross identities, seen from outside: many namespaces and two ClusterSecretStores want the same key at the same moment, and
 * AWS gives it to some of them only.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aws, clusterSecretStore, entry, externalSecret, from, refreshEvery, secret } from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { force } from './force-sync.ts';
import { dataOf, failsWith, holds, isValid } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();

const wanted = (namespace: string, name: string, store: string, key: string) =>
  externalSecret(namespace, name, from(store, 'ClusterSecretStore'), entry('value', key), refreshEvery('1h'));

/** Who has asked for the key, by the name of the role or user. */
function readersOf(key: string): ReadonlySet<string> {
  const reads = env.aws.recorded().filter(({ input }) => JSON.stringify(input).includes(key));
  return new Set(reads.map(({ principal }) => principal.split('/')[1] ?? ''));
}

test('two ClusterSecretStores that differ only in role: who may not read gets nothing, however often others read', async () => {
  const namespace = await env.namespace('roles');
  const key = `${namespace}/shared`;
  const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
  await env.aws.putSecret(key, 'for-readers');
  await env.aws.addAccessKey(id, 'key', `robot-${namespace}`);
  await env.apply(secret(namespace, 'robot', { id, key: 'key' }));
  const selector = (key: string) => ({ namespace, name: 'robot', key });
  const auth = {
    secretRef: { accessKeyIDSecretRef: selector('id'), secretAccessKeySecretRef: selector('key') },
  };
  for (const role of ['may', 'may-not']) {
    const arn = `arn:aws:iam::444455556666:role/${role}-${namespace}`;
    await env.aws.trustRole(arn);
    await env.apply(clusterSecretStore(`${role}-${namespace}`, aws('', { auth, role: arn })));
    await isValid(env, undefined, `${role}-${namespace}`);
  }
  await env.aws.fault('GetSecretValue', 'deny', `may-not-${namespace}`);
  await env.aws.resetCalls();
  for (let index = 0; index < 10; index++)
    await env.apply(
      wanted(namespace, `may-${index}`, `may-${namespace}`, key),
      wanted(namespace, `may-not-${index}`, `may-not-${namespace}`, key),
    );
  for (let index = 0; index < 10; index++) {
    await holds(env, namespace, `may-${index}`, { value: 'for-readers' });
    await failsWith(env, namespace, `may-not-${index}`, /AccessDenied/, new RegExp(`may-not-${namespace}`));
  }
  await force(env, namespace, 'may-0');
  await force(env, namespace, 'may-not-0');
  await failsWith(env, namespace, 'may-not-0', /AccessDenied/);
  for (let index = 0; index < 10; index++) assert.equal(await dataOf(env, namespace, `may-not-${index}`), undefined);
  assert.deepEqual(readersOf(key), new Set([`may-${namespace}`, `may-not-${namespace}`]));
  await env.aws.heal();
});

test('a ClusterSecretStore with the credentials of whoever asks: each namespace reads as itself, or not at all', async () => {
  const namespaces = await Promise.all(Array.from({ length: 6 }, (_, index) => env.namespace(`ask-${index}`)));
  const store = `askers-${namespaces[0]}`;
  const key = `${store}/shared`;
  await env.aws.putSecret(key, 'for-some');
  for (const namespace of namespaces) {
    const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
    await env.aws.addAccessKey(id, 'key', `robot-${namespace}`);
    await env.apply(secret(namespace, 'robot', { id, key: 'key' }));
  }
  const denied = namespaces.filter((_, index) => index % 2 === 1);
  for (const namespace of denied) await env.aws.fault('GetSecretValue', 'deny', `robot-${namespace}`);
  await env.aws.resetCalls();
  await env.apply(clusterSecretStore(store, aws('robot')));
  for (const namespace of namespaces)
    await env.apply(wanted(namespace, 'a', store, key), wanted(namespace, 'b', store, key));
  for (const namespace of namespaces) {
    for (const name of ['a', 'b']) {
      if (denied.includes(namespace))
        await failsWith(env, namespace, name, /AccessDenied/, new RegExp(`robot-${namespace}`));
      else await holds(env, namespace, name, { value: 'for-some' });
    }
  }
  for (const namespace of denied) assert.equal(await dataOf(env, namespace, 'a'), undefined);
  assert.deepEqual(readersOf(key), new Set(namespaces.map((namespace) => `robot-${namespace}`)));
  await env.aws.heal();
});

test('session tags that name the consumer’s namespace make a session per namespace', async () => {
  const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
  const id = `AKIA${blue.toUpperCase().replaceAll('-', '')}`;
  await env.aws.addAccessKey(id, 'key', `robot-${blue}`);
  await env.apply(secret(blue, 'robot', { id, key: 'key' }));
  const selector = (key: string) => ({ namespace: blue, name: 'robot', key });
  const auth = {
    secretRef: { accessKeyIDSecretRef: selector('id'), secretAccessKeySecretRef: selector('key') },
  };
  const role = `arn:aws:iam::444455556666:role/tagged-${blue}`;
  const key = `${blue}/shared`;
  await env.aws.putSecret(key, 'tagged');
  await env.aws.trustRole(role);
  const provider = aws('', { auth, role, sessionTagsPolicy: 'Simple' });
  await env.apply(clusterSecretStore(`tagged-${blue}`, provider));
  await env.aws.resetCalls();
  await env.apply(wanted(blue, 'a', `tagged-${blue}`, key), wanted(green, 'a', `tagged-${blue}`, key));
  for (const namespace of [blue, green]) await holds(env, namespace, 'a', { value: 'tagged' });
  const assumed = env.aws.recorded().filter(({ action }) => action === 'AssumeRole');
  for (const namespace of [blue, green])
    assert.equal(assumed.filter(({ input }) => JSON.stringify(input).includes(`"${namespace}"`)).length, 1, namespace);
});
