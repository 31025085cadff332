import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaces } from '../../api/resources.ts';
import { team, World } from './world.fixture.ts';

const FOREIGN = 'example.org/slow';
const CLEAN_UP = 'externalsecrets.external-secrets.io/clusterexternalsecret-cleanup';

function left(name: string): string {
  return `externalsecrets.external-secrets.io/ces-${name}`;
}

test('no namespace ever gets a finalizer from us', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  assert.equal(world.finalizersOf('a'), undefined);
  assert.deepEqual(world.kube.faults.calls('patch', 'namespaces'), []);
});

test('what the peer left on a namespace that is in step stays until there is something to write there', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' }, { finalizers: [left('shared'), FOREIGN] });
  world.apply('shared', team('none'));
  await world.start(t);
  assert.deepEqual(world.finalizersOf('a'), [left('shared'), FOREIGN]);
  world.apply('shared', team('x'));
  await world.pass();
  assert.deepEqual(world.children(), ['a/shared']);
  assert.deepEqual(world.finalizersOf('a'), [FOREIGN]);
});

test('a namespace that is no longer selected loses it with the child', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  world.namespace('a', { team: 'x' }, { finalizers: [left('shared')] });
  await world.pass();
  world.namespace('a', { team: 'y' });
  await world.pass();
  assert.deepEqual(world.children(), []);
  assert.deepEqual(world.finalizersOf('a'), []);
});

test('a namespace that terminates is let go at once, whoever the finalizers are for', async (t) => {
  const world = new World();
  world.apply('shared', team('none'));
  world.namespace('a', {}, { finalizers: [left('shared'), left('long-gone')] });
  await world.start(t);
  await world.kube.delete(namespaces, { name: 'a' });
  await world.pass();
  assert.equal(world.kube.peek(namespaces, { name: 'a' }), undefined);
});

test('finalizers of others on a terminating namespace are not ours to take', async (t) => {
  const world = new World();
  world.namespace('a', {}, { finalizers: [FOREIGN, left('shared')] });
  await world.start(t);
  await world.kube.delete(namespaces, { name: 'a' });
  await world.pass();
  assert.deepEqual(world.finalizersOf('a'), [FOREIGN]);
});

test('what is left for a ClusterExternalSecret that does not exist is taken away at the start', async (t) => {
  const world = new World();
  world.apply('shared', team('none'));
  world.namespace('a', {}, { finalizers: [left('long-gone'), left('shared')] });
  await world.start(t);
  assert.deepEqual(world.finalizersOf('a'), [left('shared')]);
});

test('a ClusterExternalSecret that is deleted goes, and leaves no namespace that could hang later', async (t) => {
  const world = new World();
  world.namespace('a', {}, { finalizers: [left('shared'), left('other')] });
  world.apply('shared', team('none'), { finalizers: [CLEAN_UP, FOREIGN] });
  world.apply('other', team('none'));
  await world.start(t);
  await world.kube.delete(world.kind.parent, { name: 'shared' });
  await world.pass();
  assert.deepEqual(world.parent('shared')?.metadata.finalizers, [FOREIGN]);
  assert.deepEqual(world.finalizersOf('a'), [left('other')]);
});

test('one without finalizers leaves none behind either', async (t) => {
  const world = new World();
  world.namespace('a', {}, { finalizers: [left('shared')] });
  world.apply('shared', team('none'));
  await world.start(t);
  await world.kube.delete(world.kind.parent, { name: 'shared' });
  await world.pass();
  assert.deepEqual(world.finalizersOf('a'), []);
});

test('while it waits for others, its children are not made again', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'), { finalizers: [FOREIGN] });
  await world.start(t);
  await world.kube.delete(world.kind.parent, { name: 'shared' });
  world.kube.remove(world.kind.child, { namespace: 'a', name: 'shared' });
  await world.pass();
  assert.deepEqual(world.children(), []);
});
