/**
 * Says in stable words why no answer came. The same fault always gives the same text (no ports of ours, no times, no
 * counters), because it ends up in conditions, where a changing text would be a write per attempt (D56).
 */
import { UnreachableError } from './errors.ts';

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  EPIPE: 'connection lost',
  UND_ERR_SOCKET: 'connection lost',
  ERR_HTTP2_SESSION_ERROR: 'connection lost',
  ERR_HTTP2_STREAM_ERROR: 'connection lost',
  ERR_HTTP2_GOAWAY_SESSION: 'connection lost',
  ERR_HTTP2_INVALID_SESSION: 'connection lost',
  ERR_STREAM_PREMATURE_CLOSE: 'connection lost',
  ETIMEDOUT: 'connecting timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connecting timed out',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by the configured CA',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by the configured CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not signed by the configured CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by the configured CA',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the configured CA',
};

export function unreachable(host: string, error: unknown): UnreachableError {
  const code = codeOf(error);
  const text = CAUSES[code] ?? (code === '' ? 'connection failed' : `connection failed (${code})`);
  return new UnreachableError(`API server ${host} cannot be reached: ${text}`, { status: 0, cause: error });
}

/** The connection was alive once and died: on another one the same request may well succeed. */
export function isLostConnection(error: unknown): boolean {
  return CAUSES[codeOf(error)] === 'connection lost';
}

/** Nobody took the call: it cost the API server nothing, and the next may be answered any moment. */
export function isNobodyThere(error: unknown): boolean {
  const code = codeOf(error);
  return ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'].includes(code);
}

/** Errors of Node and undici carry a code; sometimes only their cause does. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : codeOf(error.cause);
}
