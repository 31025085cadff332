/**
 * One HTTP request to a backend and its whole answer, over a pool of `outbound.ts`, and what several backends make of
 * it in the same way: failures of the network, `Retry-After`, a server's words that are to be shown.
 */
import { errors, type Dispatcher } from 'undici';
import type { SecretValue } from '../secret-value.ts';
import { AuthenticationError, BackendUnavailableError, ProviderError, ThrottledError } from './errors.ts';
import { describeNetworkError } from './outbound.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** Sends and reads all of the answer. Follows no redirect. @throws whatever the connection fails with, or the abort. */
export async function roundTrip(
  dispatcher: Dispatcher,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { url, method, headers, body } = request;
  const response = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers,
    body: body ?? null,
    signal,
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: new Uint8Array(await response.body.arrayBuffer()),
  };
}

export interface Patience {
  /** Real time for the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** Who is asked, for messages, e.g. `Kubernetes at 10.0.0.1:6443`. */
  readonly whom: string;
  readonly signal: AbortSignal;
}

/**
 * {@link roundTrip} with a deadline and one kind of error.
 * @throws BackendUnavailableError, InvalidProviderConfigError (an address that D73 refuses) or the abort reason.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  { timeoutMs, whom, signal }: Patience,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await roundTrip(dispatcher, request, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(whom, error, timeout.aborted);
  }
}

/** What a failed connection means. Errors that say more already stay as they are. */
export function unreachable(whom: string, error: unknown, timedOut: boolean): ProviderError {
  if (error instanceof ProviderError) return error;
  const cause = timedOut ? 'no answer in time' : describeNetworkError(error);
  return new BackendUnavailableError(`${whom} cannot be reached: ${cause}`, { cause: error });
}

/** The answer was cut off because it is larger than any may be: asking for less would help. */
export function isTooLarge(error: unknown): boolean {
  const cause = error instanceof BackendUnavailableError ? error.cause : undefined;
  return cause instanceof errors.ResponseExceededMaxSizeError;
}

/** No login, no answer, too many calls: the next ref would fare no better. */
export function concernsAll(error: ProviderError): boolean {
  return [AuthenticationError, BackendUnavailableError, ThrottledError].some((kind) => error instanceof kind);
}

/** `Retry-After` in milliseconds: seconds, or an HTTP date seen from `now`. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const LONGEST_QUOTE = 500;

/** A server may repeat what it was sent, plainly or encoded: nothing of `secrets` gets into a condition or an event. */
export function quotable(text: string, secrets: readonly SecretValue[]): string {
  const looks = secrets.flatMap(looksOf).sort((one, other) => other.length - one.length);
  const plain = looks.reduce((left, look) => left.replaceAll(look, '<secret>'), text);
  return plain.length > LONGEST_QUOTE ? `${plain.slice(0, LONGEST_QUOTE)}…` : plain;
}

/** How a value may stand in a text: as it is, on one line, inside JSON, in Base64, in a URL. */
function looksOf(secret: SecretValue): readonly string[] {
  const text = secret.revealText().trim();
  if (text === '') return [];
  const base64 = Buffer.from(secret.reveal()).toString('base64');
  const looks = [text, text.replaceAll(/\s+/g, ' '), JSON.stringify(text).slice(1, -1), base64];
  return [...new Set([...looks, encodeURIComponent(text.toWellFormed())])];
}
