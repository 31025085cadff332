/**
 * What follows from a failed pass, alike for every kind that is synced: whose fault it is, when to look again, and when it is told in an
 * event.
 */
import { ConflictError, UnreachableError } from '../kube/errors.ts';
import type { ObjectRef } from './synced-object.ts';

/** While something keeps failing with the same cause, it is told again this often (D55). */
const TELL_AGAIN_MS = 30 * 60_000;

/** What we remember of an object's failures. */
export interface FailureMemory {
  /** The last one, and when it was last told in an event (epoch ms). */
  lastFailure: { readonly message: string; readonly toldAt: number } | undefined;
  /** News that wait for the time of the next attempt, to be told together. */
  untold: { readonly object: ObjectRef; readonly message: string } | undefined;
}

/** Is it news, it will be told by {@link tellFailure}. `now` in epoch ms. */
export function noteFailure(memory: FailureMemory, object: ObjectRef, message: string, now: number): void {
  const { lastFailure } = memory;
  const isNews = lastFailure?.message !== message || now - lastFailure.toldAt >= TELL_AGAIN_MS;
  if (!isNews) return;
  memory.lastFailure = { message, toldAt: now };
  memory.untold = { object, message };
}

/** It is well again: the next failure is news, whatever it is. */
export function forgetFailure(memory: FailureMemory): void {
  memory.lastFailure = undefined;
  memory.untold = undefined;
}

/**
 * Tells what {@link noteFailure} found worth telling, once it is known when the next attempt is: only the event says that, because in a
 * condition it would be a write per attempt (D56). `retryInMs` undefined: nothing but a change can help.
 */
export function tellFailure(
  memory: FailureMemory | undefined,
  retryInMs: number | undefined,
  failed: (object: ObjectRef, message: string) => void,
): void {
  if (memory?.untold === undefined) return;
  const { object, message } = memory.untold;
  memory.untold = undefined;
  const next =
    retryInMs === undefined
      ? 'no further attempt until something changes'
      : `next attempt in ${Math.ceil(retryInMs / 1000)} s`;
  failed(object, `${message}; ${next}`);
}

/** "Permanent" is as far as we can see: the cause may vanish without an event (D60). */
export function lookAgain(intervalMs: number): { retryAfterMs?: number } {
  return intervalMs > 0 ? { retryAfterMs: intervalMs } : {};
}

/** It says nothing about the object at hand: we lost a race and read again, or wait for the API server. */
export function isOfTheCluster(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof ConflictError || error instanceof UnreachableError || isOfTheCluster(error.cause);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
