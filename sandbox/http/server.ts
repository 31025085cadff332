/**
 * A small HTTP backend for the webhook provider: values at paths, with ETags, a header that must be there, and faults on
 * request. What a test needs beyond that it answers itself.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface SeenRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** SHA-256 fingerprint of the client's certificate, where it showed one. */
  readonly certificate: string | undefined;
}

export interface HttpReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Undefined: look on, e.g. for a value at that path. */
export type Responder = (request: SeenRequest) => HttpReply | undefined;

export type HttpFault = 'deny' | 'throttle' | 'unavailable' | 'reset';

export interface HttpOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Serves TLS and asks for a client certificate without insisting on one. PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Throttled answers ask for this much patience, in seconds. */
export const RETRY_AFTER_SECONDS = 7;

export async function startHttp(options: HttpOptions = {}): Promise<SandboxHttp> {
  const server = new SandboxHttp(options);
  await server.start();
  return server;
}

export class SandboxHttp {
  readonly #options: HttpOptions;
  readonly #values = new Map<string, Uint8Array>();
  #responders: Responder[] = [];
  #faults: { readonly match: string; readonly fault: HttpFault }[] = [];
  #requests: SeenRequest[] = [];
  #latencyMs = 0;
  #required: readonly [name: string, value: string] | undefined;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  /** `http://127.0.0.1:PORT`, or `https://localhost:PORT`. */
  get url(): string {
    return this.#options.tls === undefined ? `http://127.0.0.1:${this.#port}` : `https://localhost:${this.#port}`;
  }

  /** Serves `value` at exactly this path and query. */
  put(path: string, value: string | Uint8Array): void {
    this.#values.set(path, typeof value === 'string' ? Buffer.from(value) : value);
  }

  remove(path: string): void {
    this.#values.delete(path);
  }

  /** Asked before values are looked up; later ones first. */
  respond(responder: Responder): void {
    this.#responders.unshift(responder);
  }

  /** Requests without this header get 401. Undefined: all are welcome. */
  require(header: readonly [name: string, value: string] | undefined): void {
    this.#required = header;
  }

  /** Requests whose path contains `match` fail until healed. */
  fault(match: string, fault: HttpFault): void {
    this.#faults.push({ match, fault });
  }

  /** Every answer takes this many real milliseconds. */
  setLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  heal(): void {
    this.#faults = [];
    this.#latencyMs = 0;
  }

  /** Since the start, or the last {@link resetRequests}. */
  requests(): readonly SeenRequest[] {
    return this.#requests;
  }

  resetRequests(): void {
    this.#requests = [];
  }

  /** Comes back on the port it had. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    const { tls } = this.#options;
    const server =
      tls === undefined
        ? createServer(listener)
        : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    // Also those that sent nothing yet, which the server itself would wait for.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await seenRequest(request);
    this.#requests.push(seen);
    if (this.#latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#latencyMs));
    if (response.destroyed) return;
    const reply = this.#faulty(seen) ?? this.#unwelcome(seen) ?? this.#answer(seen);
    if (reply === 'reset') response.socket?.resetAndDestroy();
    else response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
  }

  #faulty({ path }: SeenRequest): HttpReply | 'reset' | undefined {
    const fault = this.#faults.find(({ match }) => path.includes(match))?.fault;
    if (fault === undefined || fault === 'reset') return fault;
    if (fault === 'deny') return { status: 403 };
    if (fault === 'unavailable') return { status: 503 };
    return { status: 429, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } };
  }

  #unwelcome({ headers }: SeenRequest): HttpReply | undefined {
    if (this.#required === undefined) return undefined;
    const [name, value] = this.#required;
    return headers[name.toLowerCase()] === value ? undefined : { status: 401 };
  }

  #answer(seen: SeenRequest): HttpReply {
    for (const responder of this.#responders) {
      const reply = responder(seen);
      if (reply !== undefined) return reply;
    }
    const value = this.#values.get(seen.path);
    if (value === undefined) return { status: 404 };
    const etag = `"${createHash('sha256').update(value).digest('base64url')}"`;
    if (seen.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    return { headers: { etag, 'content-type': 'application/octet-stream' }, body: value };
  }
}

async function seenRequest(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const socket = request.socket as Partial<TLSSocket>;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    certificate: socket.getPeerCertificate?.().fingerprint256,
  };
}
