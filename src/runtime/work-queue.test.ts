import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { LANES, WorkQueue, type Lane, type WorkItem, type WorkQueueOptions } from './work-queue.ts';

const clockAndQueue = (options: Partial<WorkQueueOptions> = {}) => {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock, ...options }) };
};

/** Takes what may start now. */
function takeReady(queue: WorkQueue, most = Infinity): WorkItem[] {
  const taken: WorkItem[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) {
    taken.push(item);
    if (taken.length === most) break;
  }
  return taken;
}

const keysOf = (items: readonly WorkItem[]): string[] => items.map((item) => item.key);

function takeOne(queue: WorkQueue): WorkItem {
  const item = queue.take();
  assert.ok(item !== undefined);
  return item;
}

describe('a key in the work queue', () => {
  it('is handed out once however often it was added', async () => {
    const { queue } = clockAndQueue();
    for (let i = 0; i < 3; i++) queue.add('a', LANES.woken);
    assert.deepEqual(keysOf(takeReady(queue)), ['a']);
  });

  it('is not handed out again while it runs, and exactly once more when it was added meanwhile', async () => {
    const { queue } = clockAndQueue();
    queue.add('a', LANES.woken);
    takeOne(queue);
    for (let i = 0; i < 3; i++) queue.add('a', LANES.woken);
    assert.equal(queue.size, 0);
    queue.done('a');
    assert.deepEqual(keysOf(takeReady(queue)), ['a']);
    queue.done('a');
    assert.equal(queue.size, 0);
  });

  it('runs again in the most urgent lane it was added to meanwhile', async () => {
    const { queue } = clockAndQueue();
    queue.add('a', LANES.woken);
    takeOne(queue);
    queue.add('a', LANES.retry);
    queue.add('a', LANES.first);
    queue.add('a', LANES.periodic);
    queue.done('a');
    assert.deepEqual(takeOne(queue), { key: 'a', lane: LANES.first });
  });

  it('moves to a more urgent lane and never to a less urgent one', async () => {
    const { queue } = clockAndQueue();
    queue.add('slow', LANES.periodic);
    queue.add('a', LANES.retry);
    queue.add('a', LANES.woken);
    queue.add('a', LANES.retry);
    assert.deepEqual(takeReady(queue), [
      { key: 'a', lane: LANES.woken },
      { key: 'slow', lane: LANES.periodic },
    ]);
  });

  it('is handed to a taker that was there first', async () => {
    const { queue } = clockAndQueue();
    const waiting = queue.next();
    queue.add('a', LANES.first);
    assert.equal((await waiting)?.key, 'a');
  });
});

describe('a delayed key', () => {
  it('comes up when it is due', async () => {
    const { clock, queue } = clockAndQueue();
    queue.addAfter('a', 1000, LANES.periodic);
    await clock.advance(999);
    assert.equal(queue.size, 0);
    await clock.advance(1);
    assert.deepEqual(takeOne(queue), { key: 'a', lane: LANES.periodic });
  });

  it('keeps the earliest due time', async () => {
    const { clock, queue } = clockAndQueue();
    queue.addAfter('a', 1000, LANES.retry);
    queue.addAfter('a', 5000, LANES.retry);
    queue.addAfter('b', 5000, LANES.retry);
    queue.addAfter('b', 1000, LANES.retry);
    await clock.advance(1000);
    assert.deepEqual(keysOf(takeReady(queue)).toSorted(), ['a', 'b']);
    queue.done('a');
    queue.done('b');
    await clock.advance(10_000);
    assert.equal(queue.size, 0);
  });

  it('loses its delay when it runs for another reason', async () => {
    const { clock, queue } = clockAndQueue();
    queue.addAfter('a', 1000, LANES.periodic);
    queue.add('a', LANES.woken);
    takeOne(queue);
    queue.done('a');
    await clock.advance(10_000);
    assert.equal(queue.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('that becomes due while it runs runs once more afterwards', async () => {
    const { clock, queue } = clockAndQueue();
    queue.add('a', LANES.woken);
    takeOne(queue);
    queue.addAfter('a', 1000, LANES.periodic);
    await clock.advance(2000);
    assert.equal(queue.size, 0);
    queue.done('a');
    assert.deepEqual(takeOne(queue), { key: 'a', lane: LANES.periodic });
  });

  it('shares one timer with all the others', async () => {
    const { clock, queue } = clockAndQueue();
    for (let i = 0; i < 1000; i++) queue.addAfter(`k${i}`, ((i * 7919) % 1000) + 1, LANES.periodic);
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(500);
    assert.equal(queue.size, 500);
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(500);
    assert.equal(queue.size, 1000);
    assert.equal(clock.pendingTimers, 0);
  });

  it('without a delay is simply added', async () => {
    const { clock, queue } = clockAndQueue();
    queue.addAfter('a', 0, LANES.first);
    assert.equal(takeOne(queue).key, 'a');
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('lanes', () => {
  it('are served the most urgent first', async () => {
    const { queue } = clockAndQueue();
    const lanes: Lane[] = [LANES.retry, LANES.periodic, LANES.first, LANES.woken];
    for (const lane of lanes) queue.add(`lane ${lane}`, lane);
    assert.deepEqual(keysOf(takeReady(queue)), ['lane 0', 'lane 1', 'lane 2', 'lane 3']);
  });

  it('let a key of the last lane through although the first never empties', async () => {
    const { clock, queue } = clockAndQueue({ slots: 1, ageMs: 10_000 });
    queue.add('old', LANES.retry);
    let served = '';
    let turns = 0;
    for (; served !== 'old' && turns < 1000; turns++) {
      queue.add(`urgent ${turns}`, LANES.first);
      served = takeOne(queue).key;
      await clock.advance(100);
      queue.done(served);
    }
    assert.equal(turns, 104);
  });

  it('give an urgent key three of four turns beside a backlog of aged routine work', async () => {
    const { clock, queue } = clockAndQueue();
    for (let i = 0; i < 100; i++) queue.add(`routine ${i}`, LANES.periodic);
    await clock.advance(60_000);
    for (let i = 0; i < 12; i++) queue.add(`urgent ${i}`, LANES.first);
    const urgent = takeReady(queue, 16).filter((item) => item.lane === LANES.first);
    assert.equal(urgent.length, 12);
  });
});

describe('groups', () => {
  const groupOf = (key: string): string => key.split('/')[0] ?? '';

  it('take turns inside a lane', async () => {
    const { queue } = clockAndQueue({ groupOf });
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1']) queue.add(key, LANES.periodic);
    assert.deepEqual(keysOf(takeReady(queue)), ['a/1', 'b/1', 'c/1', 'a/2', 'a/3']);
  });

  it('cannot take all slots: a slow one leaves a fifth to the others', async () => {
    const { queue } = clockAndQueue({ groupOf, slots: 100 });
    for (let i = 0; i < 500; i++) queue.add(`slow/${i}`, LANES.first);
    assert.equal(takeReady(queue).length, 80);
    for (let i = 0; i < 5; i++) queue.add(`quick/${i}`, LANES.retry);
    assert.deepEqual(keysOf(takeReady(queue)), ['quick/0', 'quick/1', 'quick/2', 'quick/3', 'quick/4']);
  });

  it('leave room for a newcomer however many of them are slow', async () => {
    const { queue } = clockAndQueue({ groupOf, slots: 100 });
    for (let group = 0; group < 10; group++) {
      for (let i = 0; i < 100; i++) queue.add(`slow${group}/${i}`, LANES.first);
    }
    assert.ok(takeReady(queue).length < 100);
    queue.add('newcomer/1', LANES.retry);
    assert.deepEqual(keysOf(takeReady(queue)), ['newcomer/1']);
  });

  it('may be bounded by a number', async () => {
    const { queue } = clockAndQueue({ groupOf, groupLimit: 2 });
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) queue.add(key, LANES.first);
    assert.deepEqual(keysOf(takeReady(queue)), ['a/1', 'b/1', 'a/2']);
    queue.done('a/1');
    assert.deepEqual(keysOf(takeReady(queue)), ['a/3']);
  });

  it('use all slots when there is only one slot', async () => {
    const { queue } = clockAndQueue({ groupOf, slots: 1 });
    queue.add('a/1', LANES.first);
    queue.add('a/2', LANES.first);
    assert.deepEqual(keysOf(takeReady(queue)), ['a/1']);
    queue.done('a/1');
    assert.deepEqual(keysOf(takeReady(queue)), ['a/2']);
  });
});

describe('slots, pauses and the end', () => {
  it('hands out no more keys than there are slots', async () => {
    const { queue } = clockAndQueue({ slots: 2 });
    for (const key of ['a', 'b', 'c']) queue.add(key, LANES.first);
    assert.equal(takeReady(queue).length, 2);
    queue.done('a');
    assert.deepEqual(keysOf(takeReady(queue)), ['c']);
  });

  it('collects keys while paused and hands them out afterwards', async () => {
    const { queue } = clockAndQueue();
    queue.pause();
    queue.add('a', LANES.first);
    assert.deepEqual(takeReady(queue), []);
    const taker = queue.next();
    queue.resume();
    assert.equal((await taker)?.key, 'a');
  });

  it('ends every taker, drops what waits and takes nothing new when shut down', async () => {
    const { clock, queue } = clockAndQueue({ slots: 1 });
    queue.add('running', LANES.first);
    takeOne(queue);
    queue.add('waiting', LANES.first);
    queue.addAfter('delayed', 1000, LANES.first);
    queue.add('running', LANES.first);
    const taker = queue.next();
    queue.shutDown();
    assert.equal(await taker, undefined);
    assert.equal(await queue.next(), undefined);
    queue.done('running');
    queue.add('late', LANES.first);
    queue.addAfter('late', 5, LANES.first);
    assert.equal(queue.size, 0);
    assert.equal(clock.pendingTimers, 0);
    assert.deepEqual(queue.gauges(), { depth: [0, 0, 0, 0], running: 0, unfinishedMs: 0, longestRunningMs: 0 });
  });

  it('tells how deep it is and how long its keys run', async () => {
    const { clock, queue } = clockAndQueue();
    queue.add('a', LANES.first);
    queue.add('b', LANES.first);
    takeOne(queue);
    await clock.advance(1000);
    takeOne(queue);
    queue.add('c', LANES.retry);
    await clock.advance(500);
    assert.deepEqual(queue.gauges(), { depth: [0, 0, 0, 1], running: 2, unfinishedMs: 2000, longestRunningMs: 1500 });
  });
});

describe('20,000 keys', () => {
  it('pass through delays, lanes and groups in about the time one key takes, twenty thousand times', async () => {
    const { clock, queue } = clockAndQueue({ groupOf: (key) => String(Number(key) % 200), slots: 1000 });
    const startedAt = process.cpuUsage();
    for (let i = 0; i < 20_000; i++) queue.addAfter(String(i), ((i * 7919) % 60_000) + 1, LANES.retry);
    for (let i = 0; i < 20_000; i += 2) queue.addAfter(String(i), 30_000 + (i % 1000), LANES.periodic);
    await clock.advance(120_000);
    const seen = new Set<string>();
    while (queue.size > 0) {
      const { key } = takeOne(queue);
      seen.add(key);
      queue.done(key);
    }
    const { user } = process.cpuUsage(startedAt);
    assert.equal(seen.size, 20_000);
    assert.ok(user < 5_000_000, `took ${user} µs`);
  });
});

describe('any sequence of calls', () => {
  /** A small generator of pseudo-random numbers, so that a failure can be repeated. */
  const dice = (seed: number) => () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };

  it('never hands a key out twice at once, and always once more after it was last wanted', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = dice(seed);
      const { clock, queue } = clockAndQueue({ slots: 4, groupOf: (key) => String(key.length) });
      const running = new Set<string>();
      const wanted = new Set<string>();
      const step = async (): Promise<void> => {
        const key = 'k'.repeat(1 + Math.floor(random() * 8));
        const lane = Math.floor(random() * 4) as Lane;
        const what = random();
        if (what < 0.5) {
          wanted.add(key);
          if (what < 0.3) queue.add(key, lane);
          else queue.addAfter(key, random() * 1000, lane);
        } else if (what < 0.75) {
          const item = queue.take();
          if (item === undefined) return;
          assert.ok(!running.has(item.key), `seed ${seed}: ${item.key} was handed out twice`);
          running.add(item.key);
          wanted.delete(item.key);
        } else if (what < 0.95) {
          const [first] = running;
          if (first !== undefined) queue.done(first);
          if (first !== undefined) running.delete(first);
        } else await clock.advance(random() * 500);
      };
      for (let i = 0; i < 400; i++) await step();
      for (const key of running) queue.done(key);
      await clock.advance(1000);
      for (let item = queue.take(); item !== undefined; item = queue.take()) {
        wanted.delete(item.key);
        queue.done(item.key);
      }
      assert.deepEqual([...wanted], [], `seed ${seed}: wanted and never handed out`);
    }
  });
});
