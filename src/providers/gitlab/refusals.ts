/**
 * What GitLab's refusals mean, in words that are the same from try to try and name the remedy.
 */
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  ThrottledError,
  type ProviderError,
} from '../errors.ts';

/** A project or a group: where variables stand. */
export interface Source {
  readonly kind: 'project' | 'group';
  /** Number or path. */
  readonly id: string;
}

export interface Refused {
  readonly host: string;
  readonly source: Source;
  readonly status: number;
  /** What GitLab said, made fit to be shown. */
  readonly said: string;
  readonly retryAfterMs: number | undefined;
}

/** `project "shop/backend"`. */
export function describeSource({ kind, id }: Source): string {
  return `${kind} "${id}"`;
}

/** What must be granted to read the variables of a source. */
function grant({ kind }: Source): string {
  return `scope read_api and the role ${kind === 'project' ? 'Maintainer' : 'Owner'} in that ${kind}`;
}

export function refusal({ host, source, status, said, retryAfterMs }: Refused): ProviderError {
  const init = { code: String(status) };
  const outage = { ...init, toOthers: `GitLab at ${host}: ${status}` };
  const about = `GitLab at ${host}: variables of ${describeSource(source)}: ${status}${said === '' ? '' : ` (${said})`}`;
  if (status === 401)
    return new AuthenticationError(
      `${about}; the access token was not accepted: it is wrong, expired or revoked`,
      init,
    );
  if (status === 403) return new PermissionDeniedError(`${about}; the access token needs ${grant(source)}`, init);
  if (status === 404) return missing(source, about, said);
  if (status === 429) return new ThrottledError(about, { ...outage, retryAfterMs });
  if (status >= 500) return new BackendUnavailableError(about, outage);
  if (status === 400 || status === 409) return new InvalidRefError(about, init);
  const moved =
    status < 400 ? '; redirects are not followed: use the number of a project that was moved, and the final url' : '';
  return new InvalidProviderConfigError(`${about}${moved}`, init);
}

/**
 * Never "secret not found": GitLab says 404 also of what the token may not see, and a deletion policy must not act on
 * that.
 */
function missing(source: Source, about: string, said: string): ProviderError {
  const init = { code: '404' };
  return /\b(project|group)\b/i.test(said)
    ? new InvalidProviderConfigError(`${about}; there is no such ${source.kind}, or the token may not see it`, init)
    : new InvalidProviderConfigError(`${about}; this is not the API of GitLab: check the url`, init);
}
