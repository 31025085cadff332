import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import type { Thing } from '../../test/builders/things.ts';
import { MemoryLog, thing, things } from '../../test/builders/things.ts';
import { GoneError, UnreachableError } from './errors.ts';
import type { InformerOptions } from './informer.ts';
import { Informer } from './informer.ts';
import type { KubeObject, Stored } from './types.ts';

type Kept = Stored<Thing>;

function setUp<C = Kept>(options: Partial<InformerOptions<C>> = {}) {
  const clock = new ManualClock();
  const kube = new FakeKube({ clock });
  const log = new MemoryLog();
  const informer = new Informer<C>({ client: kube, resource: things, clock, log, random: () => 0, ...options });
  const told: string[] = [];
  const nameOf = (object: C | undefined) => (object === undefined ? '-' : describe(object));
  informer.addHandler((previous, current, key) => void told.push(`${key}: ${nameOf(previous)} > ${nameOf(current)}`));
  const abort = new AbortController();
  const start = async () => {
    void informer.run(abort.signal);
    await clock.advance(0);
  };
  const stop = async () => {
    abort.abort();
    await clock.advance(0);
  };
  /** Makes the watch miss what `change` does, then lists again. */
  const missing = async (change: () => void) => {
    await clock.advance(6000);
    kube.faults.fail('watch', new GoneError('expired', { status: 410 }));
    kube.endWatches(new UnreachableError('reset', { status: 0 }));
    await clock.advance(0);
    change();
    await clock.advance(10_000);
  };
  return { clock, kube, log, informer, told, start, stop, abort, missing };
}

/** The size of a thing, or whatever a transform made of it. */
function describe(object: unknown): string {
  const size = (object as Partial<Thing>).spec?.size;
  return size === undefined ? JSON.stringify(object) : String(size);
}

test('synced resolves once the whole list is there, and never un-syncs', async () => {
  const { clock, kube, informer, start, stop, missing } = setUp({ pageSize: 1 });
  kube.put(things, thing('a'));
  kube.put(things, thing('b'));
  kube.faults.fail('list', new UnreachableError('down', { status: 0 }));
  let sizeAtSync = -1;
  void informer.synced().then(() => (sizeAtSync = informer.store.size));
  await start();
  assert.deepEqual([informer.hasSynced, sizeAtSync], [false, -1]);
  await clock.advance(800);
  assert.deepEqual([informer.hasSynced, sizeAtSync], [true, 2]);
  await missing(() => kube.faults.fail('list', new UnreachableError('down', { status: 0 }), { count: 99 }));
  assert.equal(informer.hasSynced, true);
  await informer.synced();
  await stop();
});

test('waiting for the first sync can be given up', async () => {
  const { informer } = setUp();
  const abort = new AbortController();
  const waiting = informer.synced(abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('handlers hear of adds, updates and deletes, in order, with what was and what is', async () => {
  const { clock, kube, told, start, stop } = setUp();
  kube.put(things, thing('a'));
  await start();
  kube.put(things, thing('a', 2));
  kube.put(things, thing('b', 3));
  kube.remove(things, { namespace: 'default', name: 'a' });
  await clock.advance(0);
  assert.deepEqual(told, ['default/a: - > 1', 'default/a: 1 > 2', 'default/b: - > 3', 'default/a: 2 > -']);
  await stop();
});

test('a handler that comes late is told what is there', async () => {
  const { kube, informer, start, stop } = setUp();
  kube.put(things, thing('a'));
  await start();
  const late: string[] = [];
  informer.addHandler(
    (previous, current, key) => void late.push(`${key} ${String(previous === undefined)} ${current?.spec.size}`),
  );
  assert.deepEqual(late, ['default/a true 1']);
  await stop();
});

test('a handler that throws is logged and counted, and the others still hear', async () => {
  const { clock, kube, log, informer, start, stop } = setUp();
  const heard: string[] = [];
  informer.addHandler(() => {
    throw new Error('bug');
  });
  informer.addHandler((_previous, _current, key) => void heard.push(key));
  await start();
  kube.put(things, thing('a'));
  kube.put(things, thing('b'));
  await clock.advance(0);
  assert.deepEqual(heard, ['default/a', 'default/b']);
  assert.equal(informer.handlerErrors, 2);
  assert.deepEqual(log.messages('error'), ['event handler failed', 'event handler failed']);
  await stop();
});

test('listing again tells nothing new about objects of the same version', async () => {
  const { kube, told, start, stop, missing } = setUp();
  kube.put(things, thing('a'));
  await start();
  await missing(() => undefined);
  assert.deepEqual(told, ['default/a: - > 1']);
  assert.equal(kube.faults.calls('list').length, 2);
  await stop();
});

test('adds, updates and deletes that the watch missed surface when listing again', async () => {
  const { kube, informer, told, start, stop, missing } = setUp({ pageSize: 1 });
  kube.put(things, thing('gone'));
  kube.put(things, thing('kept'));
  await start();
  told.length = 0;
  await missing(() => {
    kube.remove(things, { namespace: 'default', name: 'gone' });
    kube.put(things, thing('kept', 2));
    kube.put(things, thing('new', 3));
  });
  assert.deepEqual(told, ['default/kept: 1 > 2', 'default/new: - > 3', 'default/gone: 1 > -']);
  assert.equal(informer.store.size, 2);
  await stop();
});

test('a list that breaks half-way deletes nothing', async () => {
  const { clock, kube, told, start, stop, missing } = setUp({ pageSize: 1 });
  kube.put(things, thing('a'));
  kube.put(things, thing('b'));
  await start();
  told.length = 0;
  const list = kube.list.bind(kube);
  let pages = 0;
  kube.list = async (resource, options) => {
    if (++pages === 2) throw new UnreachableError('reset', { status: 0 });
    return list(resource, options);
  };
  await missing(() => undefined);
  await clock.advance(60_000);
  assert.ok(pages > 2);
  assert.deepEqual(told, []);
  await stop();
});

test('keeps only what the transform returns', async () => {
  const transform = (object: Stored) => {
    const { size } = (object as Kept).spec;
    return size > 1 ? { size } : undefined;
  };
  const { clock, kube, informer, told, start, stop } = setUp<{ size: number }>({ transform });
  kube.put(things, thing('small'));
  kube.put(things, thing('big', 5));
  await start();
  assert.deepEqual([...informer.store.list()], [{ size: 5 }]);
  kube.put(things, thing('big', 1));
  kube.remove(things, { namespace: 'default', name: 'small' });
  await clock.advance(0);
  assert.equal(informer.store.size, 0);
  assert.deepEqual(told, ['default/big: - > {"size":5}', 'default/big: {"size":5} > -']);
  await stop();
});

test('the end of an object that became interesting only after it was last seen is news', async () => {
  const wanted = new Set<string>();
  const transform = (object: Stored) => (wanted.has(object.metadata.name) ? object.metadata.name : undefined);
  const { clock, kube, told, start, stop } = setUp<string>({ transform });
  kube.put(things, thing('credentials'));
  await start();
  wanted.add('credentials');
  kube.remove(things, { namespace: 'default', name: 'credentials' });
  await clock.advance(0);
  assert.deepEqual(told, ['default/credentials: "credentials" > -']);
  await stop();
});

test('one object that transform or an index cannot stand does not stop the others', async () => {
  const indexes = { size: (object: Kept) => [object.spec.size.toFixed(0)] };
  const { kube, log, informer, start, stop } = setUp({ indexes });
  kube.put(things, { metadata: { name: 'legacy', namespace: 'default' } });
  kube.put(things, thing('a'));
  await start();
  assert.equal(informer.hasSynced, true);
  assert.deepEqual(
    informer.store.byIndex('size', '1').map((object) => object.metadata.name),
    ['a'],
  );
  assert.deepEqual(log.messages('error'), ['object cannot be kept']);
  await stop();
});

test('the transform sees managedFields, the store never holds them', async () => {
  const seen: unknown[] = [];
  const managedFields = [{ manager: 'kubectl', operation: 'Update' }];
  const transform = (object: Stored) => {
    seen.push(object.metadata.managedFields);
    return object as Kept;
  };
  for (const options of [{ transform }, {}]) {
    const { kube, informer, start, stop } = setUp(options);
    kube.put(things, thing('a', 1, { managedFields, labels: { app: 'x' } }));
    await start();
    const metadata = informer.store.get('default/a')?.metadata;
    assert.deepEqual([metadata?.labels, metadata?.managedFields], [{ app: 'x' }, undefined]);
    await stop();
  }
  assert.deepEqual(seen, [managedFields]);
});

test('in metadata-only mode nothing but metadata arrives', async () => {
  const { clock, kube, informer, start, stop } = setUp<Stored>({ metadataOnly: true });
  kube.put(things, thing('a'));
  await start();
  kube.put(things, thing('b'));
  await clock.advance(0);
  const kept = [...informer.store.list()] as (Stored & { spec?: unknown })[];
  assert.deepEqual(
    kept.map((object) => [object.metadata.name, object.spec]),
    [
      ['a', undefined],
      ['b', undefined],
    ],
  );
  await stop();
});

test('sees only its namespace and its labels; what leaves them is deleted', async () => {
  const { clock, kube, told, start, stop } = setUp({ namespace: 'default', labelSelector: 'managed=true' });
  const labelled = (name: string, managed: string, namespace = 'default'): KubeObject =>
    thing(name, 1, { labels: { managed }, namespace });
  kube.put(things, labelled('a', 'true'));
  kube.put(things, labelled('b', 'false'));
  kube.put(things, labelled('a', 'true', 'other'));
  await start();
  kube.put(things, labelled('a', 'false'));
  await clock.advance(0);
  assert.deepEqual(told, ['default/a: - > 1', 'default/a: 1 > -']);
  await stop();
});

test('run ends with its signal and keeps what it has', async () => {
  const { clock, kube, informer, abort } = setUp();
  kube.put(things, thing('a'));
  const running = informer.run(abort.signal);
  await clock.advance(0);
  abort.abort();
  await running;
  assert.deepEqual([kube.openWatches, clock.pendingTimers, informer.store.size], [0, 0, 1]);
});
