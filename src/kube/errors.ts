/**
 * What the API server (or the way to it) can answer other than success. Each class knows one thing: what should
 * happen next. Messages come from the server's Status; they name objects, never values.
 */

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

export interface KubeErrorInit {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly reason?: string;
  readonly details?: StatusDetails;
  /** Milliseconds the server asked us to wait. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class KubeError extends Error {
  override readonly name: string = 'KubeError';
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, init: KubeErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.reason = init.reason ?? '';
    this.details = init.details;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** 404: there is no such object (or no such kind). */
export class NotFoundError extends KubeError {
  override readonly name = 'NotFoundError';
}

/** 409 AlreadyExists: somebody made it first; read it and decide again. */
export class AlreadyExistsError extends KubeError {
  override readonly name = 'AlreadyExistsError';
}

/** 409: the object changed since it was read; again at once with a fresh read. */
export class ConflictError extends KubeError {
  override readonly name = 'ConflictError';
}

/** 410: the resource version is too old; list again. */
export class GoneError extends KubeError {
  override readonly name = 'GoneError';
}

/** 422 or 400: the API server refuses the object as it is; retrying the same is pointless. */
export class InvalidError extends KubeError {
  override readonly name = 'InvalidError';
}

/** 401 or 403: our rights do not suffice (yet). */
export class DeniedError extends KubeError {
  override readonly name = 'DeniedError';
}

/** 429 (or 503 with Retry-After): come back after `retryAfterMs`. */
export class TooManyRequestsError extends KubeError {
  override readonly name = 'TooManyRequestsError';
}

/** No answer, 5xx, or an answer that is no answer: the API server cannot be reached; nothing is known. */
export class UnreachableError extends KubeError {
  override readonly name = 'UnreachableError';
}
