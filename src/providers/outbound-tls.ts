/**
 * The TLS side of outbound connections: certificates made ready once per session, and what a failed handshake means.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { InvalidProviderConfigError } from './errors.ts';

/** The TLS side of a connection. Certificates and key are PEM texts. */
export interface OutboundTls {
  /** Replaces the system's roots. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name the server's certificate must carry, when it is not the URL's host. */
  readonly serverName?: string | undefined;
}

/** Undefined: the system's roots and no client certificate. @throws InvalidProviderConfigError when a PEM is of no use. */
export function secureContextOf({ ca, cert, key }: OutboundTls): SecureContext | undefined {
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  // Node skips over roots that it cannot read, and every server would then look foreign.
  if (ca !== undefined) loaded('the CA certificates', () => new X509Certificate(ca));
  return loaded('the client certificate or its key', () =>
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }),
  );
}

function loaded<T>(what: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? `: ${String(error.reason)}` : '';
    throw new InvalidProviderConfigError(`${what} cannot be used, PEM is expected${reason}`, { cause: error });
  }
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** A line for people about a failed handshake; undefined when the failure is of another kind. */
export function describeTlsError(code: string, message: string): string | undefined {
  if (UNKNOWN_AUTHORITY.has(code))
    return 'its certificate is signed by an authority that is not known here; caBundle or caProvider can name it';
  // OpenSSL's line has a thread's number, a function and a source file in it: only the reason is for people.
  const reason = /:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  if (reason === undefined) return undefined;
  const hint = reason === 'wrong version number' ? '; does the server speak TLS at this port?' : '';
  return `TLS failed: ${reason}${hint}`;
}
