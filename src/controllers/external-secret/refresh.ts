/**
 * When an ExternalSecret is read from its backend: skip or refresh now, and when to look again. Pure; `behaviour.md` 1.4
 * with the corrections of D52, D53 and D60 (no requeue storm, no ignored force-sync of a spec change).
 */
import { permits, type Permission, type SyncWindows } from './sync-windows.ts';
import { nextWave } from './wave.ts';

export type RefreshPolicy = 'CreatedOnce' | 'OnChange' | 'Periodic';

export interface RefreshSpec {
  readonly policy: RefreshPolicy;
  /** `spec.refreshInterval` in milliseconds; 0 and below: no periodic refresh. */
  readonly intervalMs: number;
  /** What the objects that should be read together share, e.g. the SecretStore's key; undefined: each by itself. */
  readonly waveOf: string | undefined;
  /** Times to which refreshes by interval are limited. */
  readonly syncWindows?: SyncWindows | undefined;
}

/** What we know of the last successful sync, from status or from our own memory, whichever is later. */
export interface LastSync {
  /** `status.syncedResourceVersion`; empty when never synced. */
  readonly version: string;
  /** When the backend was last read for it, epoch milliseconds; undefined when never. */
  readonly readAt: number | undefined;
  /** The last attempt failed, or a source has changed since: nothing is known to be in step. */
  readonly failed: boolean;
}

export type RefreshReason = 'first sync' | 'changed' | 'interval' | 'retry' | 'target';

export type RefreshDecision =
  | { readonly refresh: true; readonly reason: RefreshReason }
  /** `againInMs` undefined: not until something changes. */
  | { readonly refresh: false; readonly againInMs: number | undefined };

export function decideRefresh(
  spec: RefreshSpec,
  last: LastSync,
  currentVersion: string,
  targetIsValid: boolean,
  now: number,
): RefreshDecision {
  const due = reasonToRefresh(spec, last, currentVersion, now);
  const permission: Permission = due === 'interval' ? permits(spec.syncWindows, now) : { permitted: true };
  if (due !== undefined && permission.permitted) return { refresh: true, reason: due };
  if (!targetIsValid) return { refresh: true, reason: 'target' };
  if (!permission.permitted) return { refresh: false, againInMs: permission.againInMs };
  return { refresh: false, againInMs: untilNext(spec, last.readAt, now) };
}

function reasonToRefresh(
  spec: RefreshSpec,
  last: LastSync,
  currentVersion: string,
  now: number,
): RefreshReason | undefined {
  if (last.version === '' || last.readAt === undefined) return 'first sync';
  if (spec.policy === 'CreatedOnce') return undefined;
  if (spec.policy === 'Periodic' && spec.intervalMs <= 0) return undefined;
  if (last.version !== currentVersion) return 'changed';
  if (last.failed) return 'retry';
  if (spec.policy === 'OnChange') return undefined;
  // A read time in the future comes from a clock that was set back: trust nothing.
  return last.readAt > now || nextRead(spec, last.readAt) <= now ? 'interval' : undefined;
}

/** Milliseconds until the next periodic refresh after a read at `readAt`; undefined when there is none. */
export function untilNext(spec: RefreshSpec, readAt: number | undefined, now: number): number | undefined {
  if (spec.policy !== 'Periodic' || spec.intervalMs <= 0) return undefined;
  if (readAt === undefined) return spec.intervalMs;
  return Math.max(0, nextRead(spec, readAt) - now);
}

/** When something last read at `readAt` falls due (epoch ms). */
export function nextRead({ waveOf, intervalMs }: RefreshSpec, readAt: number): number {
  return waveOf === undefined ? readAt + intervalMs : nextWave(waveOf, intervalMs, readAt);
}
