/**
 * The sandbox's Vault on a socket: HTTP in and out, a log of calls, faults, and being down for a while.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';
import type { VaultBackend } from '../../test/integration/env.ts';
import type { Operation } from './engine.ts';
import { faultReply, Faults, type VaultFault } from './faults.ts';
import { isObject, parseExact, type JsonBody } from './json.ts';
import { failure, type Reply } from './reply.ts';
import { Vault, type VaultCall } from './vault.ts';

export type { VaultFault } from './faults.ts';

export interface SandboxVaultOptions {
  /** Tokens live and versions are dated by it. */
  readonly clock: Clock;
  /** Default: a free one. */
  readonly port?: number;
  /** The API server that Kubernetes logins are reviewed by, whatever `auth/kubernetes/config` names. */
  readonly kube?: { readonly url: string };
  readonly rootToken?: string;
}

export async function startVault(options: SandboxVaultOptions): Promise<SandboxVault> {
  const vault = new SandboxVault(options);
  await vault.start();
  return vault;
}

export class SandboxVault implements VaultBackend {
  readonly rootToken: string;
  readonly #vault: Vault;
  readonly #faults = new Faults();
  readonly #calls = new Map<string, number>();
  #port: number;
  #latencyMs = 0;
  #server: Server | undefined;

  constructor({ clock, port = 0, kube, rootToken = 'root' }: SandboxVaultOptions) {
    this.rootToken = rootToken;
    this.#port = port;
    this.#vault = new Vault({ clock, rootToken, kubeUrl: kube?.url });
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections; what is stored stays. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async api(method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'LIST', path: string, body?: unknown): Promise<unknown> {
    const [plain = '', query = ''] = path.split('?');
    const content = body === undefined ? '' : JSON.stringify(body);
    const reply = await this.#vault.handle(
      readCall(method, decodePath(plain), new URLSearchParams(query), content, this.rootToken),
    );
    const text = reply.body === undefined ? undefined : JSON.stringify(reply.body);
    if (reply.status >= 400) throw new Error(`Vault answered ${reply.status} to ${method} ${path}: ${text}`);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async put(mount: string, key: string, data: Record<string, unknown>, version: 'v1' | 'v2' = 'v2'): Promise<void> {
    if (version === 'v2') await this.api('POST', `${mount}/data/${key}`, { data });
    else await this.api('POST', `${mount}/${key}`, data);
  }

  async calls(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#calls);
  }

  async resetCalls(): Promise<void> {
    this.#calls.clear();
  }

  /** Calls whose `METHOD path` contains `match` fail until healed: with a status, never (`slow`), or half (`malformed`). */
  async fault(match: string, fault: VaultFault): Promise<void> {
    this.#faults.add(match, fault);
  }

  async heal(): Promise<void> {
    this.#faults.heal();
  }

  /** Real milliseconds before each answer; 0: none. */
  setLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  /** Every token but the root token dies now, as if it had been revoked. */
  revokeTokens(): void {
    for (const { id } of this.#vault.tokens.live()) this.#vault.tokens.revoke(id);
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** Living tokens other than the root token. */
  liveTokens(): number {
    return this.#vault.tokens.live().length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://vault');
    if (!url.pathname.startsWith('/v1/')) return send(response, { status: 404, body: undefined });
    const rawPath = url.pathname.slice('/v1/'.length);
    if (/\/\//.test(rawPath)) return redirect(response, `/v1/${rawPath.replaceAll(/\/+/g, '/')}${url.search}`);
    const isList = request.method === 'LIST' || (request.method === 'GET' && url.searchParams.get('list') === 'true');
    const method = isList ? 'LIST' : (request.method ?? 'GET');
    this.#count(`${method} ${rawPath}`);
    const content = await readBody(request);
    if (this.#latencyMs > 0) await setTimeout(this.#latencyMs, undefined, { ref: false });
    const fault = this.#faults.find(`${method} ${rawPath}`);
    if (fault === 'slow') await this.#faults.healed();
    if (fault === 'malformed')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"request_id":"');
    if (typeof fault === 'number') return send(response, faultReply(fault, rawPath));
    send(response, await this.#answer(readable(method, rawPath, url.searchParams, content, request)));
  }

  async #answer(call: VaultCall | Reply): Promise<Reply> {
    return 'operation' in call ? this.#vault.handle(call) : call;
  }

  #count(call: string): void {
    this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
  }
}

function readable(
  method: string,
  path: string,
  query: URLSearchParams,
  content: string,
  request: IncomingMessage,
): VaultCall | Reply {
  try {
    return readCall(method, decodePath(path), query, content, tokenOf(request));
  } catch {
    return failure(400, 'error parsing JSON');
  }
}

/** @throws SyntaxError when the body is no JSON. */
function readCall(
  method: string,
  path: string,
  query: URLSearchParams,
  content: string,
  token: string | undefined,
): VaultCall {
  return {
    operation: operationOf(method),
    path,
    query,
    body: objectOf(content === '' ? {} : JSON.parse(content)),
    exactBody: objectOf(content === '' ? {} : parseExact(content)),
    token,
  };
}

function operationOf(method: string): Operation {
  if (method === 'GET' || method === 'HEAD') return 'read';
  if (method === 'LIST') return 'list';
  if (method === 'DELETE') return 'delete';
  return method === 'PATCH' ? 'patch' : 'write';
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const own = headers['x-vault-token'];
  const bearer = headers.authorization?.match(/^Bearer (.+)$/)?.[1];
  return typeof own === 'string' && own !== '' ? own : bearer;
}

function objectOf(value: unknown): JsonBody {
  return isObject(value) ? value : {};
}

function decodePath(path: string): string {
  return path.split('/').map(decodeURIComponent).join('/');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(307, { location, 'content-type': 'text/html; charset=utf-8' }).end();
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`);
}
