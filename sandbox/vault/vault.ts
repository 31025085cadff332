/**
 * The sandbox's Vault without its network: who asks, may they, and which mount answers.
 */
import type { Clock } from '../../src/clock.ts';
import { AppRoleAuth } from './auth-approle.ts';
import { AwsAuth } from './auth-aws.ts';
import { JwtAuth } from './auth-jwt.ts';
import { KubernetesAuth } from './auth-kubernetes.ts';
import { PasswordAuth } from './auth-password.ts';
import { TokenAuth } from './auth-token.ts';
import type { Engine, EngineRequest, Operation, World } from './engine.ts';
import { isObject, text, type JsonBody } from './json.ts';
import { KvV1 } from './kv-v1.ts';
import { KvV2 } from './kv-v2.ts';
import { capabilitiesOn, DEFAULT_POLICY, parsePolicy, type PathRule } from './policy.ts';
import { denied, failure, invalidToken, noContent, type Reply } from './reply.ts';
import { System, type Controls, type Mounted } from './sys.ts';
import { Entities, isRoot, TokenStore, type Token } from './tokens.ts';

export interface VaultCall {
  readonly operation: Operation;
  /** Without `/v1/`, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: JsonBody;
  readonly exactBody: JsonBody;
  readonly token: string | undefined;
}

export interface VaultSettings {
  readonly clock: Clock;
  readonly rootToken: string;
  readonly kubeUrl: string | undefined;
}

/** A dev server: unsealed, with KV version 2 at `secret/`. */
export class Vault implements Controls {
  readonly tokens: TokenStore;
  readonly #clock: Clock;
  readonly #world: World;
  readonly #mounts = new Map<string, Mounted>();
  readonly #policies = new Map([['default', DEFAULT_POLICY]]);
  readonly #rules = new Map([['default', parsePolicy(DEFAULT_POLICY)]]);

  constructor({ clock, rootToken, kubeUrl }: VaultSettings) {
    this.#clock = clock;
    this.tokens = new TokenStore(clock, rootToken);
    const hasPolicy = (name: string): boolean => name === 'root' || this.#policies.has(name);
    this.#world = { clock, tokens: this.tokens, entities: new Entities(), hasPolicy, kubeUrl };
    this.#mounts.set('sys/', { engine: new System(this), settings: {} });
    this.#mounts.set('auth/token/', { engine: new TokenAuth(this.#world), settings: {} });
    this.mount('secret/', { type: 'kv', options: { version: '2' } });
  }

  now(): number {
    return this.#clock.now();
  }

  get mounts(): ReadonlyMap<string, Mounted> {
    return this.#mounts;
  }

  get policies(): ReadonlyMap<string, string> {
    return this.#policies;
  }

  mount(path: string, settings: JsonBody): Reply {
    const inUse = [...this.#mounts.keys()].find((other) => other.startsWith(path) || path.startsWith(other));
    if (inUse !== undefined) return failure(400, `path is already in use at ${inUse.replace(/^auth\//, '')}`);
    const engine = this.#engine(path, settings);
    if (engine === undefined) return failure(400, `plugin not found in the catalog: ${text(settings, 'type')}`);
    this.#mounts.set(path, { engine, settings });
    return noContent;
  }

  unmount(path: string): void {
    this.#mounts.delete(path);
  }

  setPolicy(name: string, document: string | undefined): Reply {
    if (document === undefined) {
      this.#policies.delete(name);
      this.#rules.delete(name);
      return noContent;
    }
    try {
      this.#rules.set(name, parsePolicy(document));
    } catch (error) {
      return failure(400, `failed to parse policy: ${error instanceof Error ? error.message : ''}`);
    }
    this.#policies.set(name, document);
    return noContent;
  }

  rulesOf(token: Token): readonly PathRule[] | 'root' {
    return isRoot(token) ? 'root' : token.policies.flatMap((name) => this.#rules.get(name) ?? []);
  }

  async handle(call: VaultCall): Promise<Reply> {
    const found = this.#route(call.path);
    if (found !== undefined && found.engine.isOpen(found.rest))
      return found.engine.handle(engineRequest(call, found.rest, undefined));
    if (call.token === undefined) return failure(403, 'permission denied');
    const token = this.tokens.get(call.token);
    if (token === undefined) return invalidToken;
    token.usesLeft -= 1;
    if (!this.#mayDo(token, call, found)) return denied;
    if (found === undefined) return failure(404, `no handler for route "${call.path}". route entry not found.`);
    return found.engine.handle(engineRequest(call, found.rest, token));
  }

  #engine(path: string, settings: JsonBody): Engine | undefined {
    const options = isObject(settings['options']) ? settings['options'] : {};
    const type = text(settings, 'type');
    if (!path.startsWith('auth/')) {
      if (type === 'kv-v2' || (type === 'kv' && text(options, 'version') === '2')) return new KvV2(this.#world);
      return type === 'kv' || type === 'generic' ? new KvV1() : undefined;
    }
    switch (type) {
      case 'aws':
        return new AwsAuth(this.#world);
      case 'approle':
        return new AppRoleAuth(this.#world);
      case 'kubernetes':
        return new KubernetesAuth(this.#world);
      case 'jwt':
        return new JwtAuth(this.#world);
      case 'userpass':
      case 'ldap':
        return new PasswordAuth(type, this.#world);
      default:
        return undefined;
    }
  }

  #route(path: string): { readonly engine: Engine; readonly rest: string } | undefined {
    const asFolder = `${path}/`;
    const mount = [...this.#mounts.keys()].find((prefix) => asFolder.startsWith(prefix));
    if (mount === undefined) return undefined;
    return { engine: this.#mounts.get(mount)!.engine, rest: path.slice(mount.length) };
  }

  #mayDo(
    token: Token,
    call: VaultCall,
    found: { readonly engine: Engine; readonly rest: string } | undefined,
  ): boolean {
    const rules = this.rulesOf(token);
    if (rules === 'root') return true;
    const isNew = call.operation === 'write' && found?.engine.exists(found.rest) === false;
    const wanted = call.operation === 'write' ? (isNew ? 'create' : 'update') : call.operation;
    // A list is allowed by rules for the folder with and without its slash.
    const plain = call.path.replace(/\/$/, '');
    const paths = call.operation === 'list' ? [`${plain}/`, plain] : [call.path];
    return paths.some((path) => capabilitiesOn(rules, path).has(wanted));
  }
}

function engineRequest(call: VaultCall, path: string, token: Token | undefined): EngineRequest {
  const { operation, query, body, exactBody } = call;
  return { operation, path, query, body, exactBody, token };
}
