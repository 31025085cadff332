/** Two PushSecrets on one destination (D30), as each of them tells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushSecrets } from '../../api/resources.ts';
import { entry, World } from './world.fixture.ts';

function world(): World {
  const made = new World();
  made.store();
  made.secret('build-key', { 'api-key': 'k1', user: 'u1' });
  return made;
}

test('two PushSecrets on one destination: the older keeps it, the younger says so and takes over when it goes', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  it.apply({ data: [entry('user', 'a'), entry('user', 'mine')] }, 'younger');
  await assert.rejects(it.run('younger'));
  assert.match(it.ready('younger'), /PushSecret "older" is older/);
  assert.deepEqual([it.backend().value('a'), it.backend().value('mine')], ['k1', 'u1']);
  it.kube.remove(pushSecrets, { namespace: 'ci', name: 'older' });
  await it.run('younger');
  assert.equal(it.backend().value('a'), 'u1');
});

test('different properties of one key are no conflict, a whole key overlaps them all', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a', 'key')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  it.apply({ data: [entry('user', 'a', 'user')] }, 'younger');
  await it.run('younger');
  assert.match(it.ready('younger'), /^True/);
  it.apply({ data: [entry(undefined, 'a')] }, 'younger');
  await assert.rejects(it.run('younger'));
});

test('what another PushSecret counts on is not removed with the first', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  it.apply({ data: [entry('user', 'a')] }, 'younger');
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'older' });
  await it.run('older');
  assert.equal(it.get('older'), undefined);
  assert.equal(it.backend().value('a'), 'k1');
});

test('two stores that lead to one backend as one identity are one destination', async () => {
  const it = world();
  it.store('twin');
  it.places.set('store', 'sm').set('twin', 'sm');
  it.apply({ data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  const twin = { secretStoreRefs: [{ kind: 'SecretStore', name: 'twin' }] };
  it.apply({ ...twin, data: [entry('user', 'a')] }, 'younger');
  await assert.rejects(it.run('younger'));
  assert.match(it.ready('younger'), /SecretStore "twin": remote key "a": PushSecret "older" is older/);
  it.places.set('twin', 'elsewhere');
  await it.run('younger');
  assert.match(it.ready('younger'), /^True/);
});

test('what was pushed through a store that leads to the same place is not removed for somebody else', async () => {
  const it = world();
  it.store('twin');
  it.places.set('store', 'sm').set('twin', 'sm');
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  it.apply({ secretStoreRefs: [{ kind: 'SecretStore', name: 'twin' }], data: [entry('user', 'a')] }, 'younger');
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'older' });
  await it.run('older');
  assert.equal(it.backend().value('a'), 'k1');
});

test('the status of the younger does not count what the older keeps', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  it.apply({ deletionPolicy: 'Delete', data: [entry('user', 'a'), entry('user', 'mine')] }, 'younger');
  await assert.rejects(it.run('younger'));
  assert.deepEqual(it.synced('younger'), { 'SecretStore/store': ['mine'] });
  it.kube.remove(pushSecrets, { namespace: 'ci', name: 'older' });
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'younger' });
  await it.run('younger');
  assert.equal(it.backend().value('a'), 'k1');
});

test('children of one ClusterPushSecret share a destination, and keep it from others', async () => {
  const it = world();
  const ownedBy = (uid: string): object => ({
    ownerReferences: [
      { apiVersion: 'external-secrets.io/v1alpha1', kind: 'ClusterPushSecret', name: 'all', uid, controller: true },
    ],
  });
  it.apply({ data: [entry('api-key', 'a')] }, 'one', ownedBy('p1'));
  await it.run('one');
  await it.clock.advance(60_000);
  it.apply({ data: [entry('api-key', 'a')] }, 'two', ownedBy('p1'));
  await it.run('two');
  assert.match(it.ready('two'), /^True/);
  it.apply({ data: [entry('api-key', 'a')] }, 'other', ownedBy('p2'));
  await assert.rejects(it.run('other'));
  assert.match(it.ready('other'), /^False/);
});

test('made in the same second, one of the two has it, and not both', async () => {
  const it = world();
  for (const name of ['one', 'two']) it.apply({ data: [entry('api-key', 'a')] }, name);
  const outcomes = await Promise.allSettled(['one', 'two'].map((name) => it.run(name)));
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a backend that cannot be read back gets what was left out as soon as it is free', async () => {
  const it = world();
  it.backend().blind = true;
  it.apply({ data: [entry('api-key', 'a')] }, 'older');
  await it.run('older');
  await it.clock.advance(60_000);
  it.apply({ data: [entry('user', 'a'), entry('user', 'mine')] }, 'younger');
  await assert.rejects(it.run('younger'));
  it.kube.remove(pushSecrets, { namespace: 'ci', name: 'older' });
  await it.run('younger');
  assert.equal(it.backend().value('a'), 'u1');
});
