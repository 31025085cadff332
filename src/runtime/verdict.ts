/**
 * The one place that turns an error into what happens next. It looks at the error and then at its causes; the first
 * that is of a known class decides. Message texts are never looked at.
 */
import { TerminalError } from './errors.ts';

/** How a controller recognises errors of rooms that the runtime does not know. */
export interface ErrorRules {
  /** Somebody changed the object meanwhile: again at once, with a fresh read. */
  readonly isConflict?: (error: unknown) => boolean;
  /** Something the key needs cannot be reached: retried, without growing the key's own backoff (D57). */
  readonly isOutage?: (error: unknown) => boolean;
}

export type Verdict =
  | { readonly kind: 'terminal'; readonly reason: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'outage' }
  /** `bug`: an error that no working code throws. */
  | { readonly kind: 'failure'; readonly bug: boolean };

/** Causes deeper than this are not looked at; a cycle ends here too. */
const DEEPEST_CAUSE = 10;

export function judge(error: unknown, rules: ErrorRules): Verdict {
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && current !== undefined; depth++) {
    const verdict = known(current, rules);
    if (verdict !== undefined) return verdict;
    current = current instanceof Error ? current.cause : undefined;
  }
  return { kind: 'failure', bug: isBug(error) };
}

function known(error: unknown, rules: ErrorRules): Verdict | undefined {
  if (error instanceof TerminalError) {
    return { kind: 'terminal', reason: error.reason, retryAfterMs: error.retryAfterMs };
  }
  if (rules.isConflict?.(error) === true) return { kind: 'conflict' };
  const ms = retryAfterOf(error);
  if (ms !== undefined) return { kind: 'wait', ms };
  if (rules.isOutage?.(error) === true) return { kind: 'outage' };
  return undefined;
}

/** Every error family of this program carries a time to come back as `retryAfterMs`. */
function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('retryAfterMs' in error)) return undefined;
  const ms = error.retryAfterMs;
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

function isBug(error: unknown): boolean {
  return (
    !(error instanceof Error) ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError
  );
}
