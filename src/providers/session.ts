/**
 * One authenticated identity at one backend, shared by every consumer that resolves to it. The pool makes, lends and
 * retires sessions; a consumer holds a {@link Session} only while it reads.
 */
import type { SecretValue } from '../secret-value.ts';
import type { FindQuery, SecretsClient, ValueReader } from './provider.ts';
import type { ReadOptions, SecretsReader } from './reader.ts';

/** What a consumer borrows. Must be released, also after errors. */
export interface Session {
  /** Names the identity: equal for sessions that may share values, and only for them. Holds no secret. */
  readonly identityKey: string;
  readonly client: SecretsClient;
  readonly reader: SecretsReader;
  readonly values: ValueReader;
  find(query: FindQuery, options: Pick<ReadOptions, 'urgent' | 'signal'>): Promise<ReadonlyMap<string, SecretValue>>;
  /** Calling it again does nothing. */
  release(): void;
}

export interface LiveSessionParts {
  readonly identityKey: string;
  readonly client: SecretsClient;
  readonly reader: SecretsReader;
  readonly values: ValueReader;
  /** Aborts the context's signal: background renewals stop. */
  readonly end: () => void;
}

export interface LiveSessionHooks {
  /** The last borrower gave it back, and it is not retired. */
  readonly onIdle: () => void;
  readonly onClosed: () => void;
}

/** The pool's side of a session: counts borrowers and ends it once it is retired and unused. */
export class LiveSession {
  readonly #parts: LiveSessionParts;
  readonly #hooks: LiveSessionHooks;
  #borrowers = 0;
  #retired = false;
  #closing: Promise<void> | undefined;

  constructor(parts: LiveSessionParts, hooks: LiveSessionHooks) {
    this.#parts = parts;
    this.#hooks = hooks;
  }

  get idle(): boolean {
    return this.#borrowers === 0;
  }

  get identityKey(): string {
    return this.#parts.identityKey;
  }

  borrow(): Session {
    const { identityKey, client, reader, values } = this.#parts;
    this.#borrowers += 1;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#borrowers -= 1;
      if (this.idle) this.#released();
    };
    return { identityKey, client, reader, values, find: (query, options) => reader.find(query, options), release };
  }

  /** Nobody gets it any more; it is closed as soon as its last borrower gave it back. */
  retire(): void {
    this.#retired = true;
    if (this.idle) void this.close();
  }

  /** Ends it now, whoever still uses it. Resolves when the client gave back what it owns. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #released(): void {
    if (this.#retired) void this.close();
    else this.#hooks.onIdle();
  }

  async #close(): Promise<void> {
    this.#parts.reader.close();
    try {
      await this.#parts.client.close();
    } finally {
      this.#parts.end();
      this.#hooks.onClosed();
    }
  }
}
