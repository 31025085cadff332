/**
 * One call to a webhook: the request, redirects, the conditional request, the status. Knows nothing of templates and of
 * what is in an answer.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import { BackendUnavailableError } from '../errors.ts';
import { exchange, retryAfterMs, type HttpAnswer, type HttpRequest } from '../exchange.ts';
import type { ApiCallObserver } from '../provider.ts';
import { isSuccess, refusal } from './answers.ts';
import { KnownAnswers } from './known-answers.ts';

export interface WebhookCallerOptions {
  readonly dispatcher: Dispatcher;
  /** Real time for one answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly observe: ApiCallObserver;
}

const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const CONDITIONS = ['if-none-match', 'if-match', 'if-modified-since', 'if-unmodified-since', 'range'];

export class WebhookCaller {
  readonly #options: WebhookCallerOptions;
  readonly #known = new KnownAnswers();

  constructor(options: WebhookCallerOptions) {
    this.#options = options;
  }

  /**
   * The body of a successful answer. `key` is for messages; empty where nothing is looked up.
   * @throws SecretNotFoundError for 404, another ProviderError, or the abort reason.
   */
  async call(request: HttpRequest, key: string, signal: AbortSignal): Promise<Uint8Array> {
    const known = CONDITIONS.some((name) => name in request.headers) ? undefined : this.#known.find(request);
    const conditional =
      known === undefined ? request : { ...request, headers: { ...request.headers, 'if-none-match': known.etag } };
    const answer = await this.#observed(conditional, signal);
    if (answer.status === 304 && known !== undefined) return known.body;
    if (!isSuccess(answer.status)) throw this.#refusal(request, key, answer);
    this.#known.note(request, answer);
    return answer.body;
  }

  close(): void {
    this.#known.clear();
  }

  async #observed(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { observe } = this.#options;
    try {
      const answer = await this.#following(request, signal);
      observe('Webhook', 'HTTPRequest', answer.status < 400 || answer.status === 404 ? 'success' : 'error');
      return answer;
    } catch (error) {
      observe('Webhook', 'HTTPRequest', 'error');
      throw error;
    }
  }

  async #following(first: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#exchange(request, signal);
      const next = redirected(request, answer);
      if (next === undefined) return answer;
      if (redirects >= MOST_REDIRECTS)
        throw new BackendUnavailableError(`Webhook at ${first.url.host} redirects more than ${MOST_REDIRECTS} times`);
      request = next;
    }
  }

  #exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { dispatcher, timeoutMs } = this.#options;
    return exchange(dispatcher, request, { timeoutMs, whom: `Webhook at ${request.url.host}`, signal });
  }

  #refusal({ method, url }: HttpRequest, key: string, { status, headers }: HttpAnswer) {
    return refusal({
      host: url.host,
      about: `Webhook: ${method} ${url.host}${key === '' ? '' : ` for key ${JSON.stringify(key)}`}`,
      status,
      retryAfterMs: retryAfterMs(headers['retry-after'], this.#options.clock.now()),
    });
  }
}

/**
 * The request a redirect asks for. Only reads are sent on; another server never gets the headers, which may hold
 * credentials, and never an unencrypted connection in place of an encrypted one. The pool checks each new address (D73).
 */
function redirected(request: HttpRequest, { status, headers }: HttpAnswer): HttpRequest | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || typeof location !== 'string' || !URL.canParse(location, request.url)) return undefined;
  const url = new URL(location, request.url);
  const isWeb = url.protocol === 'https:' || (url.protocol === 'http:' && request.url.protocol === 'http:');
  const isPlainRead = request.body === undefined && ['GET', 'HEAD'].includes(request.method);
  if (!isWeb || !isPlainRead) return undefined;
  return { url, method: request.method, headers: url.origin === request.url.origin ? request.headers : {} };
}
