/** One PushSecret for many namespaces: made, followed and taken away, with what it pushed (D30). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterPushSecret, ClusterPushSecretStatus } from '../../src/api/cluster-push-secret.ts';
import { clusterPushSecrets, externalSecrets, namespaces, pushSecrets } from '../../src/api/resources.ts';
import type { ObjectName } from '../../src/kube/client.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { Resource } from '../../src/kube/types.ts';
import {
  clusterPushSecret,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  pushSecret,
  refreshEvery,
  secret,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { holds, isValid, readyOf } from './views.ts';

const env = await useEnv();
await env.startOperator();
await env.apply(clusterSecretStore('pushed-to', fake({})));
await isValid(env, undefined, 'pushed-to');

/** From the Secret `source` of each namespace to one key of one store. */
function spec(remoteKey: string, more: Partial<PushSecretSpecInput> = {}): PushSecretSpecInput {
  const secretStoreRefs = [{ name: 'pushed-to', kind: 'ClusterSecretStore' as const }];
  return pushSecret('', '', 'source', '', { value: remoteKey }, { secretStoreRefs, ...more }).spec;
}

/** A namespace of that team with a source. */
async function source(team: string, value: string): Promise<string> {
  const namespace = await env.namespace('push', { team });
  await env.apply(secret(namespace, 'source', { value }));
  return namespace;
}

async function statusOf(name: string): Promise<ClusterPushSecretStatus> {
  return (await env.kube.get<ClusterPushSecret>(clusterPushSecrets, { name })).status ?? {};
}

async function isPushed(namespace: string, name: string): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), /^True Synced/));
}

async function isGone(resource: Resource, name: ObjectName): Promise<void> {
  await env.eventually(() => assert.rejects(env.kube.get(resource, name), NotFoundError));
}

test('children of one ClusterPushSecret push to one destination without conflict; a new namespace has its own within 2 s', async () => {
  const first = await source('a', 'v1');
  await env.apply(clusterPushSecret('team-a', { team: 'a' }, spec('team-a')));
  await isPushed(first, 'team-a');
  const second = await env.namespace('push', { team: 'a' });
  await env.eventually(() => env.kube.get(pushSecrets, { namespace: second, name: 'team-a' }), 2_000);
  await env.apply(secret(second, 'source', { value: 'v1' }));
  await isPushed(second, 'team-a');
  assert.match(await readyOf(env, pushSecrets, first, 'team-a'), /^True Synced/);
  await env.eventually(async () => {
    const { provisionedNamespaces, pushSecretName, conditions } = await statusOf('team-a');
    assert.deepEqual(provisionedNamespaces, [first, second].sort());
    assert.equal(pushSecretName, 'team-a');
    assert.deepEqual(
      conditions?.map(({ type, status }) => `${type} ${status}`),
      ['Ready True'],
    );
  });
  assert.match(await env.kubectl('get', 'clusterpushsecrets', 'team-a', '--no-headers'), /team-a .*Synced/);
  const reader = externalSecret(first, 'back', from('pushed-to', 'ClusterSecretStore'), entry('key', 'team-a'));
  await env.apply(reader);
  await holds(env, first, 'back', { key: 'v1' });
});

test('somebody else’s PushSecret of that name is left alone; the event names it, and it is replaced when it goes', async () => {
  const namespace = await source('b', 'v1');
  const mine = pushSecret(namespace, 'team-b', 'source', '', {}, spec('mine'));
  await env.apply(mine, clusterPushSecret('team-b', { team: 'b' }, spec('team-b')));
  await env.eventually(async () => {
    const told = (await env.events(undefined, 'team-b')).filter(({ reason }) => reason === 'Errored');
    assert.match(told[0]?.message ?? '', new RegExp(`${namespace}: PushSecret "team-b" already exists`));
  });
  assert.match(await readyOf(env, clusterPushSecrets, undefined, 'team-b'), /^False Errored: one or more namespaces/);
  assert.deepEqual(
    (await statusOf('team-b')).failedNamespaces?.map((each) => each.namespace),
    [namespace],
  );
  await env.kube.delete(pushSecrets, { namespace, name: 'team-b' });
  await env.eventually(async () => assert.deepEqual((await statusOf('team-b')).provisionedNamespaces, [namespace]));
});

test('what the last of them pushed goes with it; what another still pushes stays', async () => {
  const [first, second] = [await source('c', 'v1'), await source('c', 'v1')];
  await env.apply(clusterPushSecret('team-c', { team: 'c' }, spec('team-c', { deletionPolicy: 'Delete' })));
  await isPushed(first, 'team-c');
  await isPushed(second, 'team-c');
  const reader = await env.namespace('reader');
  const value = entry('key', 'team-c');
  await env.apply(externalSecret(reader, 'back', from('pushed-to', 'ClusterSecretStore'), value, refreshEvery('1s')));
  await holds(env, reader, 'back', { key: 'v1' });
  await env.kube.patch(namespaces, { name: second }, { metadata: { labels: { team: null } } });
  await isGone(pushSecrets, { namespace: second, name: 'team-c' });
  await env.advance(3_000);
  assert.match(await ready(reader), /^True/);
  await env.kube.delete(clusterPushSecrets, { name: 'team-c' });
  await isGone(pushSecrets, { namespace: first, name: 'team-c' });
  await isGone(clusterPushSecrets, { name: 'team-c' });
  await env.advance(3_000);
  await env.eventually(async () => assert.match(await ready(reader), /^False/));
});

async function ready(namespace: string): Promise<string> {
  return readyOf(env, externalSecrets, namespace, 'back');
}

test('another name for the children: the new ones push before anything is missed', async () => {
  const namespace = await source('d', 'v1');
  const delete_ = { deletionPolicy: 'Delete' } as const;
  await env.apply(clusterPushSecret('team-d', { team: 'd' }, spec('team-d', delete_)));
  await isPushed(namespace, 'team-d');
  const renamed = { pushSecretName: 'renamed', pushSecretMetadata: { labels: { app: 'web' } } };
  await env.apply(clusterPushSecret('team-d', { team: 'd' }, spec('team-d', delete_), renamed));
  await isGone(pushSecrets, { namespace, name: 'team-d' });
  await isPushed(namespace, 'renamed');
  assert.deepEqual((await env.kube.get(pushSecrets, { namespace, name: 'renamed' })).metadata.labels, { app: 'web' });
  await env.apply(externalSecret(namespace, 'back', from('pushed-to', 'ClusterSecretStore'), entry('key', 'team-d')));
  await holds(env, namespace, 'back', { key: 'v1' });
});
