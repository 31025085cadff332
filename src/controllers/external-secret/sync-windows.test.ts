import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permits, type SyncWindows } from './sync-windows.ts';

const at = (time: string): number => Date.parse(`2030-01-02T${time}Z`);
const windows = (kind: SyncWindows['kind'], ...list: [string, string][]): SyncWindows => ({
  kind,
  windows: list.map(([schedule, duration]) => ({ schedule, duration })),
});
const night = (kind: SyncWindows['kind']): SyncWindows => windows(kind, ['0 2 * * *', '2h']);

test('without windows every time is permitted', () => {
  assert.equal(permits(undefined, at('12:00:00')).permitted, true);
});

const cases: readonly [string, SyncWindows, string, boolean][] = [
  ['allow: inside', night('allow'), '03:00:00', true],
  ['allow: at its opening', night('allow'), '02:00:00', true],
  ['allow: at its end', night('allow'), '04:00:00', true],
  ['allow: outside', night('allow'), '12:00:00', false],
  ['deny: inside', night('deny'), '03:00:00', false],
  ['deny: outside', night('deny'), '12:00:00', true],
  ['allow: any window is enough', windows('allow', ['0 2 * * *', '1h'], ['0 12 * * *', '1h']), '12:30:00', true],
  ['allow: a weekday by name (the 2nd is a Wednesday)', windows('allow', ['0 0 * * WED', '24h']), '12:00:00', true],
  ['allow: another weekday', windows('allow', ['0 0 * * MON', '1h']), '00:30:00', false],
  ['allow: @daily', windows('allow', ['@daily', '30m']), '00:15:00', true],
  [
    'allow: @every that lasts as long as its period is always open',
    windows('allow', ['@every 1h', '1h']),
    '12:00:00',
    true,
  ],
  ['allow: @every that lasts less is never open', windows('allow', ['@every 1h', '10m']), '12:00:00', false],
  ['allow: only broken schedules block', windows('allow', ['99 * * * *', '1h']), '12:00:00', false],
  ['deny: broken schedules deny nothing', windows('deny', ['99 * * * *', '1h']), '12:00:00', true],
  ['deny: seven is no weekday', windows('deny', ['0 0 * * 7', '200h']), '12:00:00', true],
];
for (const [name, given, time, expected] of cases) {
  test(name, () => assert.equal(permits(given, at(time)).permitted, expected));
}

test('what is blocked comes back when the window opens or closes, not every few minutes', () => {
  assert.equal(permits(night('allow'), at('12:00:00')).againInMs, 14 * 3_600_000);
  assert.equal(permits(night('deny'), at('03:00:00')).againInMs, 3_600_000 + 1_000);
  assert.equal(permits(windows('allow', ['99 * * * *', '1h']), at('12:00:00')).againInMs, undefined);
});
