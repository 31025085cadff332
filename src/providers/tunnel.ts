/** A tunnel through an HTTP proxy (`CONNECT`): what comes out is a plain connection to the target, for TLS or HTTP inside it. */
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';

export interface TunnelTarget {
  /** URL of the proxy; user and password in it are sent as basic authentication. */
  readonly proxy: string;
  /** IPv6 in brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Calls one of the two, once. The error names the proxy's host, never its password. */
export function openTunnel(
  { proxy, hostname, port, timeoutMs }: TunnelTarget,
  opened: (socket: Socket) => void,
  failed: (error: Error) => void,
): void {
  const url = new URL(proxy);
  const target = `${hostname}:${port}`;
  const send = url.protocol === 'https:' ? secureRequest : plainRequest;
  const headers = { host: target, ...authorization(url) };
  const server = { hostname: url.hostname.replaceAll(/^\[|\]$/g, ''), port: url.port, agent: false as const };
  const asked = send({ ...server, method: 'CONNECT', path: target, headers, timeout: timeoutMs });
  asked.once('connect', (answer, socket) => {
    if (answer.statusCode === 200) return opened(socket);
    socket.destroy();
    failed(new Error(`the proxy ${url.host} answered ${answer.statusCode} when asked for ${target}`));
  });
  asked.once('timeout', () => asked.destroy(new Error('timed out')));
  asked.once('error', (cause) => {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
    failed(new Error(`the proxy ${url.host} cannot be reached (${code})`, { cause }));
  });
  asked.end();
}

function authorization({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
