import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { MemoryLog, thing, things } from '../../test/builders/things.ts';
import type { WatchEvent, WatchOptions } from './client.ts';
import { DeniedError, GoneError, TooManyRequestsError, UnreachableError } from './errors.ts';
import type { ReflectorOptions } from './reflector.ts';
import { Reflector } from './reflector.ts';
import type { KubeObject, Resource, Stored } from './types.ts';

const gone = (): GoneError => new GoneError('too old resource version', { status: 410, reason: 'Expired' });
const down = (): UnreachableError => new UnreachableError('connection refused', { status: 0 });
const denied = (): DeniedError => new DeniedError('forbidden', { status: 403 });

/** Remembers how watches were asked for, and when lists were. */
class WatchedKube extends FakeKube {
  readonly watchOptions: WatchOptions[] = [];

  override watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    this.watchOptions.push(options);
    return super.watch<T>(resource, options);
  }
}

function setUp(options: Partial<ReflectorOptions> = {}) {
  const clock = new ManualClock();
  const kube = new WatchedKube({ clock });
  const log = new MemoryLog();
  const seen: string[] = [];
  const told = (what: string) => (object: Stored) => void seen.push(`${what} ${object.metadata.name}`);
  const sink = {
    beginList: () => void seen.push('begin'),
    upsert: told('upsert'),
    remove: told('remove'),
    endList: () => void seen.push('end'),
  };
  const reflector = new Reflector({ client: kube, resource: things, sink, clock, log, random: () => 0, ...options });
  const abort = new AbortController();
  const lists = () => kube.faults.calls('list').length;
  const watches = () => kube.faults.calls('watch').length;
  const start = async () => {
    const running = reflector.run(abort.signal);
    await clock.advance(0);
    return running;
  };
  const stop = async () => {
    abort.abort(new Error('stop'));
    await clock.advance(0);
  };
  return { clock, kube, log, seen, reflector, lists, watches, start: () => void start(), stop, abort };
}

test('lists in pages, then watches from the version of the list', async () => {
  const { clock, kube, seen, lists, start, stop } = setUp({ pageSize: 2 });
  for (const name of ['a', 'b', 'c']) kube.put(things, thing(name));
  start();
  await clock.advance(0);
  assert.deepEqual(seen, ['begin', 'upsert a', 'upsert b', 'upsert c', 'end']);
  assert.equal(lists(), 2);
  kube.put(things, thing('d'));
  kube.remove(things, { namespace: 'default', name: 'a' });
  await clock.advance(0);
  assert.deepEqual(seen.slice(5), ['upsert d', 'remove a']);
  assert.equal(kube.watchOptions[0]?.resourceVersion, '1003');
  await stop();
});

test('asks for watches of random length between 5 and 10 minutes that count as dead after 90 s of silence', async () => {
  for (const [random, seconds] of [
    [0, 300],
    [0.9999, 600],
  ] as const) {
    const { clock, kube, start, stop } = setUp({ random: () => random });
    start();
    await clock.advance(0);
    assert.equal(kube.watchOptions[0]?.timeoutSeconds, seconds);
    assert.equal(kube.watchOptions[0]?.idleTimeoutMs, 90_000);
    await stop();
  }
});

test('a watch that ends cleanly is taken up again at once, without a list', async () => {
  const { clock, kube, lists, watches, start, stop } = setUp();
  start();
  await clock.advance(2000);
  kube.endWatches();
  await clock.advance(0);
  assert.deepEqual([lists(), watches(), kube.openWatches], [1, 2, 1]);
  await stop();
});

test('a watch that ends in its first second with nothing to say is a failure: no spinning', async () => {
  const { clock, kube, watches, start, stop, reflector } = setUp();
  start();
  await clock.advance(500);
  kube.endWatches();
  await clock.advance(0);
  assert.equal(watches(), 1);
  assert.equal(reflector.state.phase, 'waiting');
  await clock.advance(800);
  assert.equal(watches(), 2);
  await stop();
});

test('a bookmark moves the version on, so that a compaction costs no list', async () => {
  const { clock, kube, lists, watches, start, stop } = setUp();
  start();
  await clock.advance(0);
  kube.put({ ...things, plural: 'others' }, thing('elsewhere'));
  kube.compact();
  kube.sendBookmarks();
  await clock.advance(2000);
  kube.endWatches();
  await clock.advance(0);
  assert.deepEqual([lists(), watches()], [1, 2]);
  await stop();
});

for (const [how, breakWatch] of [
  [
    'as the answer to a watch',
    (kube: FakeKube) => {
      kube.put({ ...things, plural: 'others' }, thing('elsewhere'));
      kube.compact();
      kube.endWatches();
    },
  ],
  ['as an ERROR event', (kube: FakeKube) => kube.endWatches(gone())],
] as const) {
  test(`410 ${how} leads to a list at once`, async () => {
    const { clock, kube, seen, lists, start, stop } = setUp();
    kube.put(things, thing('a'));
    start();
    await clock.advance(6000);
    breakWatch(kube);
    await clock.advance(0);
    assert.equal(lists(), 2);
    assert.deepEqual(seen.slice(3), ['begin', 'upsert a', 'end']);
    assert.equal(kube.openWatches, 1);
    await stop();
  });
}

test('410 again and again backs off instead of listing all day', async () => {
  const { clock, kube, lists, start, stop } = setUp();
  kube.faults.fail('watch', gone(), { count: 100 });
  start();
  await clock.advance(0);
  assert.equal(lists(), 2, 'the first one lists again at once');
  await clock.advance(799);
  assert.equal(lists(), 2);
  await clock.advance(1);
  assert.equal(lists(), 3);
  await clock.advance(1599);
  assert.equal(lists(), 3);
  await clock.advance(600_000);
  assert.ok(lists() < 27, `${lists()} lists in ten minutes`);
  await stop();
});

test('a list whose pages expire half-way is tried again in one piece', async () => {
  const { clock, kube, seen, lists, start, stop } = setUp({ pageSize: 1 });
  kube.put(things, thing('a'));
  kube.put(things, thing('b'));
  const list = kube.list.bind(kube);
  kube.list = async (resource, options) => {
    if (options?.continue !== undefined) throw gone();
    return list(resource, options);
  };
  start();
  await clock.advance(800);
  assert.deepEqual(seen, ['begin', 'upsert a', 'begin', 'upsert a', 'upsert b', 'end']);
  assert.equal(lists(), 2);
  await stop();
});

test('failures wait longer and longer, up to 30 s, and a success starts over', async () => {
  const { clock, kube, start, stop } = setUp();
  const times: number[] = [];
  const list = kube.list.bind(kube);
  const startedAt = clock.now();
  kube.list = async (resource, options) => {
    times.push(clock.now() - startedAt);
    return list(resource, options);
  };
  kube.faults.fail('list', down(), { count: 8 });
  start();
  await clock.advance(200_000);
  const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  kube.endWatches(down());
  await clock.advance(799);
  assert.equal(kube.openWatches, 0);
  await clock.advance(1);
  assert.equal(kube.openWatches, 1, 'the open watch counted as success: back to 0.8 s');
  assert.equal(times.length, 9, 'a broken watch goes on from its version');
  await stop();
});

test('while nobody listens it looks every 5 s, so that a server that comes back is soon seen', async () => {
  const { clock, kube, lists, start, stop } = setUp();
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  kube.faults.fail('list', new UnreachableError('connection refused', { status: 0, cause }), { count: 1000 });
  start();
  await clock.advance(600_000);
  const before = lists();
  kube.faults.heal();
  await clock.advance(5000);
  assert.deepEqual([lists(), kube.openWatches], [before + 1, 1]);
  await stop();
});

test('after an outage, 410 still leads to a list at once', async () => {
  const { clock, kube, lists, start, stop } = setUp();
  start();
  await clock.advance(6000);
  kube.faults.fail('watch', down(), { count: 4 });
  kube.faults.fail('watch', gone());
  kube.endWatches(down());
  await clock.advance(800 + 1600 + 3200 + 6400);
  assert.equal(lists(), 1);
  await clock.advance(12_800);
  assert.deepEqual([lists(), kube.openWatches], [2, 1]);
  await stop();
});

test('waits as long as the API server asks', async () => {
  const { clock, kube, lists, start, stop } = setUp();
  kube.faults.fail('list', new TooManyRequestsError('busy', { status: 429, retryAfterMs: 7000 }));
  start();
  await clock.advance(6999);
  assert.equal(lists(), 1);
  await clock.advance(1);
  assert.equal(lists(), 2);
  await stop();
});

test('a version newer than what the API server has (a restored backup) leads to a list', async () => {
  const { clock, kube, lists, start, stop } = setUp();
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  start();
  await clock.advance(6000);
  kube.endWatches(new UnreachableError('Timeout: Too large', { status: 504, reason: 'Timeout', details: { causes } }));
  await clock.advance(800);
  assert.equal(lists(), 2);
  await stop();
});

test('without rights it keeps trying, says so once, and once more when it works', async () => {
  const { clock, kube, log, reflector, lists, start, stop } = setUp();
  kube.faults.fail('list', denied(), { count: 10 });
  start();
  await clock.advance(100_000);
  assert.ok(reflector.state.error instanceof DeniedError);
  assert.deepEqual(log.messages('warn'), ['not allowed to list or watch; will keep trying']);
  await clock.advance(100_000);
  assert.equal(lists(), 11);
  assert.deepEqual(log.messages('info'), ['watching again']);
  assert.equal(reflector.state.error, undefined);
  await stop();
});

test('an outage is one line in the log, another kind of failure is another line', async () => {
  const { clock, kube, log, start, stop } = setUp();
  kube.faults.fail('list', down(), { count: 5 });
  kube.faults.fail('list', denied(), { count: 2 });
  start();
  await clock.advance(200_000);
  assert.equal(log.messages('warn').length, 2);
  await stop();
});

test('a sink that throws does not end the reflector', async () => {
  let calls = 0;
  const broken = {
    beginList: () => undefined,
    upsert: () => {
      calls++;
      throw new TypeError('bug');
    },
    remove: () => undefined,
    endList: () => undefined,
  };
  const { clock, kube, reflector, start, stop } = setUp({ sink: broken });
  kube.put(things, thing('a'));
  start();
  await clock.advance(10_000);
  assert.ok(calls > 1);
  assert.equal(reflector.state.error?.message, 'bug');
  await stop();
});

test('state tells when the API server last said something, and that the loop still turns', async () => {
  const { clock, kube, reflector, start, stop } = setUp();
  start();
  await clock.advance(0);
  const synced = clock.now();
  assert.equal(reflector.state.lastProgressAt, synced);
  await clock.advance(10_000);
  kube.faults.fail('watch', down(), { count: 3 });
  kube.endWatches(down());
  await clock.advance(2000);
  const { phase, lastProgressAt, lastTurnAt, error } = reflector.state;
  assert.deepEqual([phase, lastProgressAt, error?.message], ['waiting', synced + 5000, 'connection refused']);
  assert.ok(lastTurnAt > synced + 10_000);
  await stop();
});

for (const [where, prepare] of [
  ['a list without an answer', (kube: FakeKube) => kube.faults.hang('list')],
  ['a watch without an answer', (kube: FakeKube) => kube.faults.hang('watch')],
  ['an open watch', () => undefined],
  ['the pause after a failure', (kube: FakeKube) => kube.faults.fail('list', down())],
] as const) {
  test(`an abort during ${where} ends it and leaves no watch and no timer`, async () => {
    const { clock, kube, reflector, abort } = setUp();
    prepare(kube);
    const running = reflector.run(abort.signal);
    await clock.advance(0);
    abort.abort();
    await running;
    assert.deepEqual([kube.openWatches, clock.pendingTimers, reflector.state.phase], [0, 0, 'stopped']);
  });
}
