/**
 * A proxy before a backend that speaks plain HTTP: it records what passes, can answer in the backend's place, and can go
 * away and come back on the same address.
 */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ProxyOptions {
  /** Base URL of the backend. */
  readonly target: string;
  /** Called for every request; an answer is sent in the backend's place. May take its time. */
  readonly onRequest: (seen: SeenRequest) => CannedAnswer | undefined | Promise<CannedAnswer | undefined>;
  /** Headers to add on the way to the backend. */
  readonly addHeaders?: Readonly<Record<string, string>>;
}

export class HttpProxy {
  readonly #options: ProxyOptions;
  #server: Server | undefined;
  #port = 0;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; after a `stop` on the same port as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections and refuses new ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    const canned = await this.#options.onRequest(seen);
    if (canned === undefined) await this.#forward(seen, response);
    else response.writeHead(canned.status, canned.headers).end(canned.body);
  }

  #forward(seen: SeenRequest, response: ServerResponse): Promise<void> {
    const { 'transfer-encoding': _chunked, ...headers } = seen.headers;
    return new Promise((resolve, reject) => {
      const onward = httpRequest(new URL(seen.url, this.#options.target), {
        method: seen.method,
        headers: { ...headers, 'content-length': seen.body.length, ...this.#options.addHeaders },
        agent: false,
      });
      onward.once('error', reject);
      onward.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.once('error', reject).once('end', resolve).pipe(response);
      });
      onward.end(seen.body);
    });
  }
}
