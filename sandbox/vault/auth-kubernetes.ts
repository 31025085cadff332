/**
 * The Kubernetes auth method: the account is read from the token, bound to the role, and confirmed by the API server's
 * TokenReview. Follows the plugin's version 0.23.1.
 */
import { Agent, request } from 'undici';
import type { Engine, EngineRequest, World } from './engine.ts';
import { isObject, text, texts, type JsonBody } from './json.ts';
import { audiencesOf, readJwt } from './jwt.ts';
import { failure, noContent, notFound, notInSandbox, ok, type Reply } from './reply.ts';
import { Roles, shownTerms } from './roles.ts';
import { authBlock, termsOf } from './tokens.ts';

interface Account {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Vault's own word for everything the API server does not confirm. */
const UNCONFIRMED = failure(403, 'permission denied');

export class KubernetesAuth implements Engine {
  readonly type = 'kubernetes';
  readonly #world: World;
  readonly #roles = new Roles('kubernetes');
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
    if (area === 'config') return this.#configure(request);
    if (area === 'role') return this.#role(request, role);
    return notInSandbox(`auth/kubernetes/${request.path}`);
  }

  #configure({ operation, body }: EngineRequest): Reply {
    if (operation === 'write') {
      if (text(body, 'kubernetes_host') === '') return failure(400, 'no host provided');
      this.#config = body;
      return noContent;
    }
    if (this.#config === undefined) return notFound;
    const data = {
      disable_iss_validation: true,
      disable_local_ca_jwt: this.#config['disable_local_ca_jwt'] === true,
      issuer: text(this.#config, 'issuer'),
      kubernetes_ca_cert: text(this.#config, 'kubernetes_ca_cert'),
      kubernetes_host: text(this.#config, 'kubernetes_host'),
      pem_keys: texts(this.#config, 'pem_keys'),
      token_reviewer_jwt_set: text(this.#config, 'token_reviewer_jwt') !== '',
      use_annotations_as_alias_metadata: false,
    };
    return ok({ data, mountType: this.type });
  }

  #role(request: EngineRequest, name: string): Reply {
    const { operation, body } = request;
    if (operation === 'write') {
      const merged = { ...this.#roles.get(name), ...body };
      if (texts(merged, 'bound_service_account_names').length === 0)
        return failure(400, '"bound_service_account_names" can not be empty');
      if (texts(merged, 'bound_service_account_namespaces').length === 0)
        return failure(
          400,
          '"bound_service_account_namespaces" can not be empty if "bound_service_account_namespace_selector" is not set',
        );
    }
    const reply = this.#roles.handle(request, name, shownRole);
    if (operation !== 'write' || text(this.#roles.get(name) ?? {}, 'audience') !== '') return reply;
    const warning =
      `Role ${name} does not have an audience configured. While audiences are not required, consider specifying one if ` +
      'your use case would benefit from additional JWT claim verification.';
    return ok({ warnings: [warning], mountType: this.type });
  }

  async #login(body: JsonBody): Promise<Reply> {
    const jwt = text(body, 'jwt');
    const name = text(body, 'role');
    if (name === '') return failure(400, 'missing role');
    if (jwt === '') return failure(400, 'missing jwt');
    const role = this.#roles.get(name);
    if (role === undefined) return failure(400, `invalid role name "${name}"`);
    if (this.#config === undefined) return failure(500, 'could not load backend configuration');
    const claims = readJwt(jwt)?.claims;
    const account = claims === undefined ? undefined : accountOf(claims);
    if (claims === undefined || account === undefined) return denied403();
    const refused = refusedByRole(role, claims, account);
    if (refused !== undefined) return refused;
    const audience = text(role, 'audience');
    const confirmed = await this.#review(jwt, audience === '' ? audiencesOf(claims) : [audience]);
    if (!confirmed) return UNCONFIRMED;
    const token = this.#world.tokens.issue({
      terms: termsOf(role),
      path: 'auth/kubernetes/login',
      displayName: `kubernetes-${account.namespace}-${account.name}`,
      entityId: this.#world.entities.idOf(account.uid),
      metadata: {
        role: name,
        service_account_name: account.name,
        service_account_namespace: account.namespace,
        service_account_secret_name: '',
        service_account_uid: account.uid,
      },
    });
    return ok({ auth: authBlock(token) });
  }

  async #review(jwt: string, audiences: readonly string[]): Promise<boolean> {
    const config = this.#config ?? {};
    const host = this.#world.kubeUrl ?? text(config, 'kubernetes_host');
    const ca = text(config, 'kubernetes_ca_cert');
    const reviewer = text(config, 'token_reviewer_jwt') || jwt;
    const agent = new Agent({ connect: ca === '' ? {} : { ca } });
    try {
      const answer = await request(`${host.replace(/\/+$/, '')}/apis/authentication.k8s.io/v1/tokenreviews`, {
        method: 'POST',
        dispatcher: agent,
        headers: { authorization: `Bearer ${reviewer}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token: jwt, audiences },
        }),
      });
      const review: unknown = await answer.body.json();
      const status = isObject(review) && isObject(review['status']) ? review['status'] : {};
      return answer.statusCode < 300 && status['authenticated'] === true;
    } catch {
      return false;
    } finally {
      await agent.destroy();
    }
  }
}

function denied403(): Reply {
  return failure(403, 'permission denied');
}

function shownRole(role: JsonBody): object {
  const terms = termsOf(role);
  const audience = text(role, 'audience');
  return {
    alias_name_source: 'serviceaccount_uid',
    ...(audience === '' ? {} : { audience }),
    bound_service_account_names: texts(role, 'bound_service_account_names'),
    bound_service_account_namespace_selector: '',
    bound_service_account_namespaces: texts(role, 'bound_service_account_namespaces'),
    ...(role['policies'] === undefined ? {} : { policies: terms.policies }),
    ...(role['ttl'] === undefined ? {} : { ttl: terms.ttlMs / 1000 }),
    ...shownTerms(terms),
  };
}

function accountOf(claims: JsonBody): Account | undefined {
  const kubernetes = claims['kubernetes.io'];
  const account = isObject(kubernetes) ? kubernetes['serviceaccount'] : undefined;
  if (!isObject(kubernetes) || !isObject(account)) return undefined;
  return { namespace: text(kubernetes, 'namespace'), name: text(account, 'name'), uid: text(account, 'uid') };
}

/** The order is the plugin's: audience, namespace, name. */
function refusedByRole(role: JsonBody, claims: JsonBody, account: Account): Reply | undefined {
  const audience = text(role, 'audience');
  if (audience !== '' && !audiencesOf(claims).includes(audience))
    return failure(403, 'invalid audience (aud) claim: audience claim does not match any expected audience');
  const isBound = (names: readonly string[], name: string): boolean => names.some((bound) => globMatches(bound, name));
  if (!isBound(texts(role, 'bound_service_account_namespaces'), account.namespace))
    return failure(403, 'namespace not authorized');
  if (!isBound(texts(role, 'bound_service_account_names'), account.name))
    return failure(403, 'service account name not authorized');
  return undefined;
}

function globMatches(pattern: string, name: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`).test(name);
}
