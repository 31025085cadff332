/**
 * Vault's HTTP API over our own connection pool: one request in, one parsed answer out. Knows headers, retries, one
 * redirect, time-outs and exact numbers; it does not know what a status means for a secret or a login. Nothing of the
 * process environment (`VAULT_*`, proxies) has any effect. Why there is no library here: docs/decisions/vault-client.md.
 */
import type { Dispatcher } from 'undici';
import { sleep, type Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import { BackendUnavailableError, InvalidRefError, ProviderError, ThrottledError } from '../errors.ts';
import { retryAfterMs, roundTrip, unreachable, type HttpAnswer } from '../exchange.ts';
import type { ApiCallObserver } from '../provider.ts';
import { readAnswer, type VaultAnswer } from './answer.ts';
import { SeenIndexes } from './consistency.ts';
import { encodePath } from './paths.ts';
import { isRetried, nextWaitMs, type RetryPolicy } from './retry.ts';

export const VAULT_TIMEOUT_MS = 60_000;

/** Metric labels of `providers.md` 1.11, and one of our own for renewals. */
export type VaultCall =
  | 'Login'
  | 'LookupSelf'
  | 'RenewSelf'
  | 'RevokeSelf'
  | 'ReadSecretData'
  | 'WriteSecretData'
  | 'DeleteSecret'
  | 'ListSecrets';

export interface VaultRequest {
  readonly call: VaultCall;
  readonly method: 'GET' | 'LIST' | 'PUT' | 'DELETE';
  /** API path without `/v1/`, not percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** JSON text. */
  readonly body?: string;
  readonly token?: SecretValue | undefined;
  /** Vault Enterprise namespace. */
  readonly namespace?: string | undefined;
  /** Values that must not come back in a message, even if the server repeats them. The token always belongs to them. */
  readonly secrets?: readonly SecretValue[];
}

export interface VaultClientOptions {
  readonly server: URL;
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
  /** Keeps `X-Vault-Index` and sends it back. */
  readonly readYourWrites: boolean;
  /** Sends `X-Vault-Inconsistent: forward-active-node`. */
  readonly forwardToActive: boolean;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly observe: ApiCallObserver;
  readonly random?: () => number;
  /** Real time, for one try; default {@link VAULT_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

type Try =
  | { readonly done: VaultAnswer }
  | { readonly failed: ProviderError; readonly retried: boolean; readonly waitMs: number | undefined };

export class VaultClient {
  readonly #options: VaultClientOptions;
  readonly #indexes = new SeenIndexes();
  readonly #random: () => number;

  constructor(options: VaultClientOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Host and port, for messages. */
  get host(): string {
    return this.#options.server.host;
  }

  /**
   * Any answer of Vault's own, whatever its status, unless it is one of those that are tried again.
   * @throws BackendUnavailableError, ThrottledError, InvalidProviderConfigError (a refused address) or the abort reason.
   */
  async send(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer> {
    try {
      const answer = await this.#retrying(request, signal);
      this.#options.observe(
        'HashiCorp/Vault',
        request.call,
        answer.status < 400 || answer.status === 404 ? 'success' : 'error',
      );
      return answer;
    } catch (error) {
      this.#options.observe('HashiCorp/Vault', request.call, 'error');
      throw error;
    }
  }

  async #retrying(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer> {
    const { retry, clock } = this.#options;
    for (let tries = 0; ; tries++) {
      const result = await this.#try(request, signal);
      if ('done' in result) return result.done;
      const waitMs = nextWaitMs(retry, result.waitMs, this.#random);
      if (!result.retried || tries >= retry.maxRetries || waitMs === undefined) throw result.failed;
      await sleep(clock, waitMs, signal);
    }
  }

  async #try(request: VaultRequest, signal: AbortSignal): Promise<Try> {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? VAULT_TIMEOUT_MS);
    try {
      const response = await this.#exchange(request, AbortSignal.any([signal, timeout]));
      return this.#judge(request, response);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProviderError) return { failed: error, retried: false, waitMs: undefined };
      const failed = unreachable(`Vault at ${this.host}`, error, timeout.aborted);
      return { failed, retried: true, waitMs: undefined };
    }
  }

  #judge(request: VaultRequest, response: HttpAnswer): Try {
    const { status, headers, body } = response;
    const index = headers['x-vault-index'];
    if (this.#options.readYourWrites && typeof index === 'string') this.#indexes.note(index);
    const answer = readAnswer(status, body, secretsOf(request));
    if (answer !== undefined && !isRetried(status)) return { done: answer };
    const said = answer?.message ?? '';
    const about = `Vault at ${this.host}: ${request.method} ${request.path}: ${status}`;
    const toOthers = `Vault at ${this.host}: ${status}`;
    const waitMs = retryAfterMs(headers['retry-after'], this.#options.clock.now());
    if (answer === undefined && !isRetried(status)) {
      const failed = new BackendUnavailableError(`${about}, and the answer is not Vault's: check the server URL`, {
        code: String(status),
        toOthers: `${toOthers}, and the answer is not Vault's: check the server URL`,
      });
      return { failed, retried: false, waitMs: undefined };
    }
    const message = said === '' ? about : `${about} ${said}`;
    // 503: it is sealed or a standby, whatever was asked.
    const init = { code: String(status), toOthers: status === 503 && said !== '' ? `${toOthers} ${said}` : toOthers };
    const failed =
      status === 429
        ? new ThrottledError(message, { ...init, retryAfterMs: waitMs })
        : new BackendUnavailableError(message, init);
    return { failed, retried: true, waitMs };
  }

  /** One request, and one more when Vault points to another node. */
  async #exchange(request: VaultRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const first = this.#url(request);
    const response = await this.#roundTrip(first, request, signal);
    const next = redirectTarget(first, response);
    if (next === undefined) return response;
    const second = await this.#roundTrip(next, request, signal);
    if (redirectTarget(next, second) !== undefined)
      throw new BackendUnavailableError(
        `Vault at ${this.host} redirects more than once: ${request.method} ${request.path}`,
        { toOthers: `Vault at ${this.host} redirects more than once` },
      );
    return second;
  }

  #roundTrip(url: URL, request: VaultRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const method = request.method === 'LIST' ? 'GET' : request.method;
    const headers = this.#headers(request);
    return roundTrip(this.#options.dispatcher, { url, method, headers, body: request.body }, signal);
  }

  #url(request: VaultRequest): URL {
    const base = this.#options.server;
    const path = `${base.pathname.replace(/\/+$/, '')}/v1/${encodePath(request.path)}`;
    const url = new URL(base);
    url.pathname = path;
    // The parser resolves dot segments; what changed would leave the place the caller meant (D79).
    if (url.pathname !== path) throw new InvalidRefError(`"${request.path}" is not a plain API path`);
    const query = Object.entries(request.query ?? {}).flatMap(([name, values]) =>
      (typeof values === 'string' ? [values] : values).map((value) => [name, value]),
    );
    url.search = new URLSearchParams(request.method === 'LIST' ? [...query, ['list', 'true']] : query).toString();
    return url;
  }

  #headers(request: VaultRequest): Record<string, string | string[]> {
    const { headers, readYourWrites, forwardToActive } = this.#options;
    const all: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
    all['x-vault-request'] = 'true';
    if (request.token !== undefined) all['x-vault-token'] = request.token.revealText();
    if (request.namespace !== undefined && request.namespace !== '') all['x-vault-namespace'] = request.namespace;
    if (request.body !== undefined) all['content-type'] = 'application/json';
    if (readYourWrites && this.#indexes.headers.length > 0) all['x-vault-index'] = [...this.#indexes.headers];
    if (forwardToActive) all['x-vault-inconsistent'] = 'forward-active-node';
    return all;
  }
}

function secretsOf(request: VaultRequest): readonly SecretValue[] {
  return request.token === undefined ? (request.secrets ?? []) : [request.token, ...(request.secrets ?? [])];
}

/** A standby node points to the active one. The pool checks the new address as it checked the first (D73). */
function redirectTarget(from: URL, response: HttpAnswer): URL | undefined {
  const location = response.headers['location'];
  if (![301, 302, 307, 308].includes(response.status) || typeof location !== 'string') return undefined;
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const safe = next?.protocol === 'https:' || (next?.protocol === 'http:' && from.protocol === 'http:');
  if (next === undefined || !safe)
    throw new BackendUnavailableError(`Vault at ${from.host} redirects to an address that is not https`);
  return next;
}
