/**
 * The API server of a tenant's choice over our own connection pool: one request in, one JSON object out, errors in
 * words that name resource, verb and namespace. Not the client of `src/kube`: that one speaks with the operator's
 * rights.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import { BackendUnavailableError, type ProviderError } from '../errors.ts';
import { exchange, retryAfterMs, type HttpAnswer } from '../exchange.ts';
import { isJsonObject, JsonSyntaxError, parseJson, type JsonObject } from '../json/index.ts';
import type { ApiCallObserver } from '../provider.ts';
import { refusal, saidOf, type Asked } from './refusals.ts';
import type { TokenSource } from './token-source.ts';

/** Real time for one request. */
export const KUBERNETES_TIMEOUT_MS = 30_000;

/** Metric labels of `providers.md` 1.11, and one of our own for the second question of a validation. */
export type KubernetesCall =
  | 'GetSecret'
  | 'ListSecrets'
  | 'CreateSecret'
  | 'UpdateSecret'
  | 'DeleteSecret'
  | 'CreateSelfSubjectRulesReview'
  | 'CreateSelfSubjectAccessReview';

export interface ApiRequest {
  readonly call: KubernetesCall;
  readonly asked: Asked;
  /** Segments of the path, not percent-encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text; makes it a POST, unless `method` says otherwise. */
  readonly body?: string;
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  /** Values that must not come back in a message, even if the server repeats them. The token always belongs to them. */
  readonly secrets?: readonly SecretValue[];
}

export interface KubernetesClientOptions {
  readonly server: URL;
  readonly dispatcher: Dispatcher;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly observe: ApiCallObserver;
  /** Default {@link KUBERNETES_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

export class KubernetesClient {
  readonly #options: KubernetesClientOptions;

  constructor(options: KubernetesClientOptions) {
    this.#options = options;
  }

  /** Host and port, for messages. */
  get host(): string {
    return this.#options.server.host;
  }

  /** @throws ProviderError (SecretNotFoundError only when the API server says so of a Secret), or the abort reason. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<JsonObject> {
    const { answer, token } = await this.#observed(request, signal);
    const object = objectOf(answer.body);
    if (answer.status >= 300) throw this.#refusal(request, answer, object, token);
    if (object !== undefined) return object;
    throw new BackendUnavailableError(
      `Kubernetes at ${this.host}: ${answer.status}, and the answer is not the Kubernetes API’s: check the server URL`,
      { code: String(answer.status) },
    );
  }

  async #observed(request: ApiRequest, signal: AbortSignal): Promise<Exchanged> {
    const { observe } = this.#options;
    try {
      const exchanged = await this.#authenticated(request, signal);
      const { status } = exchanged.answer;
      observe('Kubernetes', request.call, status < 300 || status === 404 ? 'success' : 'error');
      return exchanged;
    } catch (error) {
      observe('Kubernetes', request.call, 'error');
      throw error;
    }
  }

  /** A token that is refused is replaced once, where it can be. */
  async #authenticated(request: ApiRequest, signal: AbortSignal): Promise<Exchanged> {
    const { tokens } = this.#options;
    const token = await tokens.current();
    const answer = await this.#exchange(request, token, signal);
    if (answer.status !== 401 || !tokens.replace(token)) return { answer, token };
    const next = await tokens.current();
    return { answer: await this.#exchange(request, next, signal), token: next };
  }

  #exchange(request: ApiRequest, token: SecretValue | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const { dispatcher, timeoutMs = KUBERNETES_TIMEOUT_MS } = this.#options;
    const { body } = request;
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'external-secrets' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (token !== undefined) headers['authorization'] = `Bearer ${token.revealText().trim()}`;
    const method = request.method ?? (body === undefined ? 'GET' : 'POST');
    const whom = `Kubernetes at ${this.host}`;
    return exchange(dispatcher, { url: this.#url(request), method, headers, body }, { timeoutMs, whom, signal });
  }

  /** The server's own path stays: API servers are also reached through a path of a management server. */
  #url({ path, query = {} }: ApiRequest): URL {
    const url = new URL(this.#options.server);
    url.pathname = [url.pathname.replace(/\/+$/, ''), ...path.map(encodeURIComponent)].join('/');
    url.search = new URLSearchParams(query).toString();
    return url;
  }

  #refusal(
    { asked, secrets = [] }: ApiRequest,
    { status, headers }: HttpAnswer,
    object: JsonObject | undefined,
    token: SecretValue | undefined,
  ): ProviderError {
    const { tokens, clock } = this.#options;
    return refusal({
      host: this.host,
      who: tokens.who,
      asked,
      status,
      said: saidOf(object, token === undefined ? secrets : [token, ...secrets]),
      retryAfterMs: retryAfterMs(headers['retry-after'], clock.now()),
    });
  }
}

interface Exchanged {
  readonly answer: HttpAnswer;
  readonly token: SecretValue | undefined;
}

function objectOf(body: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(body);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
