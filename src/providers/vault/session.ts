/**
 * Requests with the session's token: a 403 that means a dead token is repeated once with a new one, any other answer
 * goes to the caller.
 */
import type { VaultAnswer } from './answer.ts';
import type { VaultClient, VaultRequest } from './client.ts';
import type { Tokens } from './tokens.ts';

export type DataRequest = Omit<VaultRequest, 'token' | 'namespace'>;

export class VaultSession {
  readonly #client: VaultClient;
  readonly #tokens: Tokens;
  readonly #namespace: string | undefined;

  /** `namespace`: the Vault Enterprise namespace of the data. */
  constructor(client: VaultClient, tokens: Tokens, namespace: string | undefined) {
    this.#client = client;
    this.#tokens = tokens;
    this.#namespace = namespace;
  }

  get host(): string {
    return this.#client.host;
  }

  /** @throws what the client and the login throw; never for a status of Vault's own below 500 other than 412 and 429. */
  async send(request: DataRequest, signal: AbortSignal): Promise<VaultAnswer> {
    const token = await this.#tokens.current(signal);
    const answer = await this.#client.send({ ...request, token, namespace: this.#namespace }, signal);
    if (answer.status !== 403) return answer;
    if (!(await this.#tokens.replaceAfterDenial(token, request.path, signal))) return answer;
    const next = await this.#tokens.current(signal);
    const second = await this.#client.send({ ...request, token: next, namespace: this.#namespace }, signal);
    if (second.status === 403) await this.#tokens.replaceAfterDenial(next, request.path, signal);
    return second;
  }

  verify(signal: AbortSignal): Promise<void> {
    return this.#tokens.verify(signal);
  }

  close(): Promise<void> {
    return this.#tokens.close();
  }
}
