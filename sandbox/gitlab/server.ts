/**
 * GitLab's variables on loopback: tokens with scopes and roles, pages, a rate limit, a log of calls, and faults on
 * demand. Written from GitLab's published API; no GitLab was at hand to compare it with.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep, systemClock, type Clock } from '../../src/clock.ts';
import { answer, message, type GitlabAnswer } from './api.ts';
import { GitlabModel, type Owner, type TokenOptions } from './model.ts';
import { RateLimit } from './rate-limit.ts';

export type { Role, TokenOptions } from './model.ts';

/** A status, or: `malformed` half an answer, `html` the page of something else, `reset` no answer at all. */
export type GitlabFault = number | 'malformed' | 'html' | 'reset';

export interface SandboxGitlabOptions {
  /** Tokens expire and rate limits count by it. */
  readonly clock: Clock;
  /** Default: any free one. */
  readonly port?: number;
}

export async function startGitlab(options: SandboxGitlabOptions): Promise<SandboxGitlab> {
  const gitlab = new SandboxGitlab(options);
  await gitlab.start();
  return gitlab;
}

export class SandboxGitlab {
  readonly #model: GitlabModel;
  readonly #limit: RateLimit;
  readonly #calls = new Map<string, number>();
  #faults: readonly (readonly [match: string, fault: GitlabFault])[] = [];
  #afterCall: ((call: string) => void) | undefined;
  #latencyMs = 0;
  #port: number;
  #server: Server | undefined;

  constructor({ clock, port = 0 }: SandboxGitlabOptions) {
    this.#model = new GitlabModel(clock);
    this.#limit = new RateLimit(clock);
    this.#port = port;
  }

  /** What a SecretStore's `url` says. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** Listens, after `stop` on the same port again. Data survives. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  addGroup(path: string): number {
    return this.#model.add('group', path);
  }

  addProject(path: string): number {
    return this.#model.add('project', path);
  }

  /** `at` is the full path of a project or group. Key and scope together are unique. */
  setVariable(at: string, key: string, value: string, more: { scope?: string; hidden?: boolean } = {}): void {
    const { scope = '*', hidden = false } = more;
    this.#model.setVariable(this.#ownerAt(at), { key, value, scope, hidden });
  }

  /** In all scopes. */
  removeVariable(at: string, key: string): void {
    this.#model.removeVariable(this.#ownerAt(at), key);
  }

  /** Makes an access token known, or changes what it may do. */
  setToken(token: string, options: TokenOptions): void {
    this.#model.setToken(token, { scopes: ['read_api'], ...options });
  }

  revokeToken(token: string): void {
    this.#model.revokeToken(token);
  }

  /** Requests per token in one minute; undefined: no limit. */
  limit(perMinute: number | undefined): void {
    this.#limit.set(perMinute);
  }

  /** Calls since the last `resetCalls()`, as `GET projects/shop%2Fbackend/variables`, without the query. */
  calls(): ReadonlyMap<string, number> {
    return new Map(this.#calls);
  }

  resetCalls(): void {
    this.#calls.clear();
  }

  /** Calls that contain `match` fail until healed. */
  fault(match: string, fault: GitlabFault): void {
    this.#faults = [...this.#faults, [match, fault]];
  }

  heal(): void {
    this.#faults = [];
    this.#latencyMs = 0;
    this.#afterCall = undefined;
    this.limit(undefined);
  }

  /** Real milliseconds that every answer takes. */
  setLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  /** Called when a call has been answered, before the next: to change things between two pages. Until healed. */
  afterCall(change: (call: string) => void): void {
    this.#afterCall = change;
  }

  #ownerAt(path: string): Owner {
    const owner = this.#model.find('project', path) ?? this.#model.find('group', path);
    if (owner === undefined) throw new Error(`the sandbox's GitLab has no project or group "${path}"`);
    return owner;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const path = url.pathname.replace(/^\/api\/v4\//, '');
    const call = `${request.method} ${path}`;
    this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
    if (this.#latencyMs > 0) await sleep(systemClock, this.#latencyMs);
    if (response.destroyed) return;
    const fault = this.#faults.find(([match]) => call.includes(match))?.[1];
    if (fault === 'reset') return void request.socket.destroy();
    send(response, fault === undefined ? this.#answer(request, url, path) : faultAnswer(fault));
    this.#afterCall?.(call);
  }

  #answer(request: IncomingMessage, url: URL, path: string): GitlabAnswer {
    const token = tokenOf(request);
    const limited = this.#limit.check(token ?? '');
    if (limited !== undefined) return limited;
    if (!url.pathname.startsWith('/api/v4/')) return { status: 302, headers: { location: '/users/sign_in' }, body: '' };
    return answer(this.#model, {
      method: request.method ?? 'GET',
      origin: this.url,
      path: path.split('/').map(decodeURIComponent),
      query: url.searchParams,
      token,
    });
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const own = headers['private-token'];
  return typeof own === 'string' ? own : headers.authorization?.match(/^Bearer (.+)$/)?.[1];
}

function faultAnswer(fault: Exclude<GitlabFault, 'reset'>): GitlabAnswer {
  switch (fault) {
    case 'malformed':
      return { status: 200, body: '[{"key":"HALF","value":"half-a-val' };
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' };
    case 429:
      return { status: 429, headers: { 'retry-after': '7' }, body: 'Retry later\n' };
    default:
      return message(fault, `${fault} ${fault === 403 ? 'Forbidden' : 'Internal Server Error'}`);
  }
}

function send(response: ServerResponse, { status, headers, body }: GitlabAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
