/**
 * What can go wrong between us and a backend. A small closed family: each class decides what happens next, nobody
 * reads message text. Messages are for people: they name the key, the property, the host and the remedy, are stable
 * from try to try (no request ids, no times) and never hold a value.
 */

interface ProviderErrorInit {
  /** The backend's own code, e.g. `AccessDeniedException` or `403`. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

export abstract class ProviderError extends Error {
  readonly code: string | undefined;

  constructor(message: string, init: ProviderErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
  }
}

/** The backend itself said that there is no such secret (or version). The deletion policy decides. */
export class SecretNotFoundError extends ProviderError {
  override readonly name = 'SecretNotFoundError';
}

/** The secret is there, the asked-for property or shape is not. */
export class PropertyNotFoundError extends ProviderError {
  override readonly name = 'PropertyNotFoundError';
}

/** The ref cannot be asked for as it is (a `..` in a key, a version the backend does not know how to read). */
export class InvalidRefError extends ProviderError {
  override readonly name = 'InvalidRefError';
}

/** The store's spec, or an object it names, is missing or unusable. Nothing helps until one of them changes. */
export class InvalidProviderConfigError extends ProviderError {
  override readonly name = 'InvalidProviderConfigError';
}

/** The backend refused our credentials: login failed, token expired or revoked, role not assumable. */
export class AuthenticationError extends ProviderError {
  override readonly name = 'AuthenticationError';
}

/** We are who we say we are, but may not do this. */
export class PermissionDeniedError extends ProviderError {
  override readonly name = 'PermissionDeniedError';
}

interface OutageInit extends ProviderErrorInit {
  /** See {@link OutageError.toOthers}. Default: the message. */
  readonly toOthers?: string | undefined;
}

/** The backend's absence rather than its answer. */
export abstract class OutageError extends ProviderError {
  /**
   * The message without what was asked for. It is shown to everybody who waits for the same backend, and what one tenant reads is not for
   * the eyes of another.
   */
  readonly toOthers: string;

  constructor(message: string, init: OutageInit = {}) {
    super(message, init);
    this.toOthers = init.toOthers ?? message;
  }
}

/** Too many calls. `retryAfterMs` when the backend said when to come back. */
export class ThrottledError extends OutageError {
  override readonly name = 'ThrottledError';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, init: OutageInit & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, init);
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** No usable answer: refused connection, time-out, TLS failure, 5xx. Nothing is known about the secret. */
export class BackendUnavailableError extends OutageError {
  override readonly name = 'BackendUnavailableError';
}

/**
 * The identity's backend keeps failing and is left alone for a while; `cause` is the failure that is behind it. Not a
 * new failure: nothing was asked. Whoever waits is told when the circuit closes.
 */
export class CircuitOpenError extends ProviderError {
  override readonly name = 'CircuitOpenError';
  /** Epoch milliseconds of the next attempt. */
  readonly retryAtMs: number;

  constructor(cause: OutageError, retryAtMs: number) {
    super(`${cause.toOthers} (it keeps failing and is asked again only now and then)`, { code: cause.code, cause });
    this.retryAtMs = retryAtMs;
  }
}

/** Validating found nothing wrong, and nothing out: the backend does not answer such questions. The store may be used. */
export class ValidityUnknownError extends ProviderError {
  override readonly name = 'ValidityUnknownError';
}

export function isOutage(error: unknown): error is OutageError {
  return error instanceof OutageError;
}
