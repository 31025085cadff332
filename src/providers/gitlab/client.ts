/**
 * GitLab's REST API (version 4) over our own connection pool: one request in, its JSON out, and nothing but GET. It
 * knows headers, paging and refusals; it does not know what a variable is for.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import { BackendUnavailableError } from '../errors.ts';
import { exchange, quotable, retryAfterMs, type HttpAnswer } from '../exchange.ts';
import type { ApiCallObserver } from '../provider.ts';
import { describeSource, refusal, type Source } from './refusals.ts';

/** Real time for one request. */
export const GITLAB_TIMEOUT_MS = 30_000;
/** The most GitLab puts on one page. */
export const PAGE_SIZE = 100;
/** GitLab keeps at most 30,000 variables in a group: more pages than this are no list of variables. */
const MOST_PAGES = 400;

/** Metric labels of `behaviour.md` 7. */
export type GitlabCall =
  'ListProjectsGroups' | 'ProjectVariableGet' | 'ProjectVariablesList' | 'GroupVariableGet' | 'GroupVariablesList';

export interface GitlabRequest {
  readonly call: GitlabCall;
  readonly source: Source;
  /** Segments below the source, not percent-encoded. */
  readonly path: readonly string[];
}

export interface GitlabClientOptions {
  /** With or without `/api/v4`. */
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly token: SecretValue;
  readonly clock: Clock;
  readonly observe: ApiCallObserver;
  /** Default {@link GITLAB_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

export interface Listed {
  readonly items: readonly unknown[];
  readonly pages: number;
  /** False when the list changed between its pages, so that something may have slipped through. */
  readonly steady: boolean;
}

export class GitlabClient {
  readonly #options: GitlabClientOptions;
  readonly #base: string;

  constructor(options: GitlabClientOptions) {
    this.#options = options;
    const path = options.url.pathname.replace(/\/+$/, '').replace(/\/api\/v4$/, '');
    this.#base = `${options.url.origin}${path}/api/v4`;
  }

  /** Host and port, for messages. */
  get host(): string {
    return this.#options.url.host;
  }

  /** All pages of a list. @throws ProviderError or the abort reason */
  async list(request: GitlabRequest, signal: AbortSignal): Promise<Listed> {
    const items: unknown[] = [];
    const totals = new Set<unknown>();
    for (let page = 1; page <= MOST_PAGES; page++) {
      const answer = await this.#get(request, { page: String(page), per_page: String(PAGE_SIZE) }, signal);
      if (answer.status !== 200) throw this.#refused(request, answer);
      const found = this.#json(request, answer);
      if (!Array.isArray(found)) throw this.#strange(request, answer);
      items.push(...(found as readonly unknown[]));
      totals.add(answer.headers['x-total']);
      if (!hasNextPage(answer)) return { items, pages: page, steady: totals.size === 1 };
    }
    throw new BackendUnavailableError(
      `GitLab at ${this.host}: the list of ${describeSource(request.source)} does not end`,
    );
  }

  /**
   * Is there such a thing? `missing` is GitLab's word for its absence, as opposed to that of the project or group.
   * @throws ProviderError or the abort reason
   */
  async exists(request: GitlabRequest, missing: RegExp, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#get(request, {}, signal);
    // There are several of that name.
    if (answer.status === 409) return true;
    if (answer.status === 200) return this.#isObject(request, answer);
    if (answer.status === 404 && missing.test(this.#said(answer))) return false;
    throw this.#refused(request, answer);
  }

  async #get(
    request: GitlabRequest,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { dispatcher, token, observe, timeoutMs = GITLAB_TIMEOUT_MS } = this.#options;
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${token.revealText()}`,
      'user-agent': 'external-secrets',
    };
    const whom = `GitLab at ${this.host}`;
    try {
      const url = this.#url(request, query);
      const answer = await exchange(dispatcher, { url, method: 'GET', headers }, { timeoutMs, whom, signal });
      observe('GitLab', request.call, answer.status < 300 || answer.status === 404 ? 'success' : 'error');
      return answer;
    } catch (error) {
      observe('GitLab', request.call, 'error');
      throw error;
    }
  }

  /** Ids may be paths: their slashes are part of the name. */
  #url({ source, path }: GitlabRequest, query: Readonly<Record<string, string>>): URL {
    const segments = [`${source.kind}s`, source.id, ...path].map(encodeURIComponent);
    const url = new URL(`${this.#base}/${segments.join('/')}`);
    url.search = new URLSearchParams(query).toString();
    return url;
  }

  /** @throws BackendUnavailableError when it is not */
  #isObject(request: GitlabRequest, answer: HttpAnswer): true {
    const found = this.#json(request, answer);
    if (typeof found !== 'object' || found === null || !('key' in found)) throw this.#strange(request, answer);
    return true;
  }

  #json(request: GitlabRequest, answer: HttpAnswer): unknown {
    try {
      return JSON.parse(Buffer.from(answer.body).toString('utf8'));
    } catch {
      // Without the cause: it may quote what could not be parsed.
      throw this.#strange(request, answer);
    }
  }

  #strange({ source }: GitlabRequest, { status }: HttpAnswer): BackendUnavailableError {
    return new BackendUnavailableError(
      `GitLab at ${this.host}: variables of ${describeSource(source)}: ${status}, and the answer is not that of ` +
        'GitLab’s API: check the url',
      { code: String(status) },
    );
  }

  #refused({ source }: GitlabRequest, answer: HttpAnswer) {
    return refusal({
      host: this.host,
      source,
      status: answer.status,
      said: this.#said(answer),
      retryAfterMs: waitMs(answer, this.#options.clock.now()),
    });
  }

  /** GitLab's `message`, or the `error_description` of its login; nothing when the answer is not JSON. */
  #said({ body }: HttpAnswer): string {
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(body).toString('utf8'));
    } catch {
      return '';
    }
    if (typeof parsed !== 'object' || parsed === null) return '';
    const { message, error_description, error } = parsed as Readonly<Record<string, unknown>>;
    const said = [message, error_description, error].find((text) => typeof text === 'string') ?? '';
    return quotable(
      said
        .replace(/^\d{3} /, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      [this.#options.token],
    );
  }
}

function hasNextPage({ headers }: HttpAnswer): boolean {
  const next = headers['x-next-page'];
  if (typeof next === 'string') return next !== '';
  // Some proxies keep only the standard header. The link is not followed: the token goes to nobody but `url`.
  return [headers['link']].flat().some((link) => link?.includes('rel="next"') === true);
}

/** `Retry-After`, else the time when GitLab's window of counting ends. */
function waitMs({ headers }: HttpAnswer, now: number): number | undefined {
  const after = retryAfterMs(headers['retry-after'], now);
  const reset = headers['ratelimit-reset'];
  if (after !== undefined || typeof reset !== 'string' || !/^\d+$/.test(reset)) return after;
  return Math.max(0, Number(reset) * 1000 - now);
}
