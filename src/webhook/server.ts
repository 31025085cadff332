/**
 * The admission server as a part of the process: HTTPS with a certificate that may change while it runs. After the stop
 * it goes on answering for a moment, because the API server hears of it late, and finishes what is under way: nobody's
 * `kubectl apply` fails because a Pod was replaced.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { sleep, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { BodyError, BodyReader } from './body.ts';
import type { TlsSettings } from './tls-settings.ts';
import { answerTo, parseReview, ReviewError, type ReviewRequest, type Verdict } from './review.ts';

/** PEM. */
interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export interface AdmissionServerOptions {
  /** `0`: any. On all interfaces. */
  readonly port: number;
  /** What to serve with at the start. Later ones come by {@link AdmissionServer.serveWith}. */
  readonly pair: () => PemPair;
  readonly tls: TlsSettings;
  readonly http2: boolean;
  readonly judges: ReadonlyMap<string, (request: ReviewRequest) => Verdict>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each request to a known path; call the result with the status and the milliseconds. */
  readonly observe: (path: string) => (code: number, tookMs: number) => void;
  /** How long requests are still taken after the stop, in milliseconds. */
  readonly lingerMs: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Longer than the API server keeps idle connections (90 s), so that it is never us who close one it is about to use. */
const KEEP_ALIVE_MS = 120_000;
const HEADERS_WITHIN_MS = 10_000;
/** What requests under way get after the stop, beyond the linger time. */
const FINISH_WITHIN_MS = 10_000;

export class AdmissionServer {
  readonly name = 'admission server';
  readonly #options: AdmissionServerOptions;
  readonly #bodies: BodyReader;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #listening = Promise.withResolvers<string>();
  #server: Server | Http2SecureServer | undefined;
  #stopping = false;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
    this.#bodies = new BodyReader(options.clock);
    this.#listening.promise.catch(() => {});
  }

  /** `https://127.0.0.1:<port>` once it listens; rejects when it cannot. */
  get url(): Promise<string> {
    return this.#listening.promise;
  }

  get isListening(): boolean {
    return this.#server?.listening === true;
  }

  /** New connections get this certificate; those that are open keep theirs. */
  serveWith(pair: PemPair): void {
    this.#server?.setSecureContext({ ...this.#options.tls, ...pair });
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      const server = (this.#server = this.#create());
      await this.#listen(server);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await this.#close(server);
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    }
  }

  #create(): Server | Http2SecureServer {
    const { tls, pair, http2, log } = this.#options;
    const settings = {
      ...tls,
      ...pair(),
      headersTimeout: HEADERS_WITHIN_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    const handler = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    // Requests and responses of HTTP/2 are made to look like those of HTTP/1.
    const server = http2
      ? createSecureServer({ ...settings, allowHTTP1: true }, handler as never)
      : createServer(settings, handler);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    if (http2) this.#followSessions(server as Http2SecureServer);
    // A client that does not trust us, or only knocks: no fault of ours, but the first thing to look for.
    server.on('tlsClientError', (error: Error) => log.debug({ error }, 'TLS handshake failed'));
    return server;
  }

  #followSessions(server: Http2SecureServer): void {
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', (error) => this.#options.log.debug({ error }, 'HTTP/2 session failed'));
    });
  }

  #listen(server: Server | Http2SecureServer): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#options.port }, () => {
        server.off('error', reject);
        server.on('error', (error: Error) => this.#options.log.error({ error }, 'admission server failed'));
        this.#listening.resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
        resolve();
      });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, observe, judges } = this.#options;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const judge = judges.get(path);
    const startedAt = clock.now();
    const done = judge === undefined ? undefined : observe(path);
    const answer =
      judge === undefined ? { status: 404, body: 'no webhook here\n' } : await this.#answer(path, request, judge);
    this.#send(request, response, answer);
    done?.(answer.status, clock.now() - startedAt);
  }

  async #answer(path: string, request: IncomingMessage, judge: (request: ReviewRequest) => Verdict): Promise<Answer> {
    const { log } = this.#options;
    if (request.method !== 'POST') return { status: 405, body: 'only POST is answered here\n' };
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      return { status: 415, body: 'only application/json is understood\n' };
    }
    try {
      return await this.#bodies.read(request, (text) => this.#review(path, text, judge));
    } catch (error) {
      if (error instanceof BodyError) return { status: error.status, body: `${error.message}\n` };
      if (error instanceof ReviewError) return { status: 400, body: `${error.message}\n` };
      log.error({ path, error }, 'request failed');
      return { status: 500, body: 'internal error\n' };
    }
  }

  #review(path: string, text: string, judge: (request: ReviewRequest) => Verdict): Answer {
    const review = parseReview(text);
    const verdict = judge(review.request);
    if (!verdict.allowed) {
      const { name, namespace, operation } = review.request;
      this.#options.log.info({ path, namespace, name, operation, reason: verdict.message }, 'refused');
    }
    return { status: 200, body: answerTo(review, verdict) };
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
    if (response.destroyed || response.headersSent) return;
    // What was not read is not waited for, and after the stop every client should look for another of us.
    const last = this.#stopping || !request.complete;
    response.writeHead(status, {
      'content-type': status === 200 ? 'application/json' : 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-content-type-options': 'nosniff',
      ...(last && request.httpVersionMajor === 1 ? { connection: 'close' } : {}),
    });
    response.end(body);
  }

  async #close(server: Server | Http2SecureServer): Promise<void> {
    const { clock, lingerMs } = this.#options;
    this.#stopping = true;
    await sleep(clock, lingerMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    for (const session of this.#sessions) session.close();
    const timer = clock.setTimer(FINISH_WITHIN_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    timer.cancel();
  }
}
