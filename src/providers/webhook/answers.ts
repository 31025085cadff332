/**
 * What the status of a webhook's answer means. Messages name host and key: neither the body nor the rest of the URL,
 * which may hold secrets.
 */
import { STATUS_CODES } from 'node:http';
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

export interface Answered {
  readonly host: string;
  /** e.g. `Webhook: GET vault.example.com for key "db"`. */
  readonly about: string;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The error for any status but success. */
export function refusal({ host, about, status, retryAfterMs }: Answered): ProviderError {
  const phrase = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const message = `${about}: ${phrase}`;
  const init = { code: String(status) };
  const outage = { ...init, toOthers: `Webhook at ${host}: ${phrase}` };
  if (status === 404) return new SecretNotFoundError(message, init);
  if (status === 304)
    return new InvalidProviderConfigError(
      `${message}: the server sent no value; leave headers such as If-None-Match and If-Modified-Since out`,
      init,
    );
  if (status === 401)
    return new AuthenticationError(
      `${message}: it does not accept what headers and secrets of the SecretStore give`,
      init,
    );
  if (status === 403) return new PermissionDeniedError(`${message}: whom the headers name may not do this there`, init);
  if (status === 429) return new ThrottledError(message, { ...outage, retryAfterMs });
  if (status >= 500) return new BackendUnavailableError(message, outage);
  if (status >= 400)
    return new InvalidRefError(`${message}: look at url, method, headers and body of the SecretStore`, init);
  return new InvalidProviderConfigError(`${message}: this redirect is not followed`, init);
}
