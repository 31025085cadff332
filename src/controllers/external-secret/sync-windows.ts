/**
 * Sync windows: times of day or week to which periodic refreshes are limited (`behaviour.md` 1.4). Pure; in UTC. First syncs, changes,
 * forced syncs and repairs do not ask.
 */
import { Cron } from 'croner';
import { parseDuration } from '../../api/duration.ts';

export interface SyncWindows {
  readonly kind: 'allow' | 'deny';
  readonly windows: readonly { readonly schedule: string; readonly duration: string }[];
}

export interface Permission {
  readonly permitted: boolean;
  /** When to ask again, in milliseconds; undefined with `permitted: false`: no window will ever change it. */
  readonly againInMs?: number | undefined;
}

/** May a periodic refresh happen at `now` (epoch milliseconds)? */
export function permits(syncWindows: SyncWindows | undefined, now: number): Permission {
  if (syncWindows === undefined || syncWindows.windows.length === 0) return { permitted: true };
  const windows = syncWindows.windows.flatMap(readWindow);
  const active = windows.filter((window) => window.isActive(now));
  if (syncWindows.kind === 'allow') {
    return active.length > 0
      ? { permitted: true }
      : waiting(
          windows.map((window) => window.nextOpening(now)),
          now,
        );
  }
  return active.length === 0
    ? { permitted: true }
    : waiting(
        active.map((window) => window.closing(now)),
        now,
      );
}

function waiting(times: readonly (number | undefined)[], now: number): Permission {
  const known = times.filter((time) => time !== undefined);
  return { permitted: false, againInMs: known.length === 0 ? undefined : Math.min(...known) - now };
}

interface Window {
  isActive(now: number): boolean;
  /** Epoch milliseconds; undefined: never. */
  nextOpening(now: number): number | undefined;
  /** When the window that is open at `now` closes; undefined: never. */
  closing(now: number): number | undefined;
}

/** A schedule or duration that cannot be read is never active, as with the peer: admission and conditions name it elsewhere. */
function readWindow({ schedule, duration }: SyncWindows['windows'][number]): readonly Window[] {
  try {
    const durationMs = parseDuration(duration);
    const every = /^@every (.+)$/.exec(schedule)?.[1];
    return [every === undefined ? cronWindow(schedule, durationMs) : everyWindow(parseDuration(every), durationMs)];
  } catch {
    return [];
  }
}

const SLACK_MS = 1_000;

/** Open from a firing until `durationMs` later, both ends included. */
function cronWindow(schedule: string, durationMs: number): Window {
  const cron = new Cron(checked(schedule), { timezone: 'UTC', sloppyRanges: true });
  const firingAfter = (time: number): number | undefined => cron.nextRun(new Date(time))?.getTime();
  const openSince = (now: number): number | undefined => {
    const firing = firingAfter(now - durationMs - SLACK_MS);
    return firing !== undefined && firing <= now && now <= firing + durationMs ? firing : undefined;
  };
  return {
    isActive: (now) => openSince(now) !== undefined,
    nextOpening: firingAfter,
    closing: (now) => {
      const since = openSince(now);
      return since === undefined ? undefined : since + durationMs + SLACK_MS;
    },
  };
}

/** `@every` has no anchor: it is always open when it fires at least as often as it lasts, and otherwise never. */
function everyWindow(everyMs: number, durationMs: number): Window {
  const always = durationMs + SLACK_MS >= everyMs;
  return { isActive: () => always, nextOpening: () => undefined, closing: () => undefined };
}

/** Refuses what the cron library knows beyond the contract: L, W, #, ?, seven as a Sunday, seconds and years. */
function checked(schedule: string): string {
  if (schedule.startsWith('@')) return schedule;
  const fields = schedule.split(' ');
  const weekday = fields[4] ?? '';
  if (fields.length !== 5 || /[LW#?]/.test(schedule.replaceAll(/[A-Z]{3}/gi, '')) || /(^|[-,/])7/.test(weekday)) {
    throw new Error('not a schedule of five fields');
  }
  return schedule;
}
