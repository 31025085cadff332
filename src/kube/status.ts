/** Turns what the API server says in a Status object, or fails to say, into the errors of `errors.ts`. */
import type { KubeErrorInit, StatusDetails } from './errors.ts';
import {
  AlreadyExistsError,
  ConflictError,
  DeniedError,
  GoneError,
  InvalidError,
  KubeError,
  NotFoundError,
  TooManyRequestsError,
  UnreachableError,
} from './errors.ts';

interface Status {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: StatusDetails;
}

/** A server that says 429 without a time is given this long. */
const DEFAULT_RETRY_AFTER_MS = 1000;

/**
 * @param status the HTTP status
 * @param body the parsed body, if it was JSON
 * @param retryAfter the header's text: seconds
 */
export function errorFromAnswer(status: number, body: unknown, retryAfter?: string): KubeError {
  const said: Status = isStatus(body) ? body : {};
  const reason = typeof said.reason === 'string' ? said.reason : '';
  const message =
    typeof said.message === 'string' && said.message !== '' ? said.message : `API server answered ${status}`;
  const retryAfterMs = retryTime(retryAfter, said.details);
  const init = {
    status,
    reason,
    ...(said.details === undefined ? {} : { details: said.details }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return classify(message, init);
}

/** The Status that an ERROR event of a watch carries. */
export function errorFromEvent(object: unknown): KubeError {
  const code = isStatus(object) && typeof object.code === 'number' ? object.code : 500;
  return errorFromAnswer(code, object);
}

function classify(message: string, init: KubeErrorInit): KubeError {
  switch (init.status) {
    case 400:
    case 413:
    case 422:
      return new InvalidError(message, init);
    case 401:
    case 403:
      return new DeniedError(message, init);
    case 404:
      return new NotFoundError(message, init);
    case 409:
      return init.reason === 'AlreadyExists' ? new AlreadyExistsError(message, init) : new ConflictError(message, init);
    case 410:
      return new GoneError(message, init);
    case 429:
      return new TooManyRequestsError(message, { retryAfterMs: DEFAULT_RETRY_AFTER_MS, ...init });
    case 503:
      return init.retryAfterMs === undefined
        ? new UnreachableError(message, init)
        : new TooManyRequestsError(message, init);
    default:
      return init.status >= 500 ? new UnreachableError(message, init) : new KubeError(message, init);
  }
}

function retryTime(header: string | undefined, details: StatusDetails | undefined): number | undefined {
  const seconds = header !== undefined && /^\d+$/.test(header) ? Number(header) : details?.retryAfterSeconds;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'Status';
}
