/** Small HTTP servers that do exactly what a test tells them, over HTTP/1.1 and over HTTP/2 with TLS. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Closes the connection without a word. */
  reset(): void;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** Connections that are open now. */
  readonly connections: number;
}

export type Handler = (request: Received, response: ServerResponse, nth: number) => void;

/** `nth` counts requests from 0. */
export async function serve(handler: Handler): Promise<TestServer> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    void receive(request, response);
  });
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = describe(request, await readBody(request), () => request.socket.destroy());
    received.push(seen);
    handler(seen, response, received.length - 1);
  };
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface SecureTestServer extends AsyncDisposable {
  readonly url: string;
  readonly sessions: readonly ServerHttp2Session[];
  /** HTTP version and path of each request. */
  readonly received: readonly string[];
}

export type SecureHandler = (request: Http2ServerRequest, response: Http2ServerResponse, nth: number) => void;

/** Speaks HTTP/2, and HTTP/1.1 to those who cannot. Its certificate is {@link TEST_CERTIFICATE}, for 127.0.0.1. */
export async function serveSecure(handler: SecureHandler): Promise<SecureTestServer> {
  const sessions: ServerHttp2Session[] = [];
  const received: string[] = [];
  const options = { key: TEST_KEY, cert: TEST_CERTIFICATE, allowHTTP1: true };
  const server: Http2SecureServer = createSecureServer(options, (request, response) => {
    received.push(`${request.httpVersion} ${request.url}`);
    handler(request, response, received.length - 1);
  });
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    received,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function describe(request: IncomingMessage, body: string, reset: () => void): Received {
  return { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body, reset };
}

/** Self-signed, valid for a century, known to everybody: good for tests and nothing else. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUGduIctjXkWtvvYygpuc1eaWnxNwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE1MDc0NVoYDzIxMjYxMDI5
MTUwNzQ1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS7ed9WhH5hsR0GVj4LJRzQGNwp6Z6Vo4eQusjumfjVaOc+8LtA3Bl8
CUhqIZZRKN1DFIuo1Zdg9/9evNHCrMtwo28wbTAdBgNVHQ4EFgQUG6kQRZpNrmEB
f2l4UYVcjpEDb6YwHwYDVR0jBBgwFoAUG6kQRZpNrmEBf2l4UYVcjpEDb6YwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgMjQY8+8Q49NjQFRqOS77eu6GCKyluzc0oBUTL1XjVT4CIBaE
0cs+6oQjbl1jmE4CbwdvbLkEuwWFH7fRDa+0py6X
-----END CERTIFICATE-----
`;

const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXhhEsNw0oU7gs8/h
PY0Fi5WFgugJ/AznsikAWX0kdfWhRANCAAS7ed9WhH5hsR0GVj4LJRzQGNwp6Z6V
o4eQusjumfjVaOc+8LtA3Bl8CUhqIZZRKN1DFIuo1Zdg9/9evNHCrMtw
-----END PRIVATE KEY-----
`;
