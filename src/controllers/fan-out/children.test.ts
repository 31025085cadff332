import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets } from '../../api/resources.ts';
import { team, World } from './world.fixture.ts';

const FORCE_SYNC = 'external-secrets.io/force-sync';

test('every selected namespace has a child, and the status lists them in order', async (t) => {
  const world = new World();
  world.namespace('b', { team: 'x' });
  world.namespace('a', { team: 'x' });
  world.namespace('other');
  world.apply('shared', team('x'));
  await world.start(t);
  assert.deepEqual(world.children(), ['a/shared', 'b/shared']);
  assert.deepEqual(world.statusOf('shared'), {
    externalSecretName: 'shared',
    conditions: [{ type: 'Ready', status: 'True' }],
    provisionedNamespaces: ['a', 'b'],
  });
  assert.equal(world.series.get('shared'), 'True');
});

test('selectors, the old selector and names are taken together', async (t) => {
  const world = new World();
  for (const name of ['a', 'b', 'c', 'd', 'e']) world.namespace(name, { is: name });
  world.apply('shared', {
    namespaceSelector: { matchLabels: { is: 'a' } },
    namespaceSelectors: [
      { matchExpressions: [{ key: 'is', operator: 'In', values: ['a', 'b'] }] },
      { matchLabels: { is: 'c' } },
    ],
    namespaces: ['d', 'missing'],
  });
  await world.start(t);
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a', 'b', 'c', 'd']);
});

test('without any selection no namespace is served; an empty selector means all', async (t) => {
  const world = new World();
  world.namespace('a');
  world.apply('none', {});
  world.apply('all', { namespaceSelectors: [{}] });
  await world.start(t);
  assert.deepEqual(world.children(), ['a/all']);
  assert.equal(world.ready('none'), 'True');
});

test('a child carries spec, labels and annotations of the cluster-wide object, and its controller reference', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  const externalSecretMetadata = { labels: { app: 'web' }, annotations: { note: 'n', [FORCE_SYNC]: 'not mirrored' } };
  world.apply('shared', { ...team('x'), externalSecretName: 'db', externalSecretMetadata });
  await world.start(t);
  const child = world.child('a', 'db');
  const { uid } = world.parent('shared')!.metadata;
  assert.deepEqual(child?.spec, { refreshInterval: '1h' });
  assert.deepEqual(child?.metadata.labels, { app: 'web' });
  assert.deepEqual(child?.metadata.annotations, { note: 'n' });
  assert.deepEqual(child?.metadata.ownerReferences, [
    {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ClusterExternalSecret',
      name: 'shared',
      uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  assert.equal(child?.metadata.finalizers, undefined);
});

test('force-sync is mirrored to all children, and taken away with the original', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'), { annotations: { [FORCE_SYNC]: '1', other: 'stays here' } });
  await world.start(t);
  assert.deepEqual(world.child('a', 'shared')?.metadata.annotations, { [FORCE_SYNC]: '1' });
  world.apply('shared', team('x'), { annotations: { [FORCE_SYNC]: '2' } });
  await world.pass();
  assert.deepEqual(world.child('a', 'shared')?.metadata.annotations, { [FORCE_SYNC]: '2' });
  world.apply('shared', team('x'), { annotations: {} });
  await world.pass();
  assert.deepEqual(world.child('a', 'shared')?.metadata.annotations, {});
});

test('what somebody changes in a child or takes away is put right at once; what is not ours stays', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'app', uid: 'u' };
  const ours = world.child('a', 'shared')!.metadata.ownerReferences!;
  const foreign = { labels: { by: 'hand' }, finalizers: ['example.org/f'], ownerReferences: [...ours, owner] };
  world.put('a', 'shared', foreign, { refreshInterval: '9h' });
  await world.pass();
  const repaired = world.child('a', 'shared');
  assert.deepEqual(repaired?.spec, { refreshInterval: '1h' });
  assert.deepEqual(repaired?.metadata.labels, {});
  assert.deepEqual(repaired?.metadata.finalizers, ['example.org/f']);
  assert.deepEqual(new Set(repaired?.metadata.ownerReferences), new Set([...ours, owner]));
  world.kube.remove(externalSecrets, { namespace: 'a', name: 'shared' });
  await world.pass();
  assert.deepEqual(world.children(), ['a/shared']);
});

test('a look at everything that is in step writes nothing', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', { ...team('x'), refreshTime: '10m' });
  await world.start(t);
  world.kube.faults.forgetCalls();
  await world.pass(3_600_000);
  const calls = world.kube.faults.calls().filter(({ verb }) => verb !== 'watch');
  assert.deepEqual(calls, []);
});

test('a new name for the children replaces those of the old one', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  world.apply('shared', { ...team('x'), externalSecretName: 'db' });
  await world.pass();
  assert.deepEqual(world.children(), ['a/db']);
  assert.equal(world.statusOf('shared').externalSecretName, 'db');
});

test('changed selectors: namespaces come and go', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.namespace(name, { team: name });
  world.apply('shared', team('a'));
  await world.start(t);
  world.apply('shared', team('b'));
  await world.pass();
  assert.deepEqual(world.children(), ['b/shared']);
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['b']);
});

test('a namespace that is labelled, or not any longer, gains or loses its child at once', async (t) => {
  const world = new World();
  world.namespace('a');
  world.apply('shared', team('x'));
  await world.start(t);
  world.namespace('a', { team: 'x' });
  await world.pass();
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a']);
  world.namespace('a', { team: 'y' });
  await world.pass();
  assert.deepEqual(world.children(), []);
  assert.equal(world.statusOf('shared').provisionedNamespaces, undefined);
});

test('a hundred new namespaces are a few status writes', async (t) => {
  const world = new World();
  world.apply('shared', team('x'));
  await world.start(t);
  world.kube.faults.forgetCalls();
  for (let n = 0; n < 100; n++) world.namespace(`n${n}`, { team: 'x' });
  await world.pass();
  assert.equal(world.statusOf('shared').provisionedNamespaces?.length, 100);
  assert.equal(world.kube.faults.calls('create').length, 100);
  assert.ok(world.kube.faults.calls('patch').length <= 3);
});

test('a namespace that is created while the first look at all of them is under way is served', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  const meet = world.kube.faults.meet.bind(world.kube.faults);
  let isMade = false;
  world.kube.faults.meet = async (verb, plural, key, signal) => {
    if (verb === 'create' && !isMade) {
      isMade = true;
      world.namespace('late', { team: 'x' });
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    return meet(verb, plural, key, signal);
  };
  await world.start(t);
  await world.pass();
  assert.deepEqual(world.children(), ['a/shared', 'late/shared']);
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a', 'late']);
});

test('with --namespace only that namespace is served', async (t) => {
  const world = new World({ onlyNamespace: 'a' });
  for (const name of ['a', 'b']) world.namespace(name, { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  assert.deepEqual(world.children(), ['a/shared']);
});

test('the series of an object that is gone go with it', async (t) => {
  const world = new World();
  world.apply('shared', team('x'));
  await world.start(t);
  world.kube.remove(world.kind.parent, { name: 'shared' });
  await world.pass();
  assert.equal(world.series.has('shared'), false);
});
