/**
 * HTTP to one API server: connections, credentials, time limits, one second chance for reads. It knows nothing of
 * kinds; `http-client.ts` does. Requests share a pool (one HTTP/2 connection, or up to 64 of HTTP/1.1); watches have
 * connections of their own, so that a burst of writes cannot starve them (the API server ends watches that lag).
 *
 * Time limits run on the machine's clock on purpose: sockets live in real time, whatever clock the rest is on.
 */
import { buildConnector, Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { systemClock } from '../clock.ts';
import { DeniedError, UnreachableError } from './errors.ts';
import { exchange, HeadersLateError, type WholeAnswer } from './exchange.ts';
import { isLostConnection, unreachable } from './network-errors.ts';
import { refuseOrphanStreams } from './orphan-streams.ts';

/** How to reach and convince an API server. Texts are PEM. */
export interface ConnectionConfig {
  /** e.g. `https://10.0.0.1:443`; a path is kept as a prefix. */
  readonly server: string;
  readonly ca?: string | undefined;
  /** Asked before each new connection: the authorities as they are then. Undefined: `ca` for ever. */
  readonly readCa?: (() => string) | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Asked before each request; does its own caching and renewal. Undefined: no bearer token. */
  readonly token?: (() => Promise<string | undefined>) | undefined;
  /** Name to expect in the server's certificate instead of the host of `server`. */
  readonly serverName?: string | undefined;
  readonly skipTlsVerify?: boolean | undefined;
  /** HTTP proxy to tunnel through. */
  readonly proxyUrl?: string | undefined;
  readonly userAgent?: string | undefined;
}

export interface RequestInfo {
  readonly method: string;
  readonly host: string;
  /** HTTP status, or `<error>` when no answer came. */
  readonly code: string;
  /** Milliseconds until the headers of the answer. */
  readonly durationMs: number;
}

export interface TransportRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly accept: string;
  readonly body?: { readonly text: string; readonly type: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamRequest extends TransportRequest {
  /** This many milliseconds of silence mean that the connection is dead. */
  readonly idleTimeoutMs: number;
}

export type StreamAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

const CONNECT_TIMEOUT_MS = 10_000;
const HTTP1_CONNECTIONS = 64;
/** Below the API server's own 90 s, so that it is we who close, and never with a request on its way. */
const KEEP_ALIVE_MS = 60_000;

export class Transport {
  readonly host: string;
  readonly #config: ConnectionConfig;
  readonly #timeoutMs: number;
  readonly #observe: (info: RequestInfo) => void;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #requests: Dispatcher;
  readonly #watches: Dispatcher;

  constructor(config: ConnectionConfig, timeoutMs: number, observe: (info: RequestInfo) => void) {
    refuseOrphanStreams();
    const url = new URL(config.server);
    this.host = url.host;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/$/, '');
    this.#config = config;
    this.#timeoutMs = timeoutMs;
    this.#observe = observe;
    this.#requests = dispatcher(url, config, HTTP1_CONNECTIONS);
    this.#watches = dispatcher(url, config, null);
  }

  /**
   * Sends a request and returns the whole answer, whatever its status.
   * @throws UnreachableError when none came, or not all of it; DeniedError when the credentials cannot be read; the signal's reason when
   * it aborts.
   */
  exchange(request: TransportRequest): Promise<WholeAnswer> {
    return this.#send(request, (headers) => this.#exchange(request, headers));
  }

  /**
   * Sends a request whose answer has no end and returns when its headers are there, whatever their status. The caller must read or destroy
   * the body. Throws what {@link exchange} throws.
   */
  open(request: StreamRequest): Promise<StreamAnswer> {
    return this.#send(request, (headers) => this.#open(request, headers));
  }

  /** Ends all connections; calls under way fail. */
  async close(): Promise<void> {
    const reason = new UnreachableError('the client was closed', { status: 0 });
    await Promise.all([this.#requests.destroy(reason), this.#watches.destroy(reason)]);
  }

  async #headers(request: TransportRequest): Promise<Record<string, string>> {
    const { userAgent = 'external-secrets-ts' } = this.#config;
    const bearer = await this.#bearer();
    return {
      accept: request.accept,
      'user-agent': userAgent,
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(request.body === undefined ? {} : { 'content-type': request.body.type }),
    };
  }

  async #bearer(): Promise<string | undefined> {
    try {
      return await this.#config.token?.();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'unknown';
      throw new DeniedError(`no credentials for API server ${this.host}: ${why}`, { status: 0, cause });
    }
  }

  async #send<T>(request: TransportRequest, attempt: (headers: Record<string, string>) => Promise<T>): Promise<T> {
    request.signal?.throwIfAborted();
    const headers = await this.#headers(request);
    request.signal?.throwIfAborted();
    try {
      return await attempt(headers);
    } catch (error) {
      // The connection was stale: a read may be said twice, a write may not.
      if (request.method === 'GET' && isLostConnection(error) && request.signal?.aborted !== true)
        return await attempt(headers).catch((again: unknown) => this.#fail(again, request));
      return this.#fail(error, request);
    }
  }

  #exchange(request: TransportRequest, headers: Record<string, string>): Promise<WholeAnswer> {
    const options = this.#options(request, headers, this.#timeoutMs);
    const { signal } = request;
    return exchange(this.#requests, options, {
      timeoutMs: this.#timeoutMs,
      signal,
      onHeaders: this.#stopwatch(request),
    });
  }

  /** Until the headers are there, our own time limit counts as well: undici's does not cover waiting for a connection. */
  async #open(request: StreamRequest, headers: Record<string, string>): Promise<StreamAnswer> {
    const observe = this.#stopwatch(request);
    const abort = new AbortController();
    const gaveUp = Promise.withResolvers<never>();
    const giveUp = (reason: unknown): void => {
      abort.abort(reason);
      gaveUp.reject(reason);
    };
    const onAbort = (): void => giveUp(request.signal?.reason);
    request.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = systemClock.setTimer(this.#timeoutMs, () => giveUp(new HeadersLateError()));
    const options = this.#options(request, headers, request.idleTimeoutMs);
    const sending = this.#watches.request({ ...options, signal: abort.signal });
    // A body may fail when nobody reads it (any more): its answer lost the race, or the connections end after the last read. Whoever
    // does read it is told all the same.
    sending.then(
      ({ body }) => void body.on('error', () => undefined),
      () => undefined,
    );
    try {
      const answer = await Promise.race([sending, gaveUp.promise]);
      answer.body.once('close', () => request.signal?.removeEventListener('abort', onAbort));
      observe(answer.statusCode);
      return answer;
    } catch (error) {
      request.signal?.removeEventListener('abort', onAbort);
      observe(undefined);
      throw error;
    } finally {
      gaveUp.promise.catch(() => undefined);
      timer.cancel();
    }
  }

  #stopwatch({ method }: TransportRequest): (statusCode: number | undefined) => void {
    const startedAt = performance.now();
    return (statusCode) => {
      const code = statusCode === undefined ? '<error>' : String(statusCode);
      this.#observe({ method, host: this.host, code, durationMs: performance.now() - startedAt });
    };
  }

  #options(request: TransportRequest, headers: Record<string, string>, bodyTimeout: number): Dispatcher.RequestOptions {
    return {
      origin: this.#origin,
      path: this.#prefix + request.path,
      method: request.method,
      headers,
      body: request.body?.text ?? null,
      headersTimeout: this.#timeoutMs,
      bodyTimeout,
    };
  }

  #fail(error: unknown, request: TransportRequest): never {
    request.signal?.throwIfAborted();
    throw error instanceof UnreachableError ? error : unreachable(this.host, error);
  }
}

function dispatcher(server: URL, config: ConnectionConfig, connections: number | null): Dispatcher {
  const tls = {
    ...(config.ca === undefined ? {} : { ca: config.ca }),
    ...(config.cert === undefined ? {} : { cert: config.cert }),
    ...(config.key === undefined ? {} : { key: config.key }),
    ...(config.serverName === undefined ? {} : { servername: config.serverName }),
    rejectUnauthorized: config.skipTlsVerify !== true,
  };
  const options = { allowH2: true, connections, keepAliveTimeout: KEEP_ALIVE_MS };
  if (config.proxyUrl !== undefined) return new ProxyAgent({ ...options, uri: config.proxyUrl, requestTls: tls });
  const direct = { ...tls, preferH2: true, timeout: CONNECT_TIMEOUT_MS };
  const { readCa } = config;
  const connect = readCa === undefined ? direct : renewing({ ...direct, allowH2: true }, readCa);
  return new Pool(server.origin, { ...options, connect });
}

/** Connects with the authorities of the moment; those of connections that are open stay as they were. */
function renewing(options: buildConnector.BuildOptions, readCa: () => string): buildConnector.connector {
  let ca: string | undefined;
  let connect: buildConnector.connector | undefined;
  return (target, callback) => {
    const current = readCa();
    if (connect === undefined || current !== ca) connect = buildConnector({ ...options, ca: current });
    ca = current;
    connect(target, callback);
  };
}
