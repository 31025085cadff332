/**
 * Which errors say that somebody else is down, or that we lost a race: neither is the fault of the object at hand, so neither
 * grows its backoff (D57).
 */
import { AlreadyExistsError, ConflictError, TooManyRequestsError, UnreachableError } from '../kube/errors.ts';
import { isOutage as isBackendOutage } from '../providers/errors.ts';

export function isOutage(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TooManyRequestsError || isBackendOutage(error);
}

export function isConflict(error: unknown): boolean {
  return error instanceof ConflictError || error instanceof AlreadyExistsError;
}

/** After an outage, what failed comes back spread over this time (D57). */
export const RECOVERY_SPREAD_MS = 20_000;
