import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { MemoryLog } from '../../test/builders/things.ts';
import { DeniedError, TooManyRequestsError, UnreachableError } from './errors.ts';
import type { EventObject } from './event-record.ts';
import { events } from './event-record.ts';
import type { EventRecorderOptions } from './events.ts';
import { EventRecorder } from './events.ts';

const about = {
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name: 'db', namespace: 'team', uid: 'u-1', resourceVersion: '7' },
};

function setUp(options: Partial<EventRecorderOptions> = {}) {
  const clock = new ManualClock(Date.UTC(2030, 0, 1));
  const kube = new FakeKube({ clock });
  const recorder = new EventRecorder({
    client: kube,
    component: 'things',
    clock,
    log: new MemoryLog(),
    random: () => 0,
    ...options,
  });
  const abort = new AbortController();
  const start = () => recorder.run(abort.signal);
  const written = () => kube.objects<EventObject>(events);
  return { clock, kube, recorder, abort, start, written };
}

test('an event says what happened to which object, and who says so', async () => {
  const { clock, recorder, abort, start, written } = setUp();
  const running = start();
  recorder.event(about, 'Warning', 'UpdateFailed', 'key "a" not found');
  await clock.advance(0);
  const [event] = written();
  assert.match(event?.metadata.name ?? '', /^db\.[0-9a-f]{16}$/);
  assert.equal(event?.metadata.namespace, 'team');
  assert.deepEqual(event.involvedObject, {
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    name: 'db',
    namespace: 'team',
    uid: 'u-1',
    resourceVersion: '7',
  });
  assert.deepEqual([event.type, event.reason, event.message], ['Warning', 'UpdateFailed', 'key "a" not found']);
  assert.deepEqual(
    [event.count, event.firstTimestamp, event.source],
    [1, '2030-01-01T00:00:00Z', { component: 'things' }],
  );
  abort.abort();
  await running;
});

test('events about cluster-scoped objects go to the default namespace', async () => {
  const { clock, recorder, abort, start, written } = setUp();
  void start();
  recorder.event({ ...about, metadata: { name: 'aws' } }, 'Normal', 'Valid', 'store validated');
  await clock.advance(0);
  assert.equal(written()[0]?.metadata.namespace, 'default');
  abort.abort();
});

test('equal news is one event that counts; after a restart it goes on counting', async () => {
  const { clock, kube, recorder, abort, start, written } = setUp();
  void start();
  recorder.event(about, 'Warning', 'UpdateFailed', 'x');
  await clock.advance(60_000);
  recorder.event(about, 'Warning', 'UpdateFailed', 'x');
  await clock.advance(0);
  const [event, ...others] = written();
  assert.deepEqual([others.length, event?.count, event?.lastTimestamp], [0, 2, '2030-01-01T00:01:00Z']);
  assert.deepEqual(
    kube.faults.writes().map((call) => call.verb),
    ['create', 'patch'],
  );
  abort.abort();

  const again = new EventRecorder({ client: kube, component: 'things', clock, log: new MemoryLog() });
  void again.run(AbortSignal.timeout(60_000));
  again.event(about, 'Warning', 'UpdateFailed', 'x');
  await clock.advance(0);
  assert.equal(written()[0]?.count, 3);
});

test('an event that the API server has forgotten is written anew', async () => {
  const { clock, kube, recorder, abort, start, written } = setUp();
  void start();
  recorder.event(about, 'Normal', 'Updated', 'x');
  await clock.advance(0);
  kube.remove(events, written()[0]?.metadata ?? { name: '' });
  recorder.event(about, 'Normal', 'Updated', 'x');
  await clock.advance(0);
  assert.equal(written()[0]?.count, 1);
  abort.abort();
});

test('other components share the queue under their own name', async () => {
  const { clock, recorder, abort, start, written } = setUp();
  void start();
  recorder.as('secret-store').event(about, 'Normal', 'Updated', 'x');
  recorder.event(about, 'Normal', 'Updated', 'x');
  await clock.advance(0);
  assert.deepEqual(
    written()
      .map((event) => event.source.component)
      .sort(),
    ['secret-store', 'things'],
  );
  abort.abort();
});

test('a burst of 100 is written at once, then 25 a second', async () => {
  const { clock, recorder, abort, start, written } = setUp();
  void start();
  for (let i = 0; i < 200; i++) recorder.event(about, 'Normal', 'Updated', `change ${i}`);
  for (let i = 0; i < 40; i++) await clock.advance(0);
  assert.equal(written().length, 100);
  await clock.advance(2000);
  assert.equal(written().length, 150);
  abort.abort();
});

test('a full queue gives up Normal first, the oldest first, and counts what it gave up', async () => {
  const { clock, recorder, abort, start, written } = setUp({ capacity: 3 });
  for (const n of [1, 2]) recorder.event(about, 'Normal', 'Updated', `normal ${n}`);
  for (const n of [1, 2, 3, 4]) recorder.event(about, 'Warning', 'Failed', `warning ${n}`);
  recorder.event(about, 'Normal', 'Updated', 'normal 3');
  assert.deepEqual(recorder.dropped, { Normal: 3, Warning: 1 });
  void start();
  await clock.advance(0);
  assert.deepEqual(
    written().map((event) => event.message),
    ['warning 2', 'warning 3', 'warning 4'],
  );
  abort.abort();
});

test('while the API server is away news waits; equal news adds up', async () => {
  const { clock, kube, recorder, abort, start, written } = setUp();
  kube.faults.fail('create', new UnreachableError('down', { status: 0 }), { count: 3 });
  kube.faults.fail('create', new TooManyRequestsError('busy', { status: 429, retryAfterMs: 9000 }));
  void start();
  recorder.event(about, 'Warning', 'Failed', 'x');
  await clock.advance(1000);
  recorder.event(about, 'Warning', 'Failed', 'x');
  await clock.advance(60_000);
  assert.equal(written()[0]?.count, 2);
  assert.equal(kube.faults.calls('create').length, 5);
  abort.abort();
});

test('an event that is refused is dropped and counted, and the next is written', async () => {
  const { clock, kube, recorder, abort, start, written } = setUp();
  kube.faults.fail('create', new DeniedError('namespace is being terminated', { status: 403 }));
  void start();
  recorder.event(about, 'Normal', 'Deleted', 'x');
  recorder.event(about, 'Normal', 'Deleted', 'y');
  await clock.advance(0);
  assert.deepEqual([written().length, recorder.dropped.Normal], [1, 1]);
  abort.abort();
});

test('a stop writes what waits, without the rate, but not for longer than 2 s', async () => {
  const { clock, kube, recorder, abort, start, written } = setUp();
  const running = start();
  for (let i = 0; i < 150; i++) recorder.event(about, 'Normal', 'Updated', `change ${i}`);
  abort.abort();
  await running;
  assert.equal(written().length, 150);

  const hanging = setUp();
  hanging.recorder.event(about, 'Normal', 'Updated', 'x');
  hanging.kube.faults.hang('create');
  hanging.abort.abort();
  let ended = false;
  void hanging.start().then(() => (ended = true));
  await hanging.clock.advance(1999);
  assert.equal(ended, false);
  await hanging.clock.advance(1);
  assert.deepEqual([ended, hanging.clock.pendingTimers, kube.openWatches, clock.pendingTimers], [true, 0, 0, 0]);
});

test('a message is cut at 1024 characters and a long name leaves room for the hash', async () => {
  const { clock, recorder, abort, start, written } = setUp();
  void start();
  const metadata = { name: 'n'.repeat(253), namespace: 'team' };
  recorder.event({ ...about, metadata }, 'Normal', 'Updated', 'm'.repeat(5000));
  await clock.advance(0);
  assert.deepEqual([written()[0]?.metadata.name.length, written()[0]?.message.length], [253, 1024]);
  abort.abort();
});
