import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushSecrets } from '../../api/resources.ts';
import { pushing, team, World } from './world.fixture.ts';

test('a ClusterPushSecret keeps a PushSecret in each namespace, named and labelled as it says', async (t) => {
  const world = new World(pushing);
  for (const name of ['b', 'a']) world.namespace(name, { team: 'x' });
  world.apply('shared', { ...team('x'), pushSecretName: 'up', pushSecretMetadata: { labels: { app: 'web' } } });
  await world.start(t);
  assert.deepEqual(world.children(), ['a/up', 'b/up']);
  assert.deepEqual(world.child('a', 'up')?.metadata.labels, { app: 'web' });
  assert.deepEqual(world.child('a', 'up')?.spec, { refreshInterval: '1h' });
  const { pushSecretName, provisionedNamespaces, conditions = [] } = world.statusOf('shared');
  assert.equal(pushSecretName, 'up');
  assert.deepEqual(provisionedNamespaces, ['a', 'b']);
  assert.deepEqual(conditions, [
    { type: 'Ready', status: 'True', reason: 'Synced', lastTransitionTime: '2030-01-01T00:00:00Z' },
  ]);
});

test('force-sync is not mirrored, and an annotation of that name is one like any other', async (t) => {
  const world = new World(pushing);
  world.namespace('a', { team: 'x' });
  const annotations = { 'external-secrets.io/force-sync': 'theirs' };
  world.apply('shared', { ...team('x'), pushSecretMetadata: { annotations } }, { annotations: { other: '1' } });
  await world.start(t);
  assert.deepEqual(world.child('a', 'shared')?.metadata.annotations, annotations);
});

test('a failure is an event, told once per cause; the time in the condition is that of the transition', async (t) => {
  const world = new World(pushing);
  world.namespace('a', { team: 'x' });
  world.put('a', 'shared');
  world.apply('shared', { ...team('x'), refreshTime: '10m' });
  await world.start(t);
  await world.pass(25 * 60_000);
  assert.equal(world.told.length, 1);
  assert.match(world.told[0] ?? '', /^shared: one or more namespaces failed: a: PushSecret "shared" already exists/);
  const failed = world.statusOf('shared').conditions?.[0];
  assert.equal(failed?.reason, 'Errored');
  assert.equal(failed?.lastTransitionTime, '2030-01-01T00:00:00Z');
  world.kube.remove(pushSecrets, { namespace: 'a', name: 'shared' });
  await world.pass();
  const mended = world.statusOf('shared').conditions?.[0];
  assert.equal(mended?.status, 'True');
  assert.notEqual(mended?.lastTransitionTime, failed?.lastTransitionTime);
});

test('a failure that lasts is told again every half hour', async (t) => {
  const world = new World(pushing);
  world.namespace('a', { team: 'x' });
  world.put('a', 'shared');
  world.apply('shared', team('x'));
  await world.start(t);
  await world.pass(95 * 60_000);
  assert.equal(world.told.length, 4);
});

test('a deleted ClusterPushSecret is not worked on: its children go by their owner references', async (t) => {
  const world = new World(pushing);
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'), { finalizers: ['example.org/slow'] });
  await world.start(t);
  world.kube.faults.forgetCalls();
  await world.kube.delete(world.kind.parent, { name: 'shared' });
  await world.pass(3_600_000);
  assert.deepEqual(
    world.kube.faults.writes().map(({ verb, plural }) => `${verb} ${plural}`),
    ['delete clusterpushsecrets'],
  );
});
