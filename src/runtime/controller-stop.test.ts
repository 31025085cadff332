import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog } from '../log.ts';
import { Controller } from './controller.ts';
import { never, running, times } from './controller.fixture.ts';
import { LANES } from './work-queue.ts';

describe('a pause', () => {
  it('aborts what is in flight, quietly, and runs it again afterwards without counting a failure', async () => {
    const { clock, controller, calls, lines, counted } = running((_key, { signal }, nth) =>
      nth === 1 ? never(signal) : {},
    );
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(0);
    controller.pause();
    controller.enqueue('ns/b', LANES.first);
    await clock.advance(60_000);
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.context.signal.aborted, true);
    controller.resume();
    await clock.advance(0);
    assert.deepEqual(calls.map((call) => call.key).toSorted(), ['ns/a', 'ns/a', 'ns/b']);
    assert.deepEqual(lines, []);
    assert.deepEqual(counted, ['success', 'success']);
  });
});

describe('a hurry', () => {
  it('gives what is in flight a moment, then aborts it quietly and runs the key again; others are left alone', async () => {
    const { clock, controller, calls, lines, counted } = running((_key, { signal }, nth) =>
      nth <= 2 ? never(signal) : {},
    );
    controller.enqueue('ns/a', LANES.first);
    controller.enqueue('ns/b', LANES.first);
    await clock.advance(10_000);
    controller.hurry('ns/a', 3_000);
    await clock.advance(2_000);
    controller.hurry('ns/a', 3_000);
    await clock.advance(60_000);
    assert.deepEqual(
      calls.map(({ key }) => key),
      ['ns/a', 'ns/b', 'ns/a'],
    );
    assert.deepEqual(times(calls), [0, 0, 13]);
    assert.deepEqual(lines, []);
    assert.deepEqual(counted, ['success']);
  });

  it('changes nothing for what ends by itself, and leaves no timer', async () => {
    const { clock, controller, calls } = running(() => ({}));
    controller.enqueue('ns/a', LANES.first);
    controller.hurry('ns/a', 3_000);
    await clock.advance(0);
    controller.hurry('ns/a', 3_000);
    await clock.advance(10_000);
    assert.equal(calls.length, 1);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('a reconcile that takes too long', () => {
  it('is aborted at the deadline, counted and retried', async () => {
    const { clock, controller, calls, counted } = running((_key, { signal }, nth) => (nth === 1 ? never(signal) : {}), {
      deadlineMs: 60_000,
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(61_000);
    assert.deepEqual(times(calls), [0, 61]);
    assert.deepEqual(counted, ['timeout', 'error', 'success']);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('a stop', () => {
  it('aborts what is in flight, waits for it and drops what waits', async () => {
    const finished: string[] = [];
    const { clock, controller, calls, lines, stop, ended } = running(
      async (key, { signal }) => {
        await never(signal).catch(() => {});
        finished.push(key);
        return { requeueAfterMs: 1 };
      },
      { concurrency: 1 },
    );
    controller.enqueue('ns/a', LANES.first);
    controller.enqueue('ns/b', LANES.first);
    await clock.advance(0);
    stop();
    await ended;
    assert.deepEqual(finished, ['ns/a']);
    assert.equal(calls.length, 1);
    assert.deepEqual(lines, []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('waits no longer than the grace period for what does not listen, and names it', async () => {
    const { clock, controller, lines, stop, ended } = running(() => new Promise<never>(() => {}), { graceMs: 30_000 });
    let over = false;
    const watched = ended.then(() => (over = true));
    controller.enqueue('ns/deaf', LANES.first);
    await clock.advance(0);
    stop();
    await clock.advance(29_999);
    assert.equal(over, false);
    await clock.advance(1);
    await watched;
    assert.deepEqual(lines[0]?.fields['keys'], ['ns/deaf']);
  });

  it('before the start means that nothing runs', async () => {
    const controller = new Controller({
      name: 'thing',
      clock: new ManualClock(),
      random: () => 0,
      log: silentLog,
      reconcile: () => assert.fail('must not run'),
    });
    controller.enqueue('ns/a', LANES.first);
    await controller.run(AbortSignal.abort());
  });
});
