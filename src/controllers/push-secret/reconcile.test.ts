import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushSecrets, secretStores } from '../../api/resources.ts';
import { ConflictError } from '../../kube/errors.ts';
import { PermissionDeniedError } from '../../providers/errors.ts';
import { TerminalError } from '../../runtime/errors.ts';
import { StoreUnusableError } from '../store-gate.ts';
import { PUSH_FINALIZER } from './names.ts';
import { entry, World } from './world.fixture.ts';

const HOUR = 3_600_000;

function world(): World {
  const made = new World();
  made.store();
  made.secret('build-key', { 'api-key': 'k1', user: 'u1' });
  return made;
}

test('a key of the source arrives at its remote key, and the status tells what is where', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'ci-api-key')] });
  assert.deepEqual(await it.run(), { requeueAfterMs: HOUR });
  assert.equal(it.backend().value('ci-api-key'), 'k1');
  assert.equal(it.ready(), 'True Synced: pushed');
  assert.deepEqual(it.get()?.status?.syncedPushSecrets, {
    'SecretStore/store': {
      'ci-api-key': {
        match: { secretKey: 'api-key', remoteRef: { remoteKey: 'ci-api-key' } },
        conversionStrategy: 'None',
      },
    },
  });
  assert.deepEqual(it.told, ['Synced: pushed']);
  assert.equal(it.get()?.metadata.finalizers, undefined);
});

test('a hundred refreshes of an unchanged source write nothing and tell nothing', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a'), entry('user', 'b', 'name'), entry('api-key', 'b', 'key')] });
  await it.run();
  assert.equal(it.backend().writes, 2);
  for (let round = 0; round < 100; round++) {
    await it.clock.advance(HOUR);
    await it.run();
  }
  assert.equal(it.backend().writes, 2);
  assert.equal(it.told.length, 1);
});

test('several properties of one remote key are one call', async () => {
  const it = world();
  it.apply({ data: [entry('user', 'db', 'user'), entry('api-key', 'db', 'password')] });
  await it.run();
  assert.deepEqual(it.backend().calls, ['created db']);
});

test('what is not due asks nobody', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] });
  await it.run();
  await it.clock.advance(HOUR / 2);
  assert.deepEqual(await it.run(), { requeueAfterMs: HOUR / 2 });
  assert.equal(it.backend().calls.length, 1);
});

test('after a restart nothing is pushed that is not due, unless the source changed meanwhile', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] });
  await it.run();
  it.restart();
  await it.run();
  assert.equal(it.backend().calls.length, 1);
  it.secret('build-key', { 'api-key': 'k2' });
  it.restart();
  await it.run();
  assert.equal(it.backend().value('a'), 'k2');
});

test('a backend that cannot be read back gets nothing twice, not even after a restart (D31)', async () => {
  const it = world();
  it.backend().blind = true;
  it.apply({ data: [entry('api-key', 'a')] });
  await it.run();
  for (const restart of [false, true]) {
    if (restart) it.restart();
    await it.clock.advance(HOUR);
    await it.run();
    assert.equal(it.backend().writes, 1);
  }
  it.secret('build-key', { 'api-key': 'k2' });
  await it.clock.advance(HOUR);
  await it.run();
  assert.equal(it.backend().writes, 2);
});

test('a secretKey that the source has not: the wanted key and those that exist are named', async () => {
  const it = world();
  it.apply({ data: [entry('apikey', 'a')] });
  await assert.rejects(it.run(), TerminalError);
  assert.match(it.ready(), /^False Errored: could not push: data\[0\].*no key "apikey"; it has "api-key", "user"$/);
  assert.match(it.told.join(), /^Errored: /);
});

test('one failing store is named, the others are written', async () => {
  const it = world();
  it.store('second');
  it.backend('second').error = new PermissionDeniedError('may not PutSecretValue');
  const refs = ['store', 'second'].map((name) => ({ kind: 'SecretStore', name }));
  it.apply({ secretStoreRefs: refs, data: [entry('api-key', 'a')] });
  await assert.rejects(it.run());
  assert.equal(it.backend().value('a'), 'k1');
  assert.equal(
    it.ready(),
    'False Errored: could not push: SecretStore "second": remote key "a": may not PutSecretValue',
  );
  it.backend('second').error = undefined;
  await it.run();
  assert.equal(it.ready(), 'True Synced: pushed');
});

test('with deletionPolicy Delete what is about to be pushed is written down before the first write', async () => {
  const it = world();
  it.backend().error = new PermissionDeniedError('no');
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a'), entry('user', 'b')] });
  await assert.rejects(it.run());
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['a', 'b'] });
  assert.deepEqual(it.get()?.metadata.finalizers, [PUSH_FINALIZER]);
});

test('an entry that leaves the spec is removed with deletionPolicy Delete and stays without', async () => {
  for (const [deletionPolicy, left] of [
    ['Delete', undefined],
    ['None', 'u1'],
  ] as const) {
    const it = world();
    it.apply({ deletionPolicy, data: [entry('api-key', 'a'), entry('user', 'b')] });
    await it.run();
    it.apply({ deletionPolicy, data: [entry('api-key', 'a')] });
    await it.run();
    assert.equal(it.backend().value('b'), left);
    assert.deepEqual(it.synced(), { 'SecretStore/store': ['a'] });
  }
});

test('a store that leaves the spec is cleaned with deletionPolicy Delete', async () => {
  const it = world();
  it.store('second');
  const refs = ['store', 'second'].map((name) => ({ kind: 'SecretStore', name }));
  it.apply({ deletionPolicy: 'Delete', secretStoreRefs: refs, data: [entry('api-key', 'a')] });
  await it.run();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  assert.equal(it.backend('second').value('a'), undefined);
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['a'] });
});

test('what could not be removed stays known, and is tried again', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  it.backend().error = new PermissionDeniedError('may not DeleteSecret');
  await assert.rejects(it.run());
  assert.match(it.ready(), /^False Errored: could not remove what was pushed: .*"a".*may not DeleteSecret/);
  it.backend().error = undefined;
  await it.run();
  assert.equal(it.get(), undefined);
  assert.equal(it.backend().values.size, 0);
});

test('deleted with deletionPolicy None, it pushes and removes nothing and lets go', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  it.apply({ deletionPolicy: 'None', data: [entry('api-key', 'a')] }, 'push');
  await it.run();
  assert.equal(it.get(), undefined);
  assert.deepEqual(it.backend().calls, ['created a']);
});

test('a namespace that terminates waits three seconds for a clean-up, then is told what stays', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  it.terminating = true;
  it.backend().hangs = true;
  const pass = it.run();
  await it.clock.advance(3_000);
  await pass;
  assert.equal(it.get(), undefined);
  assert.match(it.told.at(-1) ?? '', /^Left: .*PushSecret "push".*SecretStore\/store: a$/);
});

test('a namespace that terminates has one attempt, also when the finalizer does not come off at once', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  it.terminating = true;
  it.backend().error = new Error('denied');
  it.kube.faults.fail('patch', new ConflictError('it changed', { status: 409 }), { plural: 'pushsecrets' });
  await assert.rejects(it.run(), ConflictError);
  await it.run();
  assert.equal(it.get(), undefined);
  assert.equal(it.told.filter((line) => line.startsWith('Left')).length, 1);
});

/** What a pass leaves behind: in backends, in the API server, and in what people are told. */
function traces(it: World): unknown {
  return [it.backend().calls, it.get()?.metadata.resourceVersion, it.told];
}

for (const deletionPolicy of ['Delete', 'None'] as const)
  test(`a namespace that terminates takes its Secrets in any order: a source that is gone starts nothing (${deletionPolicy})`, async () => {
    const it = world();
    it.apply({ deletionPolicy, data: [entry('api-key', 'a')] });
    await it.run();
    const before = structuredClone(traces(it));
    it.removeSecret('build-key');
    it.records.peek('ci/push')!.outdated = true;
    it.terminating = true;
    await it.run();
    assert.deepEqual(traces(it), before);
  });

test('a namespace that terminates: sources picked by labels that go one after the other start nothing either', async () => {
  const it = world();
  it.secret('one', { a: '1' }, { push: 'yes' });
  it.secret('two', { b: '2' }, { push: 'yes' });
  const selector = { secret: { selector: { matchLabels: { push: 'yes' } } } };
  const dataTo = [{ storeRef: { kind: 'SecretStore', name: 'store' }, conversionStrategy: 'None' }];
  it.apply({ selector, dataTo, deletionPolicy: 'Delete' });
  await it.run();
  const before = structuredClone(traces(it));
  it.terminating = true;
  for (const name of ['one', 'two']) {
    it.removeSecret(name);
    it.records.peek('ci/push')!.outdated = true;
    await it.run();
    assert.deepEqual(traces(it), before);
  }
});

test('in a namespace that terminates a store or a template that goes first is no failure, and nobody is asked', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  const before = structuredClone(traces(it));
  it.kube.remove(secretStores, { namespace: 'ci', name: 'store' });
  it.leaving = true;
  await it.clock.advance(HOUR);
  assert.deepEqual(await it.run(), { requeueAfterMs: 10_000 });
  assert.deepEqual(traces(it), before);
});

test('a PushSecret that is deleted while it fails is not complained about', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] });
  it.backend().error = new PermissionDeniedError('may not PutSecretValue');
  it.backend().onPush = () => it.kube.remove(pushSecrets, { namespace: 'ci', name: 'push' });
  assert.deepEqual(await it.run(), {});
  assert.deepEqual(it.told, []);
});

test('whether its namespace terminates is asked only when something that was pushed has no source any more', async () => {
  const it = world();
  let asked = 0;
  it.deps = {
    ...it.deps,
    isTerminating: async () => {
      asked += 1;
      return false;
    },
  };
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  it.secret('build-key', { 'api-key': 'k2' });
  it.records.peek('ci/push')!.outdated = true;
  await it.run();
  assert.equal(asked, 0);
  it.removeSecret('build-key');
  it.records.peek('ci/push')!.outdated = true;
  await it.run();
  assert.equal(asked, 1);
  assert.match(it.ready(), /^False SourceDeleted/);
});

test('a source that is gone: cleaned up and told once with Delete, an error that keeps everything without', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  it.removeSecret('build-key');
  it.records.peek('ci/push')!.outdated = true;
  for (let round = 0; round < 3; round++) {
    await it.run();
    await it.clock.advance(HOUR);
  }
  assert.match(it.ready(), /^False SourceDeleted: /);
  assert.deepEqual(it.synced(), {});
  assert.equal(it.told.filter((line) => line.startsWith('SourceDeleted')).length, 1);
  it.secret('build-key', { 'api-key': 'k2' });
  await it.run();
  assert.equal(it.backend().value('a'), 'k2');
  assert.equal(it.ready(), 'True Synced: pushed');

  it.apply({ deletionPolicy: 'None', data: [entry('api-key', 'a')] });
  it.removeSecret('build-key');
  await assert.rejects(it.run(), TerminalError);
  assert.match(it.ready(), /^False Errored: could not get source secret: Secret "build-key" not found/);
  assert.equal(it.backend().value('a'), 'k2');
});

test('IfNotExists leaves what is there, and never counts it as its own', async () => {
  const it = world();
  it.backend().values.set('a', new Map([['', 'theirs']]));
  it.apply({
    updatePolicy: 'IfNotExists',
    deletionPolicy: 'Delete',
    data: [entry('api-key', 'a'), entry('user', 'b')],
  });
  await it.run();
  await it.clock.advance(HOUR);
  await it.run();
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['b'] });
  assert.match(it.ready(), /^True Synced: .*left as it is/);
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await it.run();
  assert.deepEqual([it.backend().value('a'), it.backend().value('b')], ['theirs', undefined]);
});

test('several sources by labels are pushed together, without one undoing the other', async () => {
  const it = world();
  it.secret('one', { a: '1' }, { push: 'yes' });
  it.secret('two', { b: '2' }, { push: 'yes' });
  const selector = { secret: { selector: { matchLabels: { push: 'yes' } } } };
  const dataTo = [{ storeRef: { kind: 'SecretStore', name: 'store' }, conversionStrategy: 'None' }];
  it.apply({ selector, dataTo, deletionPolicy: 'Delete' });
  await it.run();
  assert.deepEqual([...it.watched].sort(), ['one', 'two']);
  await it.clock.advance(HOUR);
  await it.run();
  assert.deepEqual(it.backend().calls, ['created a', 'created b', 'unchanged a', 'unchanged b']);
  it.removeSecret('two');
  await it.clock.advance(HOUR);
  await it.run();
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['a'] });
});

test('a store that is being deleted is left alone: nothing is pushed and nothing is said', async () => {
  const it = world();
  it.store('store', { finalizers: ['x'] });
  await it.kube.delete(secretStores, { namespace: 'ci', name: 'store' });
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  assert.equal(it.ready(), 'none');
  assert.equal(it.get()?.metadata.finalizers, undefined);
  assert.equal(it.backend().calls.length, 0);
});

test('a template adds to the source, and its failures are conditions', async () => {
  const it = world();
  it.apply({
    template: { engineVersion: 'v2', mergePolicy: 'Replace', data: { url: 'x' } },
    data: [entry('url', 'a'), entry('user', 'b')],
  });
  await it.run();
  assert.deepEqual([it.backend().value('a'), it.backend().value('b')], ['<x>', 'u1']);
});

test('a generator makes new values at each refresh and not in between', async () => {
  const it = world();
  const generatorRef = { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Password', name: 'p' } as const;
  it.apply({ selector: { generatorRef }, data: [entry('password', 'a')] });
  await it.run();
  const first = it.backend().value('a');
  it.restart();
  await it.run();
  assert.equal(it.backend().value('a'), first);
  await it.clock.advance(HOUR);
  await it.run();
  assert.notEqual(it.backend().value('a'), first);
});

test('a PushSecret that was deleted and made anew during a pass does not get the status of the old one', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] });
  it.backend().onPush = () => {
    it.kube.remove(pushSecrets, { namespace: 'ci', name: 'push' });
    it.apply({ data: [entry('user', 'b')] });
  };
  await assert.rejects(it.run(), ConflictError);
  assert.equal(it.ready(), 'none');
  it.backend().onPush = undefined;
  await it.run();
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['b'] });
});

test('a PushSecret of another operator is left alone, also when it is deleted', async () => {
  const it = world();
  it.store('store', {}, { controller: 'other' });
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] }, 'push', { finalizers: [PUSH_FINALIZER] });
  await it.run();
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await it.run();
  assert.deepEqual(it.get()?.metadata.finalizers, [PUSH_FINALIZER]);
  assert.deepEqual([it.ready(), it.told], ['none', []]);
});

test('labels that no store has: it says so, and says nothing about stores that are on their way out', async () => {
  const it = world();
  const secretStoreRefs = [{ kind: 'SecretStore', labelSelector: { matchLabels: { push: 'yes' } } }];
  it.apply({ secretStoreRefs, data: [entry('api-key', 'a')] });
  await assert.rejects(it.run(), TerminalError);
  assert.match(it.ready(), /^False Errored: spec\.secretStoreRefs: no SecretStore of namespace "ci" has the labels/);
  it.store('store', { labels: { push: 'yes' } });
  await it.run();
  assert.equal(it.ready(), 'True Synced: pushed');
});

test('no stores at all: nothing is pushed, and it does not say that it was', async () => {
  const it = world();
  it.apply({ secretStoreRefs: [], data: [entry('api-key', 'a')] });
  await it.run();
  assert.match(it.ready(), /^True Synced: spec\.secretStoreRefs is empty: nothing to push/);
});

test('what waits for a store that went is not counted as late', async () => {
  const it = world();
  it.store('store', { finalizers: ['x'] });
  it.apply({ data: [entry('api-key', 'a')] });
  await it.run();
  await it.kube.delete(secretStores, { namespace: 'ci', name: 'store' });
  await it.clock.advance(HOUR);
  await it.run();
  await it.clock.advance(HOUR);
  assert.equal(it.records.overdue(it.clock.now()), 0);
});

test('IfNotExists with Delete: what it is about to make is written down before it is made', async () => {
  const it = world();
  it.backend().values.set('a', new Map([['', 'theirs']]));
  it.backend().onPush = () => assert.deepEqual(it.synced(), { 'SecretStore/store': ['b'] });
  it.apply({
    updatePolicy: 'IfNotExists',
    deletionPolicy: 'Delete',
    data: [entry('api-key', 'a'), entry('user', 'b')],
  });
  await it.run();
  assert.equal(it.backend().value('b'), 'u1');
});

test('a store that could not be opened holds nothing of ours: the PushSecret can go', async () => {
  const it = world();
  it.store('second');
  it.broken.set('second', new PermissionDeniedError('wrong keys'));
  const refs = ['store', 'second'].map((name) => ({ kind: 'SecretStore', name }));
  it.apply({ deletionPolicy: 'Delete', secretStoreRefs: refs, data: [entry('api-key', 'a')] });
  await assert.rejects(it.run());
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['a'] });
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await it.run();
  assert.equal(it.get(), undefined);
  assert.equal(it.backend().values.size, 0);
});

test('killed between two writes: the next process writes the rest, nothing twice, and Delete finds it all', async () => {
  const it = world();
  const killed = new AbortController();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a'), entry('user', 'b')] });
  it.backend().onPush = (remoteKey) => {
    if (remoteKey === 'b') killed.abort();
    killed.signal.throwIfAborted();
  };
  await assert.rejects(it.run('push', killed.signal));
  assert.deepEqual(it.backend().calls, ['created a']);
  it.restart();
  it.backend().onPush = undefined;
  await it.run();
  assert.deepEqual(it.backend().calls, ['created a', 'unchanged a', 'created b']);
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await it.run();
  assert.equal(it.backend().values.size, 0);
});

test('killed before what it pushed could be noted: PushSecret and source gone, and nothing stays', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a'), entry('user', 'b')] });
  const killed = new AbortController();
  it.backend().onPush = (remoteKey) => void (remoteKey === 'b' && killed.abort());
  await assert.rejects(it.run('push', killed.signal));
  it.restart();
  it.removeSecret('build-key');
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await it.run();
  assert.equal(it.backend().values.size, 0);
});

test('what somebody edits in the backend is put right at the next refresh, and told', async () => {
  const it = world();
  it.apply({ data: [entry('api-key', 'a')] });
  await it.run();
  it.backend().values.set('a', new Map([['', 'by hand']]));
  await it.clock.advance(HOUR);
  await it.run();
  assert.equal(it.backend().value('a'), 'k1');
  assert.deepEqual(it.told, ['Synced: pushed', 'Synced: pushed']);
});

test('another source by name: its values replace those of the old one, and what only that had goes', async () => {
  const it = world();
  it.secret('next', { 'api-key': 'k2' });
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a'), entry('user', 'b')] });
  await it.run();
  it.apply({
    deletionPolicy: 'Delete',
    selector: { secret: { name: 'next' } },
    data: [entry('api-key', 'a')],
  });
  await it.run();
  assert.deepEqual([it.backend().value('a'), it.backend().value('b')], ['k2', undefined]);
});

test('a whole value and a property of it, from different data, are refused: they would undo each other', async () => {
  const it = world();
  const dataTo = [
    {
      storeRef: { kind: 'SecretStore', name: 'store' },
      remoteKey: 'all',
      match: { regexp: '^user' },
      conversionStrategy: 'None',
    },
  ];
  it.apply({ dataTo, data: [entry('api-key', 'all', 'key')] });
  await assert.rejects(it.run(), TerminalError);
  assert.match(it.ready(), /dataTo\[0\].* and data\[0\].* both push to remote key "all"/);
  assert.equal(it.backend().writes, 0);
});

test('a store that is gone for good: what it was to be cleaned of is named, with the way out', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  it.broken.set('store', new StoreUnusableError('SecretStore "store" not found in namespace "ci"'));
  await it.kube.delete(pushSecrets, { namespace: 'ci', name: 'push' });
  await assert.rejects(it.run());
  assert.match(it.ready(), /could not remove .*not found.*; to leave it there, set spec\.deletionPolicy to None$/);
  it.apply({ deletionPolicy: 'None', data: [entry('api-key', 'a')] });
  await it.run();
  assert.equal(it.get(), undefined);
});

test('from Delete to None: nothing holds it up any more, and what is pushed stays known', async () => {
  const it = world();
  it.apply({ deletionPolicy: 'Delete', data: [entry('api-key', 'a')] });
  await it.run();
  it.apply({ deletionPolicy: 'None', data: [entry('api-key', 'a')] });
  await it.run();
  assert.deepEqual(it.get()?.metadata.finalizers, []);
  assert.deepEqual(it.synced(), { 'SecretStore/store': ['a'] });
  assert.equal(it.backend().value('a'), 'k1');
});

test('a template decides about the type, and adds its annotations and labels to those of the source', async () => {
  const it = world();
  it.secret('build-key', { 'api-key': 'k1' }, { team: 'a' });
  const template = { engineVersion: 'v2', mergePolicy: 'Replace', type: 'kubernetes.io/tls' } as const;
  it.apply({ template: { ...template, metadata: { annotations: { more: 'b' } } }, data: [entry(undefined, 'a')] });
  await it.run();
  const { type, labels, annotations } = it.backend().sources.at(-1)!;
  assert.deepEqual([type, labels, annotations], ['kubernetes.io/tls', { team: 'a' }, { more: '<b>' }]);
});
