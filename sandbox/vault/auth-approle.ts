/**
 * The AppRole auth method.
 */
import { randomUUID } from 'node:crypto';
import { durationMs } from './duration.ts';
import type { Engine, EngineRequest, World } from './engine.ts';
import { text } from './json.ts';
import { failure, noContent, notFound, notInSandbox, ok, type Reply } from './reply.ts';
import { Roles, shownTerms } from './roles.ts';
import { authBlock, termsOf } from './tokens.ts';

interface SecretId {
  readonly role: string;
  readonly expiresAt: number;
  usesLeft: number;
}

const REFUSED = failure(400, 'invalid role or secret ID');

export class AppRoleAuth implements Engine {
  readonly type = 'approle';
  readonly #world: World;
  readonly #roles = new Roles('approle');
  readonly #roleIds = new Map<string, string>();
  readonly #secretIds = new Map<string, SecretId>();

  constructor(world: World) {
    this.#world = world;
  }

  isOpen(path: string): boolean {
    return path === 'login';
  }

  exists(path: string): boolean {
    return this.#roles.has(path.split('/')[1] ?? '');
  }

  handle(request: EngineRequest): Reply {
    const [area, role = '', part] = request.path.split('/');
    if (area === 'login') return this.#login(request);
    if (area !== 'role') return notInSandbox(`auth/approle/${request.path}`);
    if (part === undefined) return this.#role(request, role);
    if (!this.#roles.has(role)) return notFound;
    switch (`${request.operation} ${part}`) {
      case 'read role-id':
        return ok({ data: { role_id: this.#roleIds.get(role) }, mountType: this.type });
      case 'write role-id':
        this.#roleIds.set(role, text(request.body, 'role_id'));
        return noContent;
      case 'write secret-id':
        return this.#newSecretId(role, randomUUID());
      case 'write custom-secret-id':
        return this.#newSecretId(role, text(request.body, 'secret_id'));
      default:
        return notInSandbox(`${request.operation} auth/approle/${request.path}`);
    }
  }

  #role(request: EngineRequest, name: string): Reply {
    if (request.operation === 'write' && !this.#roleIds.has(name)) this.#roleIds.set(name, randomUUID());
    return this.#roles.handle(request, name, (role) => ({
      bind_secret_id: role['bind_secret_id'] !== false,
      local_secret_ids: false,
      secret_id_bound_cidrs: null,
      secret_id_num_uses: Number(role['secret_id_num_uses'] ?? 0),
      secret_id_ttl: durationMs(role['secret_id_ttl']) / 1000,
      ...shownTerms(termsOf(role)),
    }));
  }

  #newSecretId(role: string, secretId: string): Reply {
    const settings = this.#roles.get(role)!;
    const ttlMs = durationMs(settings['secret_id_ttl']);
    const uses = Number(settings['secret_id_num_uses'] ?? 0);
    this.#secretIds.set(secretId, {
      role,
      expiresAt: ttlMs > 0 ? this.#world.clock.now() + ttlMs : Infinity,
      usesLeft: uses > 0 ? uses : Infinity,
    });
    const data = {
      secret_id: secretId,
      secret_id_accessor: randomUUID(),
      secret_id_num_uses: uses,
      secret_id_ttl: ttlMs / 1000,
    };
    return ok({ data, mountType: this.type });
  }

  #login({ body }: EngineRequest): Reply {
    const roleId = text(body, 'role_id');
    if (roleId === '') return failure(500, 'failed to determine alias name from login request');
    const [name] = [...this.#roleIds].find(([, id]) => id === roleId) ?? [];
    const role = name === undefined ? undefined : this.#roles.get(name);
    if (name === undefined || role === undefined) return REFUSED;
    const secretId = text(body, 'secret_id');
    const isBound = role['bind_secret_id'] !== false;
    if (isBound && secretId === '') return failure(400, 'missing secret_id');
    if (isBound && !this.#accepts(name, secretId)) return REFUSED;
    const token = this.#world.tokens.issue({
      terms: termsOf(role),
      path: 'auth/approle/login',
      displayName: 'approle',
      metadata: { role_name: name },
      entityId: this.#world.entities.idOf(roleId),
    });
    return ok({ auth: authBlock(token) });
  }

  #accepts(role: string, secretId: string): boolean {
    const known = this.#secretIds.get(secretId);
    if (known === undefined || known.role !== role || this.#world.clock.now() >= known.expiresAt) return false;
    known.usesLeft -= 1;
    if (known.usesLeft <= 0) this.#secretIds.delete(secretId);
    return true;
  }
}
