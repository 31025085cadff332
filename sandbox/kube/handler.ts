/**
 * One HTTP request from its path to its answer: discovery, reviews, and the verbs of the REST API.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { REVIEWS, answerReview, requestToken } from './auth/reviews.ts';
import { ISSUER } from './auth/tokens.ts';
import type { Tokens } from './auth/tokens.ts';
import { userOf } from './auth/users.ts';
import type { Cluster, User } from './cluster.ts';
import { tableOf } from './cluster.ts';
import { Discovery } from './discovery.ts';
import type { Json, JsonObject } from './json.ts';
import { compact, isObject, objectAt, textAt } from './json.ts';
import type { Served } from './registry.ts';
import type { ResourcePath } from './request.ts';
import { mediaType, parseBody, resourcePath } from './request.ts';
import { list, selectionOf } from './rest/read.ts';
import { remove, removeCollection } from './rest/remove.ts';
import type { Subresource, Target, Terms } from './rest/target.ts';
import type { View } from './rest/view.ts';
import { renderEntry, renderList, renderObject, viewOf } from './rest/view.ts';
import type { WatchRequest } from './rest/watch.ts';
import type { Written } from './rest/write.ts';
import { PATCH_TYPES, create, patch, update } from './rest/write.ts';
import {
  NoSuchPath,
  StatusError,
  badRequest,
  forbidden,
  methodNotAllowed,
  notFound,
  notImplemented,
  pathNotFound,
  unsupportedMediaType,
} from './status.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A finished answer, or a watch to be streamed. */
export type Answer =
  | {
      readonly type: 'body';
      readonly status: number;
      readonly body: string;
      readonly contentType: string;
      readonly warnings: readonly string[];
    }
  | { readonly type: 'watch'; readonly request: WatchRequest; readonly warnings: readonly string[] };

/** Everything a verb needs. */
interface Call {
  readonly request: HttpRequest;
  readonly served: Served;
  readonly path: ResourcePath;
  readonly target: Target;
  readonly terms: Terms;
  readonly view: View;
}

export class Handler {
  readonly #cluster: Cluster;
  readonly #tokens: Tokens;
  readonly #discovery: Discovery;

  constructor(cluster: Cluster, tokens: Tokens) {
    this.#cluster = cluster;
    this.#tokens = tokens;
    this.#discovery = new Discovery(cluster.registry);
  }

  /** @throws StatusError for every refusal. */
  async handle(request: HttpRequest): Promise<Answer> {
    const user = userOf(this.#cluster, this.#tokens, request.headers.authorization);
    const fixed = this.#fixed(request);
    if (fixed !== undefined) return fixed;
    const path = resourcePath(request.url.pathname);
    if (path === undefined || path.plural === 'watch')
      throw path === undefined ? new NoSuchPath() : notImplemented('the /watch/ prefix');
    const review = REVIEWS.find(
      (one) => one.group === path.group && one.plural === path.plural && one.version === path.version,
    );
    if (review !== undefined) {
      if (request.method !== 'POST') throw methodNotAllowed();
      return json(201, answerReview(review, this.#cluster, this.#tokens, user, bodyOf(request), path.namespace));
    }
    return this.#resource(request, path, user);
  }

  #fixed(request: HttpRequest): Answer | undefined {
    const { pathname } = request.url;
    if (['/healthz', '/readyz', '/livez'].includes(pathname))
      return { type: 'body', status: 200, body: 'ok', contentType: 'text/plain', warnings: [] };
    if (pathname === '/openid/v1/jwks') return json(200, this.#tokens.jwks());
    if (pathname === '/.well-known/openid-configuration') return json(200, openIdConfiguration());
    const accept = request.headers.accept ?? '';
    const trimmed = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
    const found = this.#discovery.answer(trimmed, accept);
    return found === undefined ? undefined : { ...json(200, found), contentType: Discovery.mediaType(trimmed, accept) };
  }

  async #resource(request: HttpRequest, path: ResourcePath, user: User): Promise<Answer> {
    const served = this.#cluster.registry.find(path.group, path.version, path.plural);
    if (path.namespace !== '' && !served.kind.namespaced) throw pathNotFound();
    if (path.subresource === 'token' && served.kind.plural === 'serviceaccounts' && request.method === 'POST') {
      this.#authorize(user, 'create', path);
      return json(201, requestToken(this.#cluster, this.#tokens, path.namespace, path.name, bodyOf(request)));
    }
    const call: Call = {
      request,
      served,
      path,
      target: { ...served, namespace: path.namespace, name: path.name, subresource: subresourceOf(served, path) },
      terms: termsOf(request, user, served),
      view: viewOf(request.headers.accept, request.url.searchParams.get('includeObject')),
    };
    try {
      return await this.#verb(call, user);
    } catch (error) {
      if (error instanceof StatusError) error.warnings.push(...call.terms.warnings);
      throw error;
    }
  }

  async #verb(call: Call, user: User): Promise<Answer> {
    const { method } = call.request;
    const named = call.path.name !== '';
    if (method === 'GET' || method === 'HEAD') return this.#read(call, user);
    this.#authorize(user, verbName(method, named), call.path);
    if (call.served.kind.namespaced && call.path.namespace === '' && method !== 'DELETE') throw methodNotAllowed();
    if (method === 'POST' && !named)
      return this.#written(call, await create(this.#cluster, call.target, bodyOf(call.request), call.terms));
    if (method === 'PUT' && named)
      return this.#written(call, await update(this.#cluster, call.target, bodyOf(call.request), call.terms));
    if (method === 'PATCH' && named) return this.#written(call, await this.#patch(call));
    if (method === 'DELETE') return named ? this.#delete(call) : this.#deleteCollection(call);
    throw methodNotAllowed();
  }

  #authorize(user: User, verb: string, path: ResourcePath): void {
    const { group, plural, subresource, namespace, name } = path;
    const attributes = {
      user: user.username,
      groups: user.groups,
      verb,
      group,
      resource: plural,
      subresource,
      namespace,
      name,
    };
    if (this.#cluster.authorize(attributes)) return;
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
    const resource = subresource === '' ? plural : `${plural}/${subresource}`;
    throw forbidden(
      path,
      name,
      `User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`,
    );
  }

  #read(call: Call, user: User): Answer {
    const { path, served, view } = call;
    const query = call.request.url.searchParams;
    const watching = ['true', '1'].includes(query.get('watch') ?? '');
    this.#authorize(user, watching ? 'watch' : path.name === '' ? 'list' : 'get', path);
    const namespace = path.namespace === '' ? undefined : path.namespace;
    const { warnings } = call.terms;
    if (watching) {
      const selection = selectionOf(served, namespace, query, path.name === '' ? undefined : path.name);
      return { type: 'watch', request: { served, selection, view, query }, warnings };
    }
    const now = this.#cluster.clock.now();
    if (path.name === '') {
      const page = list(this.#cluster, served, selectionOf(served, namespace, query), query);
      return text(200, renderList(served, page.entries, view, now, page.metadata), warnings);
    }
    const entry = tableOf(this.#cluster, served.kind).get(path.namespace, path.name);
    if (entry === undefined) throw notFound(served.kind, path.name);
    return text(200, renderEntry(served, entry, view, now), warnings);
  }

  #written(call: Call, written: Written): Answer {
    const body = renderObject(call.served, written.object, call.view, this.#cluster.clock.now());
    return text(written.created ? 201 : 200, body, call.terms.warnings);
  }

  #patch(call: Call): Promise<Written> {
    const contentType = mediaType(call.request.headers['content-type']);
    const accepted = Object.keys(PATCH_TYPES).filter((type) => !call.served.kind.custom || !type.includes('strategic'));
    if (!isPatchType(contentType) || !accepted.includes(contentType))
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
      );
    const type = PATCH_TYPES[contentType];
    const query = call.request.url.searchParams;
    if (type === 'apply' && query.get('fieldManager') === null)
      throw new StatusError({
        code: 422,
        reason: 'Invalid',
        message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        details: {
          group: 'meta.k8s.io',
          kind: 'PatchOptions',
          causes: [
            {
              reason: 'FieldValueRequired',
              message: 'Required value: is required for apply patch',
              field: 'fieldManager',
            },
          ],
        },
      });
    return patch(this.#cluster, call.target, type, bodyOf(call.request), call.terms, query.get('force') === 'true');
  }

  async #delete(call: Call): Promise<Answer> {
    const options = deleteOptions(call.request);
    const { object, gone } = await remove(this.#cluster, call.target, options, withDryRun(call.terms, options));
    const { kind } = call.served;
    if (!gone || kind.kind === 'Namespace') return this.#written(call, { object, created: false });
    const details = compact({
      name: call.target.name,
      group: kind.group === '' ? undefined : kind.group,
      kind: kind.plural,
      uid: textAt(object, 'metadata', 'uid'),
    });
    return json(
      200,
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
      call.terms.warnings,
    );
  }

  async #deleteCollection(call: Call): Promise<Answer> {
    if (call.served.kind.namespaced && call.path.namespace === '') throw methodNotAllowed();
    const { matches } = selectionOf(call.served, call.path.namespace, call.request.url.searchParams);
    const options = deleteOptions(call.request);
    const removed = await removeCollection(
      this.#cluster,
      call.target,
      matches,
      options,
      withDryRun(call.terms, options),
    );
    const { kind, version } = call.served;
    const apiVersion = kind.group === '' ? version.name : `${kind.group}/${version.name}`;
    const items = removed.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) =>
      kind.custom ? { kind: kind.kind, apiVersion, ...rest } : rest,
    );
    return json(
      200,
      { kind: kind.listKind, apiVersion, metadata: { resourceVersion: String(this.#cluster.storage.version) }, items },
      call.terms.warnings,
    );
  }
}

function verbName(method: string, named: boolean): string {
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection';
  return method === 'POST' ? 'create' : method === 'PUT' ? 'update' : 'patch';
}

function isPatchType(type: string): type is keyof typeof PATCH_TYPES {
  return Object.hasOwn(PATCH_TYPES, type);
}

/** @throws 404 for a subresource the kind has not. */
function subresourceOf(served: Served, path: ResourcePath): Subresource {
  const { subresource } = path;
  if (subresource === '') return '';
  if (subresource === 'status' && served.version.hasStatus) return 'status';
  if (subresource === 'finalize' && served.kind.kind === 'Namespace') return 'finalize';
  throw pathNotFound();
}

function termsOf(request: HttpRequest, user: User, served: Served): Terms {
  const query = request.url.searchParams;
  const validation = query.get('fieldValidation');
  if (validation !== null && !['', 'Strict', 'Warn', 'Ignore'].includes(validation))
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Warn", "Strict"`,
    );
  return {
    manager: query.get('fieldManager') || agentName(request.headers['user-agent']),
    dryRun: query.getAll('dryRun').includes('All'),
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    warnings: served.version.deprecation === undefined ? [] : [served.version.deprecation],
    user,
  };
}

/** The part of a User-Agent that names the program, as field managers default to. */
function agentName(agent: string | undefined): string {
  return (agent ?? '').split('/')[0]?.slice(0, 128) || 'unknown';
}

function withDryRun(terms: Terms, options: JsonObject): Terms {
  const dryRun = options['dryRun'];
  return Array.isArray(dryRun) && dryRun.includes('All') ? { ...terms, dryRun: true } : terms;
}

function deleteOptions(request: HttpRequest): JsonObject {
  const body = request.body.length === 0 ? {} : bodyOf(request);
  const query = request.url.searchParams;
  const policy = query.get('propagationPolicy');
  const base = isObject(body) ? body : {};
  return compact({
    ...base,
    propagationPolicy: base['propagationPolicy'] ?? policy ?? undefined,
    preconditions: objectAt(base, 'preconditions'),
  });
}

function bodyOf(request: HttpRequest): Json {
  const type = mediaType(request.headers['content-type']);
  return parseBody(request.body, type);
}

function text(status: number, body: string, warnings: readonly string[] = []): Answer & { type: 'body' } {
  return { type: 'body', status, body, contentType: 'application/json', warnings };
}

function json(status: number, body: JsonObject, warnings: readonly string[] = []): Answer & { type: 'body' } {
  return text(status, JSON.stringify(body), warnings);
}

function openIdConfiguration(): JsonObject {
  return {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}
