/**
 * A way to Vault with a token that belongs to whoever opened it, for dynamic credentials (decision D1): Vault takes a credential away
 * together with the token it was made with, so this token is renewed and revoked only when its owner says so, and never shared.
 */
import type { Agent } from 'undici';
import type { SecretValue } from '../../secret-value.ts';
import {
  AuthenticationError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  type ProviderError,
} from '../errors.ts';
import type { SessionContext } from '../provider.ts';
import type { VaultAnswer } from './answer.ts';
import type { VaultClient } from './client.ts';
import { connectVault } from './index.ts';
import type { IssuedToken, TokenCalls } from './login.ts';
import type { DataRequest } from './session.ts';
import type { VaultSpec } from './spec.ts';

export type { VaultAnswer } from './answer.ts';
export { numberMember, textMember } from './answer.ts';
export { readIssued, type IssuedToken } from './login.ts';
export type { DataRequest } from './session.ts';
export { vaultSpec, type VaultSpec } from './spec.ts';

export class OwnTokenSession {
  /** What the login gave; undefined when the token comes from a Secret, or from an agent in front of Vault: then it is not ours. */
  readonly issued: IssuedToken | undefined;
  readonly #token: SecretValue | undefined;
  readonly #client: VaultClient;
  readonly #calls: TokenCalls;
  readonly #agent: Agent;
  readonly #namespace: string | undefined;

  /** Logs in. @throws ProviderError */
  static async open(context: SessionContext<VaultSpec>): Promise<OwnTokenSession> {
    const { client, calls, method, agent } = await connectVault(context);
    try {
      const issued = method.kind === 'login' ? await calls.login(method, context.signal) : undefined;
      const token = method.kind === 'static' ? method.token : issued?.token;
      return new OwnTokenSession({ client, calls, agent, issued, token, namespace: context.spec.namespace });
    } catch (error) {
      await agent.destroy();
      throw error;
    }
  }

  private constructor(parts: {
    readonly client: VaultClient;
    readonly calls: TokenCalls;
    readonly agent: Agent;
    readonly issued: IssuedToken | undefined;
    readonly token: SecretValue | undefined;
    readonly namespace: string | undefined;
  }) {
    this.issued = parts.issued;
    this.#token = parts.token;
    this.#client = parts.client;
    this.#calls = parts.calls;
    this.#agent = parts.agent;
    this.#namespace = parts.namespace;
  }

  get host(): string {
    return this.#client.host;
  }

  /** `token`: another than our own. Any status of Vault's that is not tried again comes back. @throws ProviderError */
  send(request: DataRequest, signal: AbortSignal, token = this.#token): Promise<VaultAnswer> {
    return this.#client.send({ ...request, token, namespace: this.#namespace }, signal);
  }

  /** The new life of a token (default: ours); undefined when Vault does not renew it. @throws ProviderError */
  async renew(token: SecretValue | undefined, signal: AbortSignal): Promise<IssuedToken | undefined> {
    const renewed = token ?? this.issued?.token;
    return renewed === undefined ? undefined : this.#calls.renew(renewed, signal);
  }

  /** Revokes our token, and with it all that was made with it. Never throws: what cannot be revoked expires by itself. */
  async revoke(signal: AbortSignal): Promise<void> {
    if (this.issued === undefined || this.issued.isBatch) return;
    await this.#calls.revoke(this.issued.token, signal);
  }

  /** Ends the connections; the token lives on. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** What a status of 400 and above means for a call that was written by hand in a generator. */
export function refusedCall(answer: VaultAnswer, method: string, path: string): ProviderError {
  const init = { code: String(answer.status) };
  const about = `Vault: ${method} ${path}: ${answer.status}${answer.message === '' ? '' : ` ${answer.message}`}`;
  if (answer.status === 403) {
    const capability = CAPABILITIES[method] ?? 'update';
    return new PermissionDeniedError(`${about}; the role's policy needs "${capability}" on ${path}`, init);
  }
  if (answer.status === 401) return new AuthenticationError(about, init);
  if (answer.status === 404) return new InvalidProviderConfigError(`${about}; check spec.path, and namespace`, init);
  return new InvalidRefError(about, init);
}

const CAPABILITIES: Readonly<Record<string, string>> = { GET: 'read', LIST: 'list', DELETE: 'delete' };
