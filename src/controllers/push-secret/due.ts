/**
 * When a PushSecret is pushed again (`behaviour.md` 3.2). Pure. Other than an ExternalSecret, a changed one is pushed at once even with
 * interval 0.
 */
export interface DueInput {
  /** Version string of the object as it is now. */
  readonly version: string;
  /** The same at the last success; empty: never. */
  readonly syncedVersion: string;
  /** When the last success began, epoch ms. */
  readonly pushedAt: number | undefined;
  /** 0: only changes are pushed. */
  readonly intervalMs: number;
  /** The last pass failed, or a source has changed since. */
  readonly unfinished: boolean;
}

export type Due =
  | { readonly due: true; readonly reason: 'changed' | 'unfinished' | 'first' | 'interval' }
  /** `againInMs` undefined: only a change makes it due. */
  | { readonly due: false; readonly againInMs: number | undefined };

export function decideDue(input: DueInput, now: number): Due {
  const { version, syncedVersion, pushedAt, intervalMs, unfinished } = input;
  if (syncedVersion !== version) return { due: true, reason: 'changed' };
  if (unfinished) return { due: true, reason: 'unfinished' };
  if (intervalMs <= 0) return { due: false, againInMs: undefined };
  if (pushedAt === undefined) return { due: true, reason: 'first' };
  const left = pushedAt + intervalMs - now;
  return left <= 0 ? { due: true, reason: 'interval' } : { due: false, againInMs: left };
}

/** Milliseconds from `now` to the next pass after a success that began at `startedAt`. */
export function untilNext(intervalMs: number, startedAt: number, now: number): number | undefined {
  return intervalMs <= 0 ? undefined : Math.max(startedAt + intervalMs - now, 1);
}
