/**
 * Answers in the shapes of Vault's HTTP API.
 */
import { randomUUID } from 'node:crypto';

export interface Reply {
  readonly status: number;
  /** Undefined: no content. */
  readonly body: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Envelope {
  readonly data?: unknown;
  readonly auth?: object;
  readonly warnings?: readonly string[];
  readonly mountType?: string;
  readonly leaseSeconds?: number;
  /** Answers of `sys/` repeat their data beside the envelope. */
  readonly repeated?: object;
}

export function ok(envelope: Envelope, status = 200): Reply {
  const { data, auth, warnings, mountType, leaseSeconds, repeated } = envelope;
  return {
    status,
    body: {
      ...repeated,
      request_id: randomUUID(),
      lease_id: '',
      renewable: false,
      lease_duration: leaseSeconds ?? 0,
      data: data ?? null,
      wrap_info: null,
      warnings: warnings === undefined || warnings.length === 0 ? null : warnings,
      auth: auth ?? null,
      mount_type: mountType ?? '',
    },
  };
}

export const noContent: Reply = { status: 204, body: undefined };

export function failure(status: number, ...errors: readonly string[]): Reply {
  return { status, body: { errors } };
}

/** Several causes in one text, as Vault's errors from inside come out. */
export function failures(status: number, ...causes: readonly string[]): Reply {
  const count = causes.length === 1 ? '1 error' : `${causes.length} errors`;
  return failure(status, `${count} occurred:\n\t* ${causes.join('\n\t* ')}\n\n`);
}

export const notFound: Reply = failure(404);
export const denied: Reply = failures(403, 'permission denied');
export const invalidToken: Reply = failures(403, 'permission denied', 'invalid token');

/** What the sandbox does not have, said plainly. */
export function notInSandbox(what: string): Reply {
  return failure(501, `the sandbox's Vault has no ${what}`);
}
