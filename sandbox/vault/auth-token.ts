/**
 * The token auth method: tokens made from tokens, looked up, renewed and revoked.
 */
import { durationMs, formatGo } from './duration.ts';
import type { Engine, EngineRequest, World } from './engine.ts';
import { text } from './json.ts';
import { failure, invalidToken, noContent, notInSandbox, ok, type Reply } from './reply.ts';
import { authBlock, isRoot, metadataOf, termsOf, type Token } from './tokens.ts';

const CUSTOM_ID =
  'Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token ' +
  'obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups.';

export class TokenAuth implements Engine {
  readonly type = 'token';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  isOpen(): boolean {
    return false;
  }

  exists(): boolean {
    return true;
  }

  handle(request: EngineRequest): Reply {
    const { path, operation, token, body } = request;
    if (token === undefined) return invalidToken;
    const named = path.endsWith('-accessor')
      ? this.#world.tokens.byAccessor(text(body, 'accessor'))
      : this.#world.tokens.get(text(body, 'token'));
    switch (`${operation} ${path}`) {
      case 'write create':
      case 'write create-orphan':
        return this.#create(request, token, path === 'create-orphan');
      case 'read lookup-self':
      case 'write lookup-self':
        return this.#describe(token);
      case 'write lookup':
        return named === undefined ? failure(403, 'bad token') : this.#describe(named);
      case 'write lookup-accessor':
        return named === undefined ? failure(403, 'invalid accessor') : this.#describe(named);
      case 'write revoke-accessor':
        return named === undefined ? failure(400, 'invalid accessor') : this.#revoke(named);
      case 'write renew-self':
        return this.#renew(token, body['increment']);
      case 'write renew':
        return named === undefined ? failure(403, 'bad token') : this.#renew(named, body['increment']);
      case 'write renew-accessor':
        return named === undefined ? failure(403, 'invalid accessor') : this.#renew(named, body['increment']);
      case 'write revoke-self':
        return this.#revoke(token);
      case 'write revoke':
        return named === undefined ? noContent : this.#revoke(named);
      case 'list accessors':
        return ok({ data: { keys: this.#world.tokens.accessors() }, mountType: 'token' });
      default:
        return notInSandbox(`${operation} auth/token/${path}`);
    }
  }

  #create({ body }: EngineRequest, parent: Token, orphan: boolean): Reply {
    const asked = termsOf(body);
    const policies = asked.policies.length === 0 ? parent.policies : asked.policies;
    const allowed = isRoot(parent) || policies.every((name) => name === 'default' || parent.policies.includes(name));
    if (!allowed) return failure(400, 'child policies must be subset of parent');
    const id = text(body, 'id');
    const metadata = metadataOf(body);
    const token = this.#world.tokens.issue({
      terms: { ...asked, policies },
      path: 'auth/token/create',
      displayName: 'token',
      ...(metadata === undefined ? {} : { metadata }),
      ...(orphan || body['no_parent'] === true ? {} : { parent: parent.id }),
      ...(id === '' ? {} : { id }),
    });
    const missing = policies
      .filter((name) => !this.#world.hasPolicy(name))
      .map((name) => `Policy "${name}" does not exist`);
    return ok({
      auth: authBlock(token),
      warnings: [...(id === '' ? [] : [CUSTOM_ID]), ...missing],
      mountType: 'token',
    });
  }

  #renew(token: Token, increment: unknown): Reply {
    if (token.type === 'batch') return failure(400, 'batch tokens cannot be renewed');
    if (!token.renewable) return failure(400, 'lease is not renewable');
    const asked = durationMs(increment);
    const grantedMs = this.#world.tokens.renew(token, asked);
    const isCapped = token.periodMs === 0 && asked > grantedMs;
    const capped = `TTL of "${formatGo(asked)}" exceeded the effective max_ttl of "${formatGo(grantedMs)}"; TTL value is capped accordingly`;
    return ok({ auth: authBlock(token, grantedMs), warnings: isCapped ? [capped] : [], mountType: 'token' });
  }

  #revoke(token: Token): Reply {
    if (token.type === 'batch') return failure(400, 'batch tokens cannot be revoked');
    this.#world.tokens.revoke(token.id);
    return noContent;
  }

  #describe(token: Token): Reply {
    const seconds = (ms: number): number => Math.floor(ms / 1000);
    const expires = token.expiresAt !== Infinity;
    const data = {
      accessor: token.accessor,
      creation_time: seconds(token.issuedAt),
      creation_ttl: seconds(token.creationTtlMs),
      display_name: token.displayName,
      entity_id: token.entityId,
      expire_time: expires ? new Date(token.expiresAt).toISOString() : null,
      explicit_max_ttl: seconds(token.explicitMaxMs),
      id: token.id,
      issue_time: new Date(token.issuedAt).toISOString(),
      meta: token.metadata,
      num_uses: token.numUses === 0 ? 0 : token.usesLeft,
      orphan: token.orphan,
      path: token.path,
      ...(token.periodMs > 0 ? { period: seconds(token.periodMs) } : {}),
      policies: token.policies,
      renewable: token.renewable,
      ttl: expires ? seconds(token.expiresAt - this.#world.clock.now()) : 0,
      type: token.type,
    };
    return ok({ data, mountType: 'token' });
  }
}
