/**
 * The KV secrets engine, version 2: every secret has numbered versions and metadata. Numbers pass through floating
 * point, as they do in Vault.
 */
import { durationMs, formatGo } from './duration.ts';
import type { Engine, EngineRequest, World } from './engine.ts';
import { flag, isObject, sorted, type JsonBody } from './json.ts';
import { listReply } from './kv-v1.ts';
import { failure, noContent, notFound, ok, type Reply } from './reply.ts';

const WRONG_PATH = (use: 'get' | 'list'): string =>
  'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
  `If using the Vault CLI, use 'vault kv ${use}' for this operation.`;
const DEFAULT_MAX_VERSIONS = 10;

interface Author {
  readonly actor: 'token';
  readonly operation: string;
  readonly client_id: string;
}

interface Version {
  readonly data: JsonBody;
  readonly createdAt: number;
  readonly createdBy: Author;
  deletedBy: Author | null;
  /** Undefined: not planned. In the past: deleted. */
  deletionAt: number | undefined;
  destroyed: boolean;
}

interface Secret {
  readonly versions: Map<number, Version>;
  readonly createdAt: number;
  updatedAt: number;
  current: number;
  customMetadata: Readonly<Record<string, string>> | null;
  casRequired: boolean;
  maxVersions: number;
  deleteAfterMs: number;
  lastUpdatedBy: Author;
}

export class KvV2 implements Engine {
  readonly type = 'kv';
  readonly #world: World;
  readonly #secrets = new Map<string, Secret>();
  #casRequired = false;
  #maxVersions = 0;

  constructor(world: World) {
    this.#world = world;
  }

  isOpen(): boolean {
    return false;
  }

  exists(path: string): boolean {
    const [, name] = split(path);
    return this.#secrets.has(name);
  }

  handle(request: EngineRequest): Reply {
    const [area, name] = split(request.path);
    if (request.path === 'config') return this.#config(request);
    if (area === 'metadata') return this.#metadata(request, name);
    if (area === 'data' && name !== '') return this.#data(request, name);
    if (request.operation === 'write' && ['delete', 'undelete', 'destroy'].includes(area))
      return this.#versions(request, area, name);
    if (area === 'data' && request.operation === 'read' && !request.path.endsWith('/'))
      return ok({ warnings: ['Non-listing operations on the root of a K/V v2 mount are not supported.'] }, 404);
    if (area === 'data' && request.operation === 'write') return failure(400, "cannot write to a path ending in '/'");
    return ok({ warnings: [WRONG_PATH(request.operation === 'list' ? 'list' : 'get')] }, 404);
  }

  #data(request: EngineRequest, name: string): Reply {
    switch (request.operation) {
      case 'read':
        return this.#read(name, request.query.get('version'));
      case 'write':
        return this.#write(request, name);
      case 'delete':
        return this.#delete(name, [this.#secrets.get(name)?.current ?? 0], this.#author('delete'));
      case 'list':
        return ok({ warnings: [WRONG_PATH('list')] }, 404);
      case 'patch':
        return failure(415, 'PATCH requires Content-Type of application/merge-patch+json');
    }
    return notFound;
  }

  #read(name: string, asked: string | null): Reply {
    if (asked !== null && !/^-?\d+$/.test(asked)) {
      const parse = `cannot parse '' as int: strconv.ParseInt: parsing "${asked}": invalid syntax`;
      return failure(400, `Field validation failed: error converting input for field "version": ${parse}`);
    }
    const secret = this.#secrets.get(name);
    const number = Number(asked ?? 0) > 0 ? Number(asked) : (secret?.current ?? 0);
    const version = secret?.versions.get(number);
    if (secret === undefined || version === undefined) return notFound;
    const metadata = this.#versionMetadata(secret, number, version);
    const isGone = version.destroyed || this.#isDeleted(version);
    if (isGone) return ok({ data: { data: null, metadata } }, 404);
    return ok({ data: { data: version.data, metadata }, mountType: 'kv' });
  }

  #write({ body }: EngineRequest, name: string): Reply {
    const { data } = body;
    if (data === undefined) return failure(400, 'no data provided');
    if (!isObject(data))
      return failure(400, `error converting input for field "data": '' expected a map, got '${typeof data}'`);
    const known = this.#secrets.get(name);
    const refused = this.#refusedByCas(known, body);
    if (refused !== undefined) return refused;
    const now = this.#world.clock.now();
    const author = this.#author(known === undefined ? 'create' : 'update');
    const secret = known ?? this.#newSecret(name, author);
    secret.current += 1;
    secret.updatedAt = now;
    secret.lastUpdatedBy = author;
    const version: Version = {
      data: sorted(data) as JsonBody,
      createdAt: now,
      createdBy: author,
      deletedBy: null,
      deletionAt: secret.deleteAfterMs > 0 ? now + secret.deleteAfterMs : undefined,
      destroyed: false,
    };
    secret.versions.set(secret.current, version);
    this.#prune(secret);
    return ok({ data: this.#versionMetadata(secret, secret.current, version), mountType: 'kv' });
  }

  #refusedByCas(known: Secret | undefined, body: JsonBody): Reply | undefined {
    const options = body['options'];
    const cas = isObject(options) ? options['cas'] : undefined;
    const isRequired = this.#casRequired || known?.casRequired === true;
    if (cas === undefined)
      return isRequired ? failure(400, 'check-and-set parameter required for this call') : undefined;
    return Number(cas) === (known?.current ?? 0)
      ? undefined
      : failure(400, 'check-and-set parameter did not match the current version');
  }

  #newSecret(name: string, author: Author): Secret {
    const now = this.#world.clock.now();
    const secret: Secret = {
      versions: new Map(),
      createdAt: now,
      updatedAt: now,
      current: 0,
      customMetadata: null,
      casRequired: false,
      maxVersions: 0,
      deleteAfterMs: 0,
      lastUpdatedBy: author,
    };
    this.#secrets.set(name, secret);
    return secret;
  }

  #prune(secret: Secret): void {
    const most = secret.maxVersions || this.#maxVersions || DEFAULT_MAX_VERSIONS;
    for (const number of secret.versions.keys()) if (number <= secret.current - most) secret.versions.delete(number);
  }

  #versions({ body }: EngineRequest, area: string, name: string): Reply {
    const list = body['versions'];
    const numbers = Array.isArray(list) ? list.map(Number) : [];
    if (numbers.length === 0) return failure(400, 'No version number provided');
    if (area === 'delete') return this.#delete(name, numbers, this.#author('delete'));
    const secret = this.#secrets.get(name);
    if (secret === undefined) return notFound;
    for (const number of numbers) {
      const version = secret.versions.get(number);
      if (version === undefined) continue;
      if (area === 'destroy') version.destroyed = true;
      else this.#undelete(secret, version);
    }
    return noContent;
  }

  #undelete(secret: Secret, version: Version): void {
    version.deletedBy = null;
    version.deletionAt = secret.deleteAfterMs > 0 ? this.#world.clock.now() + secret.deleteAfterMs : undefined;
    secret.lastUpdatedBy = this.#author('undelete');
  }

  #delete(name: string, numbers: readonly number[], author: Author): Reply {
    const secret = this.#secrets.get(name);
    for (const number of numbers) {
      const version = secret?.versions.get(number);
      if (secret === undefined || version === undefined || this.#isDeleted(version)) continue;
      version.deletionAt = this.#world.clock.now();
      version.deletedBy = author;
      secret.lastUpdatedBy = author;
    }
    return noContent;
  }

  #metadata(request: EngineRequest, name: string): Reply {
    const secret = this.#secrets.get(name);
    switch (request.operation) {
      case 'list':
        return listReply(this.#secrets.keys(), name);
      case 'delete':
        this.#secrets.delete(name);
        return noContent;
      case 'write':
        this.#setMetadata(secret ?? this.#newSecret(name, this.#author('create')), request.body);
        return noContent;
      case 'read':
        return secret === undefined ? notFound : ok({ data: this.#describe(secret), mountType: 'kv' });
      case 'patch':
        return failure(415, 'PATCH requires Content-Type of application/merge-patch+json');
    }
    return notFound;
  }

  #setMetadata(secret: Secret, body: JsonBody): void {
    const custom = body['custom_metadata'];
    if (isObject(custom)) secret.customMetadata = sorted(custom) as Record<string, string>;
    if (body['cas_required'] !== undefined) secret.casRequired = flag(body, 'cas_required');
    if (body['max_versions'] !== undefined) secret.maxVersions = Number(body['max_versions']);
    if (body['delete_version_after'] !== undefined) secret.deleteAfterMs = durationMs(body['delete_version_after']);
    this.#prune(secret);
  }

  #config({ operation, body }: EngineRequest): Reply {
    if (operation === 'write') {
      if (body['cas_required'] !== undefined) this.#casRequired = flag(body, 'cas_required');
      if (body['max_versions'] !== undefined) this.#maxVersions = Number(body['max_versions']);
      return noContent;
    }
    const data = { cas_required: this.#casRequired, delete_version_after: '0s', max_versions: this.#maxVersions };
    return ok({ data, mountType: 'kv' });
  }

  #describe(secret: Secret): object {
    const [oldest = 0] = secret.versions.keys();
    return {
      cas_required: secret.casRequired,
      created_time: time(secret.createdAt),
      current_version: secret.current,
      custom_metadata: secret.customMetadata,
      delete_version_after: formatGo(secret.deleteAfterMs),
      last_updated_by: secret.lastUpdatedBy,
      max_versions: secret.maxVersions,
      oldest_version: oldest > 1 ? oldest : 0,
      updated_time: time(secret.updatedAt),
      versions: Object.fromEntries(
        [...secret.versions].map(([number, version]) => [
          number,
          {
            created_by: version.createdBy,
            created_time: time(version.createdAt),
            deleted_by: version.deletedBy,
            deletion_time: version.deletionAt === undefined ? '' : time(version.deletionAt),
            destroyed: version.destroyed,
          },
        ]),
      ),
    };
  }

  #versionMetadata(secret: Secret, number: number, version: Version): object {
    return {
      created_time: time(version.createdAt),
      custom_metadata: secret.customMetadata,
      deletion_time: version.deletionAt === undefined ? '' : time(version.deletionAt),
      destroyed: version.destroyed,
      version: number,
    };
  }

  #isDeleted(version: Version): boolean {
    return version.deletionAt !== undefined && version.deletionAt <= this.#world.clock.now();
  }

  #author(operation: string): Author {
    return { actor: 'token', operation, client_id: 'sandbox' };
  }
}

function split(path: string): readonly [area: string, name: string] {
  const slash = path.indexOf('/');
  return slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1).replace(/\/+$/, '')];
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
