/**
 * What an answer of the API server other than success means, in words that name resource, verb and namespace and what
 * to look at.
 */
import type { SecretValue } from '../../secret-value.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  SecretNotFoundError,
  ThrottledError,
  type ProviderError,
} from '../errors.ts';
import { quotable } from '../exchange.ts';
import { isJsonObject, type JsonObject } from '../json/index.ts';
import { LostRaceError } from '../key-locks.ts';

/** What was asked of the API server, in the words of its access rules. */
export interface Asked {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'delete';
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The API server's own words: the Status object of a refusal. */
export interface Said {
  /** One line, without our credentials; empty when it said nothing. */
  readonly message: string;
  /** e.g. `NotFound`; empty when the answer is no Status. */
  readonly reason: string;
  /** The resource the Status is about, e.g. `secrets`. */
  readonly resource: string;
}

export interface Refused {
  readonly host: string;
  readonly who: string;
  readonly asked: Asked;
  readonly status: number;
  readonly said: Said;
  readonly retryAfterMs: number | undefined;
}

/** The version of a list, or of its next page, is no longer kept: the list begins anew. */
export class ListExpiredError extends BackendUnavailableError {}

export function refusal(refused: Refused): ProviderError {
  const { host, who, asked, status, said } = refused;
  const init = { code: String(status) };
  const outage = { ...init, toOthers: `Kubernetes at ${host}: ${status}` };
  const words = said.message === '' ? '' : `: ${said.message}`;
  const about = `Kubernetes at ${host}: ${asked.verb} ${describe(asked)}: ${status}${words}`;
  if (status === 401)
    return new AuthenticationError(`${about}; ${who} was not accepted: it is expired, or of another cluster`, init);
  if (status === 403) return new PermissionDeniedError(`${about}; ${who} needs ${grant(asked)}`, init);
  if (status === 404) return notFound(refused, about);
  if (status === 409) return new LostRaceError(about, init);
  if (status === 410) return new ListExpiredError(about, outage);
  if (status === 429) return new ThrottledError(about, { ...outage, retryAfterMs: refused.retryAfterMs });
  if (status >= 500) return new BackendUnavailableError(about, outage);
  if (status === 400 || status === 422) return new InvalidRefError(about, init);
  const redirect = status < 400 ? '; redirects are not followed: set the server URL to where it leads' : '';
  return new InvalidProviderConfigError(`${about}${redirect}`, init);
}

export function saidOf(object: JsonObject | undefined, secrets: readonly SecretValue[]): Said {
  const isStatus = object?.get('kind') === 'Status';
  const text = (from: JsonObject | undefined, name: string): string => {
    const value = from?.get(name);
    return typeof value === 'string' ? value : '';
  };
  const details = object?.get('details');
  return {
    message: isStatus ? quotable(text(object, 'message').replaceAll(/\s+/g, ' ').trim(), secrets) : '',
    reason: isStatus ? text(object, 'reason') : '',
    resource: isStatus && isJsonObject(details) ? text(details, 'kind') : '',
  };
}

/** Only the API server's word that this Secret does not exist counts as such: a deletion policy may act on it. */
function notFound({ asked, said, host }: Refused, about: string): ProviderError {
  const init = { code: '404' };
  const isTheSecret = said.reason === 'NotFound' && said.resource === 'secrets' && asked.name !== undefined;
  if (isTheSecret) return new SecretNotFoundError(`Kubernetes at ${host} has no ${describe(asked)}`, init);
  if (asked.verb === 'create' && said.reason === 'NotFound' && said.resource === 'namespaces')
    return new InvalidProviderConfigError(`${about}; there is no such namespace: create it`, init);
  return new InvalidProviderConfigError(`${about}; this is not the Kubernetes API: check the server URL`, init);
}

/** `secrets "db" in namespace "remote"`. */
function describe({ resource, name, namespace }: Asked): string {
  const which = name === undefined ? resource : `${resource} "${name}"`;
  return namespace === undefined ? which : `${which} in namespace "${namespace}"`;
}

function grant({ verb, resource, namespace }: Asked): string {
  return `a role with verb "${verb}" on ${resource}${namespace === undefined ? '' : ` in namespace "${namespace}"`}`;
}
