/**
 * A small HTTP server as a part of the process: it listens while its signal lasts. What it answers is decided by one
 * function from a request to an answer. TLS certificates are replaced while it runs.
 */
import { createSecureServer } from 'node:http2';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Log } from '../log.ts';
import { parseAddress } from './address.ts';

export interface Request {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The bearer token of the request. */
  readonly token: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Default: plain text. */
  readonly contentType?: string;
}

export interface KeyPair {
  /** PEM, the chain included. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** Where a server gets its certificate from, now and later. */
export interface KeyPairSource {
  /** @throws when there is none */
  read(): Promise<KeyPair>;
  /** Calls `onChange` with each later key pair until the signal aborts. */
  follow(onChange: (pair: KeyPair) => void, signal: AbortSignal): void;
}

export interface HttpPartOptions {
  /** For logs and errors, e.g. `metrics server`. */
  readonly name: string;
  /** Go style, e.g. `:8080`. */
  readonly addr: string;
  readonly answer: (request: Request) => Promise<Answer>;
  readonly log: Log;
  /** Absent: plain HTTP. */
  readonly tls?: { readonly keys: KeyPairSource; readonly http2: boolean } | undefined;
}

/** Bodies from here on are compressed when the client can take it. */
const COMPRESS_FROM = 4_096;
const compress = promisify(gzip);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type AnyServer = Server & { setSecureContext?: (pair: KeyPair) => void };

export class HttpPart {
  readonly name: string;
  readonly #options: HttpPartOptions;
  readonly #listening = Promise.withResolvers<string>();

  constructor(options: HttpPartOptions) {
    this.name = options.name;
    this.#options = options;
    this.#listening.promise.catch(() => {});
  }

  /** `http://127.0.0.1:<port>` once it listens; rejects when it cannot. */
  get url(): Promise<string> {
    return this.#listening.promise;
  }

  /** @throws when the address cannot be listened on */
  async run(signal: AbortSignal): Promise<void> {
    try {
      const server = await this.#create(signal);
      const sockets = new Set<Socket>();
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      await this.#listen(server);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await close(server, sockets);
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    }
  }

  async #create(signal: AbortSignal): Promise<AnyServer> {
    const { tls } = this.#options;
    const handler: Handler = (request, response) => void this.#handle(request, response);
    if (tls === undefined) return createServer(handler);
    const pair = await tls.keys.read();
    const server: AnyServer = tls.http2
      ? // Its requests and responses are made to look like those of HTTP/1.
        (createSecureServer({ ...pair, allowHTTP1: true }, handler as never) as unknown as AnyServer)
      : createTlsServer({ ...pair }, handler);
    tls.keys.follow((changed) => server.setSecureContext?.(changed), signal);
    return server;
  }

  #listen(server: AnyServer): Promise<void> {
    const { host, port } = parseAddress(this.#options.addr);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#options.log.error({ server: this.name, error }, 'server error'));
        const bound = (server.address() as AddressInfo).port;
        const scheme = this.#options.tls === undefined ? 'http' : 'https';
        this.#listening.resolve(`${scheme}://${urlHost(host)}:${bound}`);
        resolve();
      });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#options.answer(read(request));
      await send(request, response, answer);
    } catch (error) {
      this.#options.log.error({ server: this.name, error }, 'request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('internal error\n');
    }
  }
}

function read(request: IncomingMessage): Request {
  const url = new URL(request.url ?? '/', 'http://local');
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, token };
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { status, body, contentType = 'text/plain; charset=utf-8' } = answer;
  const wantsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const zipped = wantsGzip && body.length >= COMPRESS_FROM;
  const bytes = zipped ? await compress(body) : Buffer.from(body);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    'x-content-type-options': 'nosniff',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Ends connections too: those of HTTP/2 clients and of idle scrapers would stay for long. */
function close(server: AnyServer, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
