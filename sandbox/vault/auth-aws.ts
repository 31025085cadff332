/**
 * The AWS auth method, type `iam`: forwards the signed request to STS (`sts_endpoint` of its configuration) and compares who signed it
 * with the role. Type `ec2` is not part of the sandbox.
 */
import { request } from 'undici';
import type { Engine, EngineRequest, World } from './engine.ts';
import { isObject, text, texts, type JsonBody } from './json.ts';
import { failure, noContent, notFound, notInSandbox, ok, type Reply } from './reply.ts';
import { Roles, shownTerms } from './roles.ts';
import { authBlock, termsOf } from './tokens.ts';

const SERVER_ID = 'x-vault-aws-iam-server-id';

interface Forwarded {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export class AwsAuth implements Engine {
  readonly type = 'aws';
  readonly #world: World;
  readonly #roles = new Roles('aws');
  #config: JsonBody = {};

  constructor(world: World) {
    this.#world = world;
  }

  isOpen(path: string): boolean {
    return path === 'login';
  }

  exists(path: string): boolean {
    return path === 'config/client' ? Object.keys(this.#config).length > 0 : this.#roles.has(path.split('/')[1] ?? '');
  }

  handle(request: EngineRequest): Reply | Promise<Reply> {
    const [area, name = ''] = request.path.split('/');
    if (area === 'login') return this.#login(request.body);
    if (area === 'role')
      return this.#roles.handle(request, name, (settings) => ({ ...settings, ...shownTerms(termsOf(settings)) }));
    if (request.path !== 'config/client') return notInSandbox(`auth/aws/${request.path}`);
    if (request.operation !== 'write')
      return Object.keys(this.#config).length === 0 ? notFound : ok({ data: this.#config, mountType: this.type });
    this.#config = { ...this.#config, ...request.body };
    return noContent;
  }

  async #login(body: JsonBody): Promise<Reply> {
    if (text(body, 'iam_http_request_method') === '')
      return failure(400, "didn't supply required authentication values");
    const forwarded = readForwarded(body);
    if (forwarded === undefined) return failure(400, 'error parsing the signed request');
    const wrongServer = this.#wrongServer(forwarded);
    if (wrongServer !== undefined)
      return failure(400, `error validating X-Vault-AWS-IAM-Server-ID header: ${wrongServer}`);
    const arn = await askSts(text(this.#config, 'sts_endpoint') || 'https://sts.amazonaws.com', forwarded);
    if (arn === undefined) return failure(400, 'error making upstream request: received error code 403 from STS');
    const name = text(body, 'role') || shortName(arn);
    const role = this.#roles.get(name);
    if (role === undefined) return failure(400, `entry for role ${name} not found`);
    const bound = texts(role, 'bound_iam_principal_arn');
    if (!bound.some((principal) => matches(principal, canonical(arn))))
      return failure(400, `IAM Principal "${canonical(arn)}" does not belong to the role "${name}"`);
    const issued = this.#world.tokens.issue({
      terms: termsOf(role),
      path: 'auth/aws/login',
      displayName: `aws-${shortName(arn)}`,
      metadata: { role: name, auth_type: 'iam', canonical_arn: canonical(arn) },
      entityId: this.#world.entities.idOf(`aws/${canonical(arn)}`),
    });
    return ok({ auth: authBlock(issued) });
  }

  /** The header must be there, be right, and be part of what was signed. */
  #wrongServer({ headers }: Forwarded): string | undefined {
    const expected = text(this.#config, 'iam_server_id_header_value');
    if (expected === '') return undefined;
    const given = headers[SERVER_ID] ?? '';
    if (given === '') return 'missing header "X-Vault-AWS-IAM-Server-ID"';
    if (given !== expected) return `expected "${expected}" but got "${given}"`;
    const signed = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1]?.split(';') ?? [];
    return signed.includes(SERVER_ID) ? undefined : "header wasn't signed";
  }
}

function readForwarded(body: JsonBody): Forwarded | undefined {
  const decoded = (name: string): string => Buffer.from(text(body, name), 'base64').toString('utf8');
  try {
    const headers: unknown = JSON.parse(decoded('iam_request_headers'));
    const content = decoded('iam_request_body');
    if (!isObject(headers) || new URLSearchParams(content).get('Action') !== 'GetCallerIdentity') return undefined;
    const plain = Object.keys(headers).map((name) => [name.toLowerCase(), texts(headers, name).join(',')] as const);
    return { url: new URL(decoded('iam_request_url')), headers: Object.fromEntries(plain), body: content };
  } catch {
    return undefined;
  }
}

/** The ARN of who signed; undefined when STS does not take it. Whatever the request's address says, only `endpoint` is asked. */
async function askSts(endpoint: string, { url, headers, body }: Forwarded): Promise<string | undefined> {
  const answer = await request(new URL(url.pathname + url.search, endpoint), {
    method: 'POST',
    headers: { ...headers, host: url.host },
    body,
  });
  const answered = await answer.body.text();
  return answer.statusCode === 200 ? /<Arn>([^<]+)<\/Arn>/.exec(answered)?.[1] : undefined;
}

/** `arn:aws:sts::1:assumed-role/reader/session` is the role `arn:aws:iam::1:role/reader`. */
function canonical(arn: string): string {
  return arn.replace(/:sts::(\d+):assumed-role\/([^/]+)\/.*$/, ':iam::$1:role/$2');
}

function shortName(arn: string): string {
  return canonical(arn).split('/').at(-1) ?? '';
}

function matches(principal: string, arn: string): boolean {
  return principal.endsWith('*') ? arn.startsWith(principal.slice(0, -1)) : principal === arn;
}
