import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { MemoryLog } from '../../test/builders/things.ts';
import type { Clock } from '../clock.ts';
import { DeniedError, UnreachableError } from './errors.ts';
import type { Lease } from './lease-record.ts';
import { leases } from './lease-record.ts';
import { LeaderElection } from './lease.ts';

const lock = { namespace: 'system', name: 'leader' };
const down = (): UnreachableError => new UnreachableError('connection refused', { status: 0 });

function world() {
  const clock = new ManualClock();
  const kube = new FakeKube({ clock });
  const lease = () => kube.peek<Lease>(leases, lock)?.spec;
  const takenBy = (holderIdentity: string) =>
    kube.put<Lease>(leases, { metadata: lock, spec: { ...lease(), holderIdentity, leaseDurationSeconds: 15 } });
  return { clock, kube, lease, takenBy };
}

function candidate(identity: string, kube: FakeKube, clock: Clock, random = 0) {
  const told: string[] = [];
  const observer = {
    leading: () => void told.push('leading'),
    paused: () => void told.push('paused'),
    lost: (holder: string) => void told.push(`lost to ${holder}`),
  };
  const log = new MemoryLog();
  const election = new LeaderElection({ ...lock, client: kube, identity, clock, log, observer, random: () => random });
  const abort = new AbortController();
  let outcome: string | undefined;
  const running = election.run(abort.signal).then((ended) => (outcome = ended));
  return { election, told, log, abort, running, outcome: () => outcome };
}

test('the first candidate leads, renews every 2 s, and the second waits', async () => {
  const { clock, kube, lease } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  const b = candidate('b', kube, clock);
  await clock.advance(60_000);
  assert.deepEqual([a.told, b.told, a.election.isLeading, b.election.isLeading], [['leading'], [], true, false]);
  assert.deepEqual([lease()?.holderIdentity, lease()?.leaseDurationSeconds, b.election.holder], ['a', 15, 'a']);
  assert.equal(lease()?.acquireTime, '2030-01-01T00:00:00.000000Z');
  assert.equal(lease()?.renewTime, '2030-01-01T00:01:00.000000Z');
  assert.equal(kube.faults.calls('update').length, 30);
});

test('a stop releases the lease, so that the next takes over at its next look', async () => {
  const { clock, kube, lease } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  const b = candidate('b', kube, clock);
  await clock.advance(1000);
  a.abort.abort();
  await a.running;
  assert.deepEqual([a.outcome(), lease()?.holderIdentity], ['stopped', '']);
  await clock.advance(2000);
  assert.deepEqual([b.told, lease()?.leaseTransitions], [['leading'], 1]);
});

test('a holder that vanished is replaced 15 s after its last renewal was seen, whatever its clock says', async () => {
  const { clock, kube, takenBy, lease } = world();
  takenBy('ghost');
  kube.put<Lease>(leases, { metadata: lock, spec: { ...lease(), renewTime: '2001-01-01T00:00:00.000000Z' } });
  const a = candidate('a', kube, clock);
  await clock.advance(14_999);
  assert.deepEqual(a.told, []);
  await clock.advance(2001);
  assert.deepEqual([a.told, lease()?.holderIdentity], [['leading'], 'a']);
});

test('a holder that is killed is replaced 15 s after its last renewal, not after the look that saw it', async () => {
  const { clock, kube, takenBy, lease } = world();
  const renew = (): void => {
    // Its clock is hours behind ours.
    const renewTime = new Date(clock.now() - 5 * 3_600_000).toISOString();
    kube.put<Lease>(leases, { metadata: lock, spec: { ...lease(), renewTime } });
  };
  takenBy('other');
  renew();
  // It looks each 2.4 s, so now and then it sees a renewal at once, and mostly late.
  const a = candidate('a', kube, clock, 1);
  for (let renewals = 0; renewals < 20; renewals++) {
    await clock.advance(2000);
    renew();
  }
  await clock.advance(14_700);
  assert.deepEqual(a.told, []);
  await clock.advance(600);
  assert.deepEqual(a.told, ['leading']);
});

test('a holder that sets its clock back keeps its lease for as long as it may need to pause', async () => {
  const { clock, kube, takenBy, lease } = world();
  const renew = (behindMs: number): void => {
    const renewTime = new Date(clock.now() - behindMs).toISOString();
    kube.put<Lease>(leases, { metadata: lock, spec: { ...lease(), renewTime } });
  };
  takenBy('other');
  renew(0);
  const a = candidate('a', kube, clock);
  await clock.advance(2000);
  renew(3_600_000);
  await clock.advance(12_000);
  assert.deepEqual(a.told, []);
});

test('a holder that renews is respected though its clock is hours off', async () => {
  const { clock, kube, lease, takenBy } = world();
  takenBy('skewed');
  const a = candidate('a', kube, clock);
  for (let i = 0; i < 20; i++) {
    kube.put<Lease>(leases, { metadata: lock, spec: { ...lease(), renewTime: `1999-01-01T00:00:${10 + i}.000000Z` } });
    await clock.advance(10_000);
  }
  assert.deepEqual(a.told, []);
});

test('without an API server it pauses after 10 s and leads again when the server is back', async () => {
  const { clock, kube } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  for (const verb of ['get', 'update', 'create'] as const) kube.faults.fail(verb, down(), { count: 1000 });
  await clock.advance(9999);
  assert.deepEqual([a.told, a.election.isLeading], [['leading'], true]);
  await clock.advance(1);
  assert.deepEqual([a.told, a.election.isLeading], [['leading', 'paused'], false]);
  await clock.advance(600_000);
  assert.equal(a.outcome(), undefined, 'never ends for lack of an API server');
  kube.faults.heal();
  await clock.advance(2000);
  assert.deepEqual([a.told, a.election.isLeading], [['leading', 'paused', 'leading'], true]);
  assert.deepEqual(a.log.messages('warn').length, 2, 'one line for the outage, one for the pause');
});

test('an outage alone does not change the leader: the time in which nobody could renew does not count', async () => {
  const { clock, kube } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  const b = candidate('b', kube, clock);
  await clock.advance(1000);
  for (const verb of ['get', 'update', 'create'] as const) kube.faults.fail(verb, down(), { count: 1000 });
  await clock.advance(60_000);
  kube.faults.heal();
  await clock.advance(10_000);
  assert.deepEqual([a.told, b.told], [['leading', 'paused', 'leading'], []]);
});

test('a standby whose every other look fails still replaces a holder that vanished', async () => {
  const { clock, kube, takenBy } = world();
  takenBy('ghost');
  const a = candidate('a', kube, clock);
  for (let i = 0; i < 20; i++) {
    kube.faults.fail('get', down());
    await clock.advance(6000);
  }
  assert.deepEqual(a.told, ['leading']);
});

test('requests without an answer do not keep it from pausing in time', async () => {
  const { clock, kube } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  for (const verb of ['get', 'update'] as const) kube.faults.hang(verb, { count: 1000 });
  await clock.advance(10_000);
  assert.deepEqual(a.told, ['leading', 'paused']);
  kube.faults.heal();
  await clock.advance(8000);
  assert.deepEqual(a.told, ['leading', 'paused', 'leading']);
});

test('two candidates never lead at once, not even when one is cut off', async () => {
  const { clock, kube } = world();
  const cut = new FakeKube({ clock });
  let reachable = true;
  for (const verb of ['get', 'create', 'update'] as const)
    Object.assign(cut, {
      [verb]: async (...args: never[]) => {
        if (!reachable) throw down();
        return (kube[verb] as (...args: never[]) => Promise<unknown>)(...args);
      },
    });
  const a = candidate('a', cut, clock);
  await clock.advance(0);
  const b = candidate('b', kube, clock);
  await clock.advance(5000);
  reachable = false;
  for (let second = 0; second < 60; second++) {
    await clock.advance(1000);
    assert.ok(!(a.election.isLeading && b.election.isLeading), `both lead after ${second} s`);
  }
  assert.deepEqual([a.told, b.told], [['leading', 'paused'], ['leading']]);
  reachable = true;
  await clock.advance(3000);
  assert.deepEqual([a.outcome(), a.told.at(-1)], ['lost', 'lost to b']);
});

test('another holder in a lease we led ends the run, even if that holder looks dead', async () => {
  const { clock, kube, takenBy } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  takenBy('b');
  await clock.advance(2000);
  await a.running;
  assert.deepEqual([a.outcome(), a.told], ['lost', ['leading', 'paused', 'lost to b']]);
  assert.equal(clock.pendingTimers, 0);
});

test('a lease that somebody annotated or deleted is taken back without a pause', async () => {
  const { clock, kube, lease } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  kube.put<Lease>(leases, { metadata: { ...lock, annotations: { a: 'b' } }, spec: lease() ?? {} });
  await clock.advance(2000);
  kube.remove(leases, lock);
  await clock.advance(2000);
  assert.deepEqual([a.told, lease()?.holderIdentity], [['leading'], 'a']);
});

test('keeps trying without rights, and says so once', async () => {
  const { clock, kube } = world();
  kube.faults.fail('get', new DeniedError('forbidden', { status: 403 }), { count: 10 });
  const a = candidate('a', kube, clock);
  await clock.advance(18_000);
  assert.deepEqual([a.told, a.log.messages('warn')], [[], ['lease not reached']]);
  await clock.advance(2000);
  assert.deepEqual(a.told, ['leading']);
});

test('a stop while a renewal hangs still releases, and gives up on a dead server after 3 s', async () => {
  const { clock, kube, lease } = world();
  const a = candidate('a', kube, clock);
  await clock.advance(0);
  kube.faults.hang('update');
  await clock.advance(2000);
  a.abort.abort();
  await a.running;
  assert.deepEqual([a.outcome(), lease()?.holderIdentity], ['stopped', '']);

  const b = candidate('b', kube, clock);
  await clock.advance(0);
  kube.faults.hang('get', { count: 10 });
  b.abort.abort();
  await clock.advance(3000);
  assert.deepEqual([b.outcome(), clock.pendingTimers], ['stopped', 0]);
});

test('a standby that stops leaves the lease alone', async () => {
  const { clock, kube, lease, takenBy } = world();
  takenBy('a');
  const b = candidate('b', kube, clock);
  await clock.advance(5000);
  b.abort.abort();
  await b.running;
  assert.deepEqual([lease()?.holderIdentity, kube.faults.writes().length], ['a', 0]);
});

test('a renew deadline beyond the lease is refused: two would lead at once', () => {
  const { clock, kube } = world();
  assert.throws(
    () =>
      new LeaderElection({
        ...lock,
        client: kube,
        identity: 'a',
        clock,
        log: new MemoryLog(),
        renewDeadlineMs: 15_000,
      }),
    RangeError,
  );
});
