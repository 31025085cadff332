/**
 * The JWT auth method with static public keys or a JWKS address. OIDC discovery is not part of the sandbox.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { request } from 'undici';
import type { Engine, EngineRequest, World } from './engine.ts';
import { flag, isObject, text, texts, type JsonBody } from './json.ts';
import { audiencesOf, claimText, isSignedBy, keysOf, readJwt, type Jwt } from './jwt.ts';
import { failure, noContent, notFound, notInSandbox, ok, type Reply } from './reply.ts';
import { Roles, shownTerms } from './roles.ts';
import { authBlock, termsOf } from './tokens.ts';

export class JwtAuth implements Engine {
  readonly type = 'jwt';
  readonly #world: World;
  readonly #roles = new Roles('jwt');
  #config: JsonBody | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  isOpen(path: string): boolean {
    return path === 'login';
  }

  exists(path: string): boolean {
    return path === 'config' ? this.#config !== undefined : this.#roles.has(path.split('/')[1] ?? '');
  }

  handle(request: EngineRequest): Reply | Promise<Reply> {
    const [area, role = ''] = request.path.split('/');
    if (area === 'login') return this.#login(request.body);
    if (area === 'role')
      return this.#roles.handle(request, role, (settings) => ({ ...settings, ...shownTerms(termsOf(settings)) }));
    if (area !== 'config') return notInSandbox(`auth/jwt/${request.path}`);
    if (request.operation === 'write') {
      this.#config = request.body;
      return noContent;
    }
    return this.#config === undefined ? notFound : ok({ data: this.#config, mountType: this.type });
  }

  async #login(body: JsonBody): Promise<Reply> {
    const config = this.#config;
    if (config === undefined) return failure(400, 'could not load configuration');
    const name = text(body, 'role') || text(config, 'default_role');
    if (name === '') return failure(400, 'missing role');
    const role = this.#roles.get(name);
    if (role === undefined) return failure(400, `role "${name}" could not be found`);
    const token = text(body, 'jwt');
    if (token === '') return failure(400, 'missing token');
    const jwt = readJwt(token);
    const why =
      jwt === undefined
        ? 'error verifying token signature: go-jose/go-jose: compact JWS format must have three parts'
        : await this.#refusal(jwt, config, role);
    if (jwt === undefined || why !== undefined) return failure(400, `error validating token: ${why}`);
    const user = claimText(jwt.claims, text(role, 'user_claim'), flag(role, 'user_claim_json_pointer'));
    if (user === '') return failure(400, `claim "${text(role, 'user_claim')}" not found in token`);
    const unbound = boundClaimsRefusal(jwt.claims, role);
    if (unbound !== undefined) return failure(400, unbound);
    const issued = this.#world.tokens.issue({
      terms: termsOf(role),
      path: 'auth/jwt/login',
      displayName: `jwt-${user}`,
      metadata: { role: name },
      entityId: this.#world.entities.idOf(`jwt/${user}`),
    });
    return ok({ auth: authBlock(issued) });
  }

  async #refusal(jwt: Jwt, config: JsonBody, role: JsonBody): Promise<string | undefined> {
    const keys = await keysFrom(config);
    if (!keys.some((key) => isSignedBy(jwt, key)))
      return 'error verifying token signature: no known key successfully validated the token signature';
    const { claims } = jwt;
    const now = this.#world.clock.now() / 1000;
    if (Number(claims['exp'] ?? Infinity) < now) return 'invalid expiration time (exp) claim: token is expired';
    const issuer = text(config, 'bound_issuer');
    if (issuer !== '' && claims['iss'] !== issuer) return 'invalid issuer (iss) claim';
    const bound = texts(role, 'bound_audiences');
    const audiences = audiencesOf(claims);
    if (audiences.length > 0 && !audiences.some((audience) => bound.includes(audience)))
      return 'invalid audience (aud) claim: audience claim does not match any expected audience';
    const subject = text(role, 'bound_subject');
    if (subject !== '' && claims['sub'] !== subject) return 'invalid subject (sub) claim';
    return undefined;
  }
}

function boundClaimsRefusal(claims: JsonBody, role: JsonBody): string | undefined {
  const bound = isObject(role['bound_claims']) ? role['bound_claims'] : {};
  const wrong = Object.keys(bound).find((name) => !texts(bound, name).includes(claimText(claims, name, true)));
  return wrong === undefined
    ? undefined
    : `error validating claims: claim "${wrong}" does not match any associated bound claim values`;
}

async function keysFrom(config: JsonBody): Promise<readonly KeyObject[]> {
  const jwks = text(config, 'jwks_url');
  if (jwks !== '') return keysOf(await (await request(jwks)).body.json());
  return texts(config, 'jwt_validation_pubkeys').map((pem) => createPublicKey(pem));
}
