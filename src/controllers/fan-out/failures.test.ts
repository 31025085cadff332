import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, namespaces } from '../../api/resources.ts';
import { ConflictError, DeniedError, UnreachableError } from '../../kube/errors.ts';
import { team, World } from './world.fixture.ts';

test('somebody else’s object of that name stays as it is; whose it is and what to do is told', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.namespace(name, { team: 'x' });
  world.put('a', 'shared', { labels: { by: 'hand' } });
  world.apply('shared', team('x'));
  await world.start(t);
  assert.deepEqual(world.child('a', 'shared')?.metadata.labels, { by: 'hand' });
  const { provisionedNamespaces, failedNamespaces } = world.statusOf('shared');
  assert.deepEqual(provisionedNamespaces, ['b']);
  assert.deepEqual(
    failedNamespaces?.map(({ namespace }) => namespace),
    ['a'],
  );
  assert.match(failedNamespaces?.[0]?.reason ?? '', /already exists .*delete it.* spec\.externalSecretName/);
  assert.match(
    world.ready('shared'),
    /^False: one or more namespaces failed: a: ExternalSecret "shared" already exists/,
  );
  assert.equal(world.series.get('shared'), 'False');
  world.kube.remove(externalSecrets, { namespace: 'a', name: 'shared' });
  await world.pass();
  assert.equal(world.ready('shared'), 'True');
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a', 'b']);
});

test('two cluster-wide objects with one name for their children: the second names the first', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('one', { ...team('x'), externalSecretName: 'db' });
  await world.start(t);
  world.apply('two', { ...team('x'), externalSecretName: 'db' });
  await world.pass();
  assert.match(world.ready('two'), /already exists and belongs to ClusterExternalSecret "one"/);
  world.apply('one', { ...team('none'), externalSecretName: 'db' });
  await world.pass();
  assert.deepEqual(world.statusOf('two').provisionedNamespaces, ['a']);
});

test('children survive a restore of the cluster: only the UID in their reference is put right', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  const stale = {
    apiVersion: 'external-secrets.io/v1beta1',
    kind: 'ClusterExternalSecret',
    name: 'shared',
    uid: 'old',
  };
  world.put('a', 'shared', { ownerReferences: [{ ...stale, controller: true }] }, { refreshInterval: '1h' });
  world.apply('shared', team('x'));
  await world.start(t);
  const { uid } = world.parent('shared')!.metadata;
  assert.deepEqual(
    world.child('a', 'shared')?.metadata.ownerReferences?.map((owner) => owner.uid),
    [uid],
  );
  assert.deepEqual(world.kube.faults.calls('delete'), []);
});

test('a selector that makes no sense is told, and nothing is touched until it is mended', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  const broken = [{ matchExpressions: [{ key: 'team', operator: 'Inn', values: ['x'] }] }];
  world.apply('shared', { namespaceSelectors: broken });
  await world.pass();
  world.namespace('a', { team: 'y' });
  await world.pass();
  assert.deepEqual(world.children(), ['a/shared']);
  assert.deepEqual(
    world.statusOf('shared').failedNamespaces?.map(({ namespace }) => namespace),
    ['unknown'],
  );
  assert.match(world.ready('shared'), /^False: spec\.namespaceSelectors\[0\]: operator "Inn" of label "team"/);
  world.apply('shared', team('x'));
  await world.pass();
  assert.deepEqual(world.children(), []);
  assert.equal(world.ready('shared'), 'True');
});

for (const [what, selector] of Object.entries({
  'key "team name"': { matchLabels: { 'team name': 'x' } },
  'value of label "team"': { matchLabels: { team: 'not valid!' } },
  'key "-"': { matchExpressions: [{ key: '-', operator: 'Exists' }] },
}))
  test(`a selector that no label can match is a mistake, not an empty selection: ${what}`, async (t) => {
    const world = new World();
    world.apply('shared', { namespaceSelectors: [selector] });
    await world.start(t);
    assert.match(world.ready('shared'), new RegExp(`^False: .*${what}`));
  });

test('a refreshTime that cannot be read is told; the namespaces are served all the same', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', { ...team('x'), refreshTime: '1 hour' });
  await world.start(t);
  assert.match(world.ready('shared'), /^False: spec\.refreshTime: "1 hour" is not a duration/);
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a']);
});

test('a refreshTime of nearly nothing does not keep the operator busy', async (t) => {
  const world = new World();
  world.apply('shared', { ...team('x'), refreshTime: '1ns' });
  await world.start(t);
  await world.pass(10_000);
  assert.equal(world.ready('shared'), 'True');
});

test('what the API server refuses is told with its words, and tried again after the refresh time', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', { ...team('x'), refreshTime: '10m' });
  const quota = new DeniedError('exceeded quota: objects', { status: 403, reason: 'Forbidden' });
  world.kube.faults.fail('create', quota, { plural: 'externalsecrets' });
  await world.start(t);
  assert.match(world.ready('shared'), /^False: .*a: exceeded quota: objects$/);
  await world.pass(11 * 60_000);
  assert.equal(world.ready('shared'), 'True');
});

test('an API server that cannot be reached is told, and tried again soon', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  world.kube.faults.fail('create', new UnreachableError('no answer', { status: 0 }), { plural: 'externalsecrets' });
  await world.start(t);
  assert.match(world.ready('shared'), /^False: .*a: no answer$/);
  await world.pass(25_000);
  assert.equal(world.ready('shared'), 'True');
});

test('a lost race is nobody’s failure: the condition does not flicker', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  await world.start(t);
  const seen: string[] = [];
  const patch = world.kube.patch.bind(world.kube);
  world.kube.patch = async (...args: Parameters<typeof patch>) => {
    seen.push(JSON.stringify(args[2]));
    return patch(...args) as never;
  };
  world.kube.faults.fail('update', new ConflictError('it changed', { status: 409 }), {
    plural: 'externalsecrets',
    count: 2,
  });
  world.apply('shared', { ...team('x'), externalSecretMetadata: { labels: { new: 'label' } } });
  await world.pass();
  assert.deepEqual(world.child('a', 'shared')?.metadata.labels, { new: 'label' });
  assert.deepEqual(seen, []);
});

test('a namespace on its way out is left alone: nothing is created, deleted or told as a failure', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.namespace('b', { team: 'x' }, { finalizers: ['example.org/slow'] });
  world.apply('shared', team('x'));
  await world.start(t);
  await world.kube.delete(namespaces, { name: 'b' });
  await world.pass();
  world.kube.remove(externalSecrets, { namespace: 'b', name: 'shared' });
  await world.pass();
  assert.deepEqual(world.children(), ['a/shared']);
  assert.deepEqual(world.statusOf('shared').provisionedNamespaces, ['a']);
  assert.equal(world.ready('shared'), 'True');
  assert.deepEqual(world.kube.faults.calls('delete', 'externalsecrets'), []);
});

test('a namespace that begins to go in the very moment of the creation is no failure either', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace a is being terminated' }];
  const refusal = new DeniedError('forbidden', { status: 403, reason: 'Forbidden', details: { causes } });
  world.kube.faults.fail('create', refusal, { plural: 'externalsecrets' });
  await world.start(t);
  assert.equal(world.ready('shared'), 'True');
});

test('the status of an object that was deleted and made anew is not written to its successor', async (t) => {
  const world = new World();
  world.namespace('a', { team: 'x' });
  world.apply('shared', team('x'));
  const create = world.kube.create.bind(world.kube);
  let isReplaced = false;
  world.kube.create = async (...args: Parameters<typeof create>) => {
    if (!isReplaced) {
      isReplaced = true;
      world.kube.remove(world.kind.parent, { name: 'shared' });
      world.apply('shared', team('none'));
    }
    return create(...args) as never;
  };
  const written: unknown[] = [];
  const patch = world.kube.patch.bind(world.kube);
  world.kube.patch = async (...args: Parameters<typeof patch>) => {
    const result = await patch(...args);
    written.push((result as { status?: { provisionedNamespaces?: unknown } }).status?.provisionedNamespaces);
    return result as never;
  };
  await world.start(t);
  assert.deepEqual(
    written.filter((each) => each !== undefined),
    [],
  );
});
