import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryAfterError, TerminalError } from './controller.ts';
import { Conflict, never, Outage, running, times } from './controller.fixture.ts';
import { LANES } from './work-queue.ts';

describe('a reconcile that returns', () => {
  it('is not repeated when it asks for nothing', async () => {
    const { clock, controller, calls, counted } = running(() => ({}));
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(3_600_000);
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.context.lane, LANES.first);
    assert.deepEqual(counted, ['success']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('is repeated after the time it asks for, in the periodic lane', async () => {
    const { clock, controller, calls, counted } = running(() => ({ requeueAfterMs: 60_000 }));
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(120_000);
    assert.deepEqual(times(calls), [0, 60, 120]);
    assert.equal(calls[1]?.context.lane, LANES.periodic);
    assert.deepEqual(counted, ['requeue_after', 'requeue_after', 'requeue_after']);
  });

  it('makes earlier failures forgotten, and only then', async () => {
    const fails = new Set([1, 2, 4]);
    const { clock, controller, calls } = running((_key, _context, nth) => {
      if (fails.has(nth)) throw new Error('no');
      return {};
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(10_000);
    controller.enqueue('ns/a', LANES.woken);
    await clock.advance(10_000);
    assert.deepEqual(times(calls), [0, 1, 3, 10, 11]);
    assert.deepEqual(
      calls.map((call) => call.context.attempt),
      [0, 1, 2, 0, 1],
    );
  });

  it('says nothing in the log', async () => {
    const { clock, controller, lines } = running(() => ({ requeueAfterMs: 1000 }));
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(10_000);
    assert.deepEqual(lines, []);
  });
});

describe('a reconcile that throws', () => {
  it('backs off from one second to seven minutes, in the retry lane', async () => {
    const { clock, controller, calls } = running(() => {
      throw new Error('no');
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(1_400_000);
    assert.deepEqual(times(calls), [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 931, 1351]);
    assert.equal(calls[1]?.context.lane, LANES.retry);
  });

  it('is logged once per try, as an error, with its key, what it is about and when it is tried again', async () => {
    const failure = new Error('no such key');
    const { clock, controller, lines } = running(
      () => {
        throw failure;
      },
      { describe: () => ({ store: 'SecretStore/vault' }) },
    );
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(1000);
    assert.equal(lines.length, 2);
    const { reconcileID, ...fields } = lines[0]?.fields ?? {};
    assert.match(String(reconcileID), /^[0-9a-f]{8}$/);
    assert.deepEqual(fields, {
      controller: 'thing',
      namespace: 'ns',
      name: 'a',
      store: 'SecretStore/vault',
      error: failure,
      retryInSeconds: 1,
    });
    assert.equal(lines[0]?.level, 'error');
  });

  it('is told with the time of the next attempt, a conflict excepted', async () => {
    const told: (number | undefined)[] = [];
    const errors = [
      new Error('no'),
      new Conflict(),
      new RetryAfterError('busy', 30_000),
      new TerminalError('Bad', 'x'),
    ];
    const { clock, controller } = running(
      (_key, _context, nth) => {
        const error = errors[nth - 1];
        if (error !== undefined) throw error;
        return {};
      },
      { onFailure: (_key, retryInMs) => void told.push(retryInMs) },
    );
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(120_000);
    assert.deepEqual(told, [1_000, 30_000, undefined]);
  });

  it('does not disturb other keys, even when it is a bug', async () => {
    const { clock, controller, calls, counted } = running((key) => {
      if (key === 'ns/bad') throw new TypeError('undefined is not a function');
      return {};
    });
    controller.enqueue('ns/bad', LANES.first);
    controller.enqueue('ns/good', LANES.first);
    await clock.advance(0);
    assert.equal(calls.length, 2);
    assert.deepEqual(counted.toSorted(), ['error', 'panic', 'success']);
  });

  it('before its first await is treated no differently', async () => {
    const { clock, controller, counted } = running(() => ({}), {
      reconcile: () => {
        throw new RangeError('at once');
      },
    });
    controller.enqueue('a', LANES.first);
    await clock.advance(0);
    assert.deepEqual(counted, ['panic', 'error']);
  });

  it('runs again at once when its key was woken meanwhile', async () => {
    const { clock, controller, calls } = running(async (key, _context, nth) => {
      if (nth === 1) controller.enqueue(key, LANES.woken);
      if (nth === 1) throw new Error('no');
      return {};
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(10_000);
    assert.deepEqual(times(calls), [0, 0]);
  });
});

describe('a terminal error', () => {
  it('is counted and not retried until something changes', async () => {
    const { clock, controller, calls, counted, lines } = running(() => {
      throw new TerminalError('InvalidSpec', 'refreshInterval: not a duration');
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(3_600_000);
    assert.equal(calls.length, 1);
    assert.deepEqual(counted, ['terminal', 'error']);
    assert.equal(lines[0]?.fields['reason'], 'InvalidSpec');
    controller.enqueue('ns/a', LANES.woken);
    await clock.advance(0);
    assert.equal(calls.length, 2);
  });

  it('is looked at again at the time it names', async () => {
    const { clock, controller, calls } = running(() => {
      throw new TerminalError('InvalidSpec', 'no', { retryAfterMs: 3_600_000 });
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(7_200_000);
    assert.deepEqual(times(calls), [0, 3600, 7200]);
  });
});

describe('an error that says when to come back', () => {
  it('is obeyed and does not grow the backoff', async () => {
    const { clock, controller, calls } = running((_key, _context, nth) => {
      if (nth <= 3) throw new RetryAfterError('throttled', 30_000);
      throw new Error('no');
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(91_000);
    assert.deepEqual(times(calls), [0, 30, 60, 90, 91]);
  });

  it('never makes a tight loop', async () => {
    const { clock, controller, calls } = running(() => {
      throw new RetryAfterError('throttled', 0);
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(3000);
    assert.deepEqual(times(calls), [0, 1, 2, 3]);
  });
});

describe('a conflict', () => {
  it('is tried again at once, in the same lane, without an error in the log', async () => {
    const { clock, controller, calls, counted, lines } = running((_key, _context, nth) => {
      if (nth === 1) throw new Conflict();
      return {};
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(0);
    assert.deepEqual(times(calls), [0, 0]);
    assert.equal(calls[1]?.context.lane, LANES.first);
    assert.deepEqual(counted, ['requeue', 'success']);
    assert.deepEqual(
      lines.map((line) => line.level),
      ['debug'],
    );
  });

  it('that never ends becomes a failure with backoff', async () => {
    const { clock, controller, calls } = running(() => {
      throw new Conflict();
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(10_000);
    assert.deepEqual(times(calls), [0, 0, 0.05, 0.15, 0.3, 0.5, 1.5, 3.5, 7.5]);
  });
});

describe('an outage', () => {
  it('is retried within 20 s however long it lasts, and leaves the backoff of the key where it was', async () => {
    const { clock, controller, calls } = running((_key, _context, nth) => {
      if (nth <= 40) throw new Outage();
      throw new Error('the key itself');
    });
    controller.enqueue('ns/a', LANES.first);
    await clock.advance(751_000);
    const gaps = times(calls).map((at, i, all) => at - (all[i - 1] ?? 0));
    assert.deepEqual(gaps.slice(0, 8), [0, 1, 2, 4, 8, 16, 20, 20]);
    assert.ok(Math.max(...gaps) <= 20);
    assert.ok(calls.length > 41);
    assert.equal(gaps[41], 1);
  });
});

describe('many keys', () => {
  it('are in flight at the same time, a thousand by default', async () => {
    const { clock, controller, calls, stop, ended } = running((_key, { signal }) => never(signal));
    for (let i = 0; i < 1500; i++) controller.enqueue(`ns/${i}`, LANES.first);
    await clock.advance(0);
    assert.equal(calls.length, 1000);
    assert.equal(controller.gauges().running, 1000);
    stop();
    await ended;
    assert.equal(clock.pendingTimers, 0);
  });

  it('of one slow group leave room for another group', async () => {
    const { clock, controller, calls, stop, ended } = running(
      (key, { signal }) => (key.startsWith('slow/') ? never(signal) : {}),
      { concurrency: 10, groupOf: (key) => key.split('/')[0] ?? '' },
    );
    for (let i = 0; i < 50; i++) controller.enqueue(`slow/${i}`, LANES.first);
    controller.enqueue('quick/1', LANES.retry);
    await clock.advance(0);
    assert.ok(calls.some((call) => call.key === 'quick/1'));
    stop();
    await ended;
  });
});

describe('a reconcile in a crowd', () => {
  it('is told that others that are as urgent wait for a slot', async () => {
    const { clock, controller, calls } = running(() => ({}), { concurrency: 1 });
    for (const key of ['ns/a', 'ns/b']) controller.enqueue(key, LANES.first);
    controller.enqueue('ns/c', LANES.periodic);
    await clock.advance(1_000);
    assert.deepEqual(
      calls.map(({ key, context }) => [key, context.crowded]),
      [
        ['ns/a', true],
        ['ns/b', false],
        ['ns/c', false],
      ],
    );
  });
});
