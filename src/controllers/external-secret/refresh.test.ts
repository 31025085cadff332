import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRefresh, type LastSync, type RefreshPolicy, type RefreshSpec } from './refresh.ts';
import { freshSince, nextWave, patienceOf } from './wave.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2030, 5, 1, 12);
const spec = (policy: RefreshPolicy, intervalMs = HOUR): RefreshSpec => ({ policy, intervalMs, waveOf: 'store' });
const synced = (change: Partial<LastSync> = {}): LastSync => ({
  version: 'v1',
  readAt: NOW - 1000,
  failed: false,
  ...change,
});

interface Case {
  readonly name: string;
  readonly spec: RefreshSpec;
  readonly last: LastSync;
  readonly version?: string;
  readonly valid?: boolean;
  readonly expect: string;
}

const never = { version: '', readAt: undefined, failed: false };
const cases: readonly Case[] = [
  { name: 'a new object is read at once', spec: spec('Periodic'), last: never, expect: 'first sync' },
  { name: 'CreatedOnce is read the first time', spec: spec('CreatedOnce'), last: never, expect: 'first sync' },
  {
    name: 'CreatedOnce ignores a changed spec',
    spec: spec('CreatedOnce'),
    last: synced(),
    version: 'v2',
    expect: 'skip',
  },
  { name: 'CreatedOnce repairs its target', spec: spec('CreatedOnce'), last: synced(), valid: false, expect: 'target' },
  {
    name: 'OnChange follows a changed annotation',
    spec: spec('OnChange'),
    last: synced(),
    version: 'v2',
    expect: 'changed',
  },
  {
    name: 'OnChange ignores the interval',
    spec: spec('OnChange'),
    last: synced({ readAt: NOW - 9 * HOUR }),
    expect: 'skip',
  },
  {
    name: 'interval 0 ignores a changed spec',
    spec: spec('Periodic', 0),
    last: synced(),
    version: 'v2',
    expect: 'skip',
  },
  { name: 'interval 0 repairs its target', spec: spec('Periodic', 0), last: synced(), valid: false, expect: 'target' },
  {
    name: 'a force-sync annotation is followed',
    spec: spec('Periodic'),
    last: synced(),
    version: 'v2',
    expect: 'changed',
  },
  { name: 'nothing is read before it is due', spec: spec('Periodic', 1e9), last: synced(), expect: 'skip' },
  { name: 'what is overdue is read', spec: spec('Periodic'), last: synced({ readAt: NOW - HOUR }), expect: 'interval' },
  {
    name: 'a read time in the future is not trusted',
    spec: spec('Periodic'),
    last: synced({ readAt: NOW + HOUR }),
    expect: 'interval',
  },
  { name: 'a failed read is tried again', spec: spec('Periodic'), last: synced({ failed: true }), expect: 'retry' },
];

for (const each of cases) {
  test(each.name, () => {
    const decision = decideRefresh(each.spec, each.last, each.version ?? 'v1', each.valid ?? true, NOW);
    assert.equal(decision.refresh ? decision.reason : 'skip', each.expect);
  });
}

test('outside its windows a refresh by interval waits for the next one, a changed spec and a repair do not', () => {
  const windows = { kind: 'allow', windows: [{ schedule: '0 2 * * *', duration: '1h' }] } as const;
  const limited: RefreshSpec = { ...spec('Periodic'), syncWindows: windows };
  const overdue = synced({ readAt: NOW - 2 * HOUR });
  assert.deepEqual(decideRefresh(limited, overdue, 'v1', true, NOW), { refresh: false, againInMs: 14 * HOUR });
  assert.equal(decideRefresh(limited, overdue, 'v2', true, NOW).refresh, true);
  assert.equal(decideRefresh(limited, overdue, 'v1', false, NOW).refresh, true);
});

test('objects without a periodic refresh set no timer', () => {
  for (const policy of ['CreatedOnce', 'OnChange'] as const) {
    assert.deepEqual(decideRefresh(spec(policy), synced({ readAt: 0 }), 'v1', true, NOW), {
      refresh: false,
      againInMs: undefined,
    });
  }
});

test('the next refresh is never later than the interval and never in the past of the last read', () => {
  for (let offset = 0; offset < HOUR; offset += 7919) {
    const next = nextWave('a', HOUR, NOW + offset);
    assert.ok(next > NOW + offset && next <= NOW + offset + HOUR);
  }
});

test('objects of one store and interval meet on one instant, whenever each was created', () => {
  const due = new Set(
    Array.from({ length: 50 }, (_, index) => nextWave('a', 60_000, nextWave('a', 60_000, NOW + index * 1000))),
  );
  assert.ok(due.size <= 2, `expected one wave (two at its edge), got ${due.size}`);
});

test('once on the grid the period is exactly the interval, however late the read itself was', () => {
  const first = nextWave('a', 60_000, NOW);
  const second = nextWave('a', 60_000, first + 250);
  assert.equal(second - first, 60_000);
});

test('different stores have different phases', () => {
  const phases = new Set(Array.from({ length: 20 }, (_, index) => nextWave(`store-${index}`, HOUR, NOW)));
  assert.equal(phases.size, 20);
});

test('of a short interval the first period is nearly whole: the first read sets the grid', () => {
  const readAt = NOW + 7_654;
  const first = nextWave('short', 10_000, readAt);
  assert.ok(first - readAt >= 9_000 && first - readAt <= 9_500, `${first - readAt}`);
  assert.equal(nextWave('short', 10_000, readAt - 400), first, 'who was read beside it comes along');
  assert.equal(nextWave('short', 10_000, readAt + 5_000), first, 'who is created later joins');
  assert.equal(nextWave('short', 10_000, first + 300), first + 10_000);
  assert.notEqual(nextWave('short too', 10_000, readAt), first);
});

test('a shared value is fresh for a tenth of the interval, at most a minute', () => {
  assert.equal(NOW - freshSince(NOW, 100_000), 10_000);
  assert.equal(NOW - freshSince(NOW, 24 * HOUR), 60_000);
  assert.equal(NOW - freshSince(NOW, 0), 0);
});

test('a read waits for its wave as long as nobody notices: a fiftieth of the interval, at most a second', () => {
  const ofInterval = (intervalMs: number): number | undefined => patienceOf('interval', intervalMs, false);
  assert.deepEqual([0, 10_000, 60_000, HOUR].map(ofInterval), [0, 200, 1_000, 1_000]);
});

test('a first sync waits for company only in a crowd, and what a person changed never', () => {
  assert.equal(patienceOf('first sync', HOUR, false), undefined);
  assert.equal(patienceOf('first sync', HOUR, true), 250);
  assert.equal(patienceOf('changed', HOUR, true), undefined);
});

test('who had to wait for its turn takes what was read since it fell due, at most one interval and a minute old', () => {
  assert.equal(NOW - freshSince(NOW, 100_000, NOW - 25_000), 25_000);
  assert.equal(NOW - freshSince(NOW, 100_000, NOW - 5_000), 10_000);
  assert.equal(NOW - freshSince(NOW, 10_000, NOW - 25_000), 10_000);
  assert.equal(NOW - freshSince(NOW, HOUR, NOW - 3 * HOUR), 60_000);
  assert.equal(NOW - freshSince(NOW, 100_000, NOW + 5_000), 10_000);
});
