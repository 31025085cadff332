/**
 * Which of Vault's answers are tried again, and after how long (`providers.md` 5.1).
 */
import type { RetrySettings } from '../provider.ts';

export interface RetryPolicy {
  readonly maxRetries: number;
  /** The wait before a retry is drawn evenly from this range, in milliseconds. */
  readonly waitMs: { readonly from: number; readonly to: number };
}

const DEFAULT_WAIT = { from: 1000, to: 1500 };
const DEFAULT_POLICY: RetryPolicy = { maxRetries: 2, waitMs: DEFAULT_WAIT };

/** A slot is not held longer than this for a server that asks for patience: the caller comes back later. */
const LONGEST_WAIT_MS = 5000;

/** `spec.retrySettings` absent: 2 retries. Present: `maxRetries` (0 when absent), `retryInterval` as a fixed wait. */
export function retryPolicy(settings: RetrySettings | undefined): RetryPolicy {
  if (settings === undefined) return DEFAULT_POLICY;
  const { maxRetries = 0, retryIntervalMs } = settings;
  const waitMs =
    retryIntervalMs === undefined || retryIntervalMs <= 0
      ? DEFAULT_WAIT
      : { from: retryIntervalMs, to: retryIntervalMs };
  return { maxRetries: Math.max(0, maxRetries), waitMs };
}

/** 412: the node lags behind what was written. 501 (not initialised) does not pass by waiting. */
export function isRetried(status: number): boolean {
  return status === 412 || status === 429 || (status >= 500 && status !== 501);
}

/** Undefined: give up now, the server wants more patience than a call may have. */
export function nextWaitMs(policy: RetryPolicy, askedMs: number | undefined, random: () => number): number | undefined {
  if (askedMs !== undefined) return askedMs <= LONGEST_WAIT_MS ? askedMs : undefined;
  const { from, to } = policy.waitMs;
  return from + (to - from) * random();
}
