/**
 * The userpass auth method, and LDAP as if its directory were a table: users are written to `users/<name>` with a
 * password, as with userpass.
 */
import type { Engine, EngineRequest, World } from './engine.ts';
import { text } from './json.ts';
import { failure, notInSandbox, ok, type Reply } from './reply.ts';
import { Roles, shownTerms } from './roles.ts';
import { authBlock, termsOf } from './tokens.ts';

export class PasswordAuth implements Engine {
  readonly type: 'userpass' | 'ldap';
  readonly #world: World;
  readonly #users: Roles;

  constructor(type: 'userpass' | 'ldap', world: World) {
    this.type = type;
    this.#world = world;
    this.#users = new Roles(type);
  }

  isOpen(path: string): boolean {
    return path.startsWith('login/');
  }

  exists(path: string): boolean {
    return this.#users.has(path.split('/')[1] ?? '');
  }

  handle(request: EngineRequest): Reply {
    const [area, user = ''] = request.path.split('/');
    if (area === 'login') return this.#login(request, user.toLowerCase());
    if (area === 'users') return this.#users.handle(request, user.toLowerCase(), (role) => shownTerms(termsOf(role)));
    return notInSandbox(`auth/${this.type}/${request.path}`);
  }

  #login({ body }: EngineRequest, name: string): Reply {
    const user = this.#users.get(name);
    const isRight = user !== undefined && text(user, 'password') === text(body, 'password');
    if (!isRight)
      return failure(
        400,
        this.type === 'ldap' ? 'ldap operation failed: failed to bind as user' : 'invalid username or password',
      );
    const token = this.#world.tokens.issue({
      terms: termsOf(user),
      path: `auth/${this.type}/login/${name}`,
      displayName: `${this.type}-${name}`,
      metadata: { username: name },
      entityId: this.#world.entities.idOf(`${this.type}/${name}`),
    });
    return ok({ auth: authBlock(token) });
  }
}
