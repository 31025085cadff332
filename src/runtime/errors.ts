/** The errors by which a reconcile says what should happen next. Any other error means: back off and try again. */

/** Retrying is pointless until something changes. `reason` is a condition reason, one CamelCase word. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly reason: string;
  /** When set, the key is looked at again after this many milliseconds even if nothing changed (D60). */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: string,
    message: string,
    init: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.reason = reason;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** It failed, and we were told (or know) when to come back. Does not grow the backoff. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, init: { readonly cause?: unknown } = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.retryAfterMs = retryAfterMs;
  }
}
