/**
 * What is mounted in the sandbox's Vault: secrets engines and auth methods share one small contract.
 */
import type { Clock } from '../../src/clock.ts';
import type { JsonBody } from './json.ts';
import type { Reply } from './reply.ts';
import type { Entities, Token, TokenStore } from './tokens.ts';

export type Operation = 'read' | 'list' | 'write' | 'delete' | 'patch';

export interface EngineRequest {
  readonly operation: Operation;
  /** Below the mount, without slashes at the front. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: JsonBody;
  /** The same body with numbers that keep their digits. */
  readonly exactBody: JsonBody;
  /** Undefined for logins. */
  readonly token: Token | undefined;
}

export interface Engine {
  readonly type: string;
  /** Paths that need no token, such as `login`. */
  isOpen(path: string): boolean;
  /** Whether a write would change something that is there: decides between the capabilities create and update. */
  exists(path: string): boolean;
  handle(request: EngineRequest): Reply | Promise<Reply>;
}

/** What engines are built from. */
export interface World {
  readonly clock: Clock;
  readonly tokens: TokenStore;
  readonly entities: Entities;
  hasPolicy(name: string): boolean;
  /** The API server of the cluster beside this Vault, if there is one. */
  readonly kubeUrl: string | undefined;
}
