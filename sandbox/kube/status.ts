/**
 * What the API server answers when it does not answer with an object: a Status, thrown as {@link StatusError} from
 * wherever the request failed and turned into a response in one place. Texts and reasons are those of kube-apiserver.
 */
import type { Json, JsonObject } from './json.ts';
import { compact } from './json.ts';

export interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusInit {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: JsonObject;
}

export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  /** Texts for Warning headers: refusals carry them too. */
  readonly warnings: string[] = [];

  constructor(init: StatusInit) {
    super(init.message);
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
  }

  toJson(): JsonObject {
    return compact({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason === '' ? undefined : this.reason,
      details: this.details,
      code: this.code,
    });
  }
}

/** Group and plural of the resource an error is about, as `details` and messages name it. */
export interface About {
  readonly group: string;
  readonly plural: string;
}

/** `secrets` or `externalsecrets.external-secrets.io`. */
export function qualified(about: About): string {
  return about.group === '' ? about.plural : `${about.plural}.${about.group}`;
}

function detailsOf(about: About, name: string, more: JsonObject = {}): JsonObject {
  return compact({
    name: name === '' ? undefined : name,
    group: about.group === '' ? undefined : about.group,
    kind: about.plural,
    ...more,
  });
}

export function notFound(about: About, name: string): StatusError {
  const message = `${qualified(about)} ${JSON.stringify(name)} not found`;
  return new StatusError({ code: 404, reason: 'NotFound', message, details: detailsOf(about, name) });
}

/** The answer to a path that leads nowhere: plain text, as no API is there that could speak in Statuses. */
export class NoSuchPath extends StatusError {
  readonly text = '404 page not found\n';

  constructor() {
    super({ code: 404, reason: 'NotFound', message: '404 page not found' });
  }
}

/** A group and version that is served, but no such resource in it. */
export function pathNotFound(): StatusError {
  const message = 'the server could not find the requested resource';
  return new StatusError({ code: 404, reason: 'NotFound', message, details: {} });
}

export function alreadyExists(about: About, name: string): StatusError {
  const message = `${qualified(about)} ${JSON.stringify(name)} already exists`;
  return new StatusError({ code: 409, reason: 'AlreadyExists', message, details: detailsOf(about, name) });
}

export function conflict(about: About, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(about)} ${JSON.stringify(name)}: ${why}`;
  return new StatusError({ code: 409, reason: 'Conflict', message, details: detailsOf(about, name) });
}

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function forbidden(about: About, name: string, why: string, causes?: readonly Cause[]): StatusError {
  const subject = name === '' ? qualified(about) : `${qualified(about)} ${JSON.stringify(name)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${why}`,
    details: detailsOf(about, name, causes === undefined ? {} : { causes: causes as unknown as Json }),
  });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError({ code: 405, reason: 'MethodNotAllowed', message, details: {} });
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

export function internalError(message: string): StatusError {
  const details = { causes: [{ message }] };
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details,
  });
}

/** What lies outside the sandbox's scope (D82): the answer names it. */
export function notImplemented(what: string): StatusError {
  const message = `the sandbox's Kubernetes API does not implement ${what}`;
  return new StatusError({ code: 501, reason: 'NotImplemented', message });
}

/** A field that is wrong; `text` is everything after the path, e.g. `Required value`. */
export interface FieldError {
  readonly field: string;
  readonly reason: string;
  readonly text: string;
}

/** 422: the object breaks rules of its kind. `kind` is the kind's name, not its plural. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const texts = errors.map((error) => `${error.field}: ${error.text}`);
  const unique = [...new Set(texts)];
  const what = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
  const subject = group === '' ? kind : `${kind}.${group}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${subject} ${JSON.stringify(name)} is invalid: ${what}`,
    details: compact({
      name: name === '' ? undefined : name,
      group: group === '' ? undefined : group,
      kind,
      causes: errors.map((error) => ({ reason: error.reason, message: error.text, field: error.field })),
    }),
  });
}
