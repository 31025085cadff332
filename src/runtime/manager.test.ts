import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog, type Log } from '../log.ts';
import { runManager, type CachePart, type ControllerPart, type LeadershipListener, type Part } from './manager.ts';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** A process made of parts that write down what happens to them. */
function house() {
  const clock = new ManualClock();
  const events: string[] = [];
  const warnings: object[] = [];
  const stop = new AbortController();
  const log: Log = { ...silentLog, warn: (fields, message) => void warnings.push({ ...fields, message }) };
  const part = (name: string): Part => ({
    name,
    run: async (signal) => {
      events.push(`+${name}`);
      await aborted(signal);
      events.push(`-${name}`);
    },
  });
  const cache = (name: string, synced: Promise<void> = Promise.resolve()): CachePart => ({
    ...part(name),
    synced: () => synced,
  });
  const controller = (name: string): ControllerPart => ({
    ...part(name),
    pause: () => void events.push(`paused ${name}`),
    resume: () => void events.push(`resumed ${name}`),
  });
  const parts = {
    servers: [part('server')],
    background: [part('events')],
    caches: [cache('secrets')],
    controllers: [controller('controller')],
  };
  return { clock, events, warnings, stop, log, part, cache, parts, options: { signal: stop.signal, clock, log } };
}

/** An election that the test decides. */
function election(events: string[]) {
  let listener: LeadershipListener | undefined;
  const lost = Promise.withResolvers<'lost'>();
  return {
    lead: () => listener?.leading(),
    doubt: () => listener?.paused(),
    lose: () => lost.resolve('lost'),
    run: async (signal: AbortSignal, given: LeadershipListener): Promise<'stopped' | 'lost'> => {
      events.push('+election');
      listener = given;
      const result = await Promise.race([lost.promise, aborted(signal).then(() => 'stopped' as const)]);
      events.push('-election');
      return result;
    },
  };
}

describe('the manager', () => {
  it('starts servers, background, caches and controllers in this order and stops them in reverse', async () => {
    const { clock, events, stop, parts, options } = house();
    const code = runManager(parts, options);
    await clock.advance(0);
    assert.deepEqual(events, ['+server', '+events', '+secrets', '+controller']);
    events.length = 0;
    stop.abort();
    assert.equal(await code, 0);
    assert.deepEqual(events, ['-controller', '-secrets', '-events', '-server']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('starts no controller before every cache is filled, and says which are missing', async () => {
    const { clock, events, warnings, stop, parts, cache, options } = house();
    const slow = Promise.withResolvers<void>();
    const code = runManager({ ...parts, caches: [cache('quick'), cache('slow', slow.promise)] }, options);
    await clock.advance(60_000);
    assert.ok(!events.includes('+controller'));
    assert.deepEqual(warnings[0], { caches: ['slow'], message: 'still waiting for caches to fill' });
    assert.equal(warnings.length, 2);
    slow.resolve();
    await clock.advance(0);
    assert.ok(events.includes('+controller'));
    stop.abort();
    assert.equal(await code, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('can be stopped while caches never fill', async () => {
    const { clock, events, stop, parts, cache, options } = house();
    const code = runManager({ ...parts, caches: [cache('never', new Promise(() => {}))] }, options);
    await clock.advance(0);
    stop.abort();
    assert.equal(await code, 0);
    assert.deepEqual(events.slice(3), ['-never', '-events', '-server']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('stops everything with exit code 1 when a part breaks', async () => {
    const { clock, events, parts, options } = house();
    const broken: Part = { name: 'metrics server', run: () => Promise.reject(new Error('address in use')) };
    const errors: unknown[] = [];
    const log: Log = { ...silentLog, error: (fields) => void errors.push(fields) };
    const code = runManager({ ...parts, servers: [...parts.servers, broken] }, { ...options, log });
    assert.equal(await code, 1);
    assert.ok(events.includes('-server'));
    const [{ error }] = errors as [{ error: Error }];
    assert.equal(error.message, 'metrics server does not run any more');
    assert.equal((error.cause as Error).message, 'address in use');
    assert.equal(clock.pendingTimers, 0);
  });

  it('takes a part that ends by itself for broken', async () => {
    const { parts, options } = house();
    assert.equal(
      await runManager({ ...parts, background: [{ name: 'pool', run: () => Promise.resolve() }] }, options),
      1,
    );
  });

  it('waits no longer than the grace period for a part that does not stop', async () => {
    const { clock, warnings, stop, parts, options } = house();
    const deaf: Part = { name: 'deaf', run: () => new Promise(() => {}) };
    const code = runManager({ ...parts, background: [deaf] }, { ...options, graceMs: 30_000 });
    await clock.advance(0);
    stop.abort();
    await clock.advance(30_000);
    assert.equal(await code, 0);
    assert.deepEqual(warnings, [{ stage: 'background', parts: ['deaf'], message: 'did not stop in time' }]);
  });
});

describe('with leader election', () => {
  it('a standby fills its caches and runs no controller', async () => {
    const { clock, events, stop, parts, options } = house();
    const vote = election(events);
    const code = runManager({ ...parts, election: vote }, options);
    await clock.advance(0);
    assert.deepEqual(events, ['+server', '+events', '+secrets', '+election']);
    vote.doubt();
    assert.equal(events.length, 4);
    stop.abort();
    assert.equal(await code, 0);
  });

  it('the controllers start with leadership and stop before the Lease is given back', async () => {
    const { clock, events, stop, parts, options } = house();
    const vote = election(events);
    const code = runManager({ ...parts, election: vote }, options);
    await clock.advance(0);
    vote.lead();
    await clock.advance(0);
    events.length = 0;
    stop.abort();
    assert.equal(await code, 0);
    assert.deepEqual(events, ['-controller', '-election', '-secrets', '-events', '-server']);
  });

  it('the controllers pause while leadership is uncertain and go on afterwards', async () => {
    const { clock, events, stop, parts, options } = house();
    const vote = election(events);
    const code = runManager({ ...parts, election: vote }, options);
    await clock.advance(0);
    vote.lead();
    events.length = 0;
    vote.doubt();
    vote.doubt();
    vote.lead();
    vote.lead();
    assert.deepEqual(events, ['paused controller', 'resumed controller']);
    stop.abort();
    assert.equal(await code, 0);
  });

  it('the process ends with exit code 1 when another holder has the Lease', async () => {
    const { clock, events, parts, options } = house();
    const vote = election(events);
    const code = runManager({ ...parts, election: vote }, options);
    await clock.advance(0);
    vote.lead();
    events.length = 0;
    vote.lose();
    assert.equal(await code, 1);
    assert.deepEqual(events, ['-election', 'paused controller', '-controller', '-secrets', '-events', '-server']);
  });
});
