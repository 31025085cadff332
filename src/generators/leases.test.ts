import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog } from '../log.ts';
import { FakeLease } from './lease.fixture.ts';
import { Leases } from './leases.ts';

const MINUTE = 60_000;

describe('leases', () => {
  test('are renewed in time, for as long as they are held, also after a renewal failed', async () => {
    const clock = new ManualClock();
    const leases = new Leases(clock, silentLog);
    const lease = new FakeLease('a', clock, 30 * MINUTE);
    leases.hold(lease, {});
    await clock.advance(70 * MINUTE);
    assert.deepEqual(lease.log, ['renew', 'renew']);
    lease.error = new Error('out of reach');
    await clock.advance(30 * MINUTE);
    lease.error = undefined;
    await clock.advance(30 * MINUTE);
    assert.equal(lease.log.length, 4);
    leases.forget('a');
    await clock.advance(120 * MINUTE);
    assert.equal(lease.log.length, 4);
    assert.equal(clock.pendingTimers, 0);
  });

  test('are left as they are when the process stops', async () => {
    const clock = new ManualClock();
    const leases = new Leases(clock, silentLog);
    const lease = new FakeLease('a', clock, 30 * MINUTE);
    leases.hold(lease, {});
    await leases.close();
    assert.deepEqual(lease.log, ['drop']);
    assert.equal(clock.pendingTimers, 0);
  });
});
