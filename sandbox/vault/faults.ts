/**
 * Trouble on demand.
 */
import { denied, failure, type Reply } from './reply.ts';

/** A status, or: `slow` no answer until healed, `malformed` half an answer. */
export type VaultFault = number | 'slow' | 'malformed';

interface Planned {
  /** A part of `METHOD path`. */
  readonly match: string;
  readonly fault: VaultFault;
}

export class Faults {
  #planned: readonly Planned[] = [];
  #healed = Promise.withResolvers<void>();

  add(match: string, fault: VaultFault): void {
    this.#planned = [...this.#planned, { match, fault }];
  }

  heal(): void {
    this.#planned = [];
    this.#healed.resolve();
    this.#healed = Promise.withResolvers<void>();
  }

  /** For a call such as `GET secret/data/db`. */
  find(call: string): VaultFault | undefined {
    return this.#planned.find(({ match }) => call.includes(match))?.fault;
  }

  healed(): Promise<void> {
    return this.#healed.promise;
  }
}

export function faultReply(status: number, path: string): Reply {
  switch (status) {
    case 403:
      return denied;
    case 429:
      return { ...failure(429, `request path "${path}": rate limit quota exceeded`), headers: { 'Retry-After': '1' } };
    case 503:
      return failure(503, 'Vault is sealed');
    default:
      return failure(status, 'internal error');
  }
}
