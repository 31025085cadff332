/**
 * Which groups, versions and resources there are, in the plain and in the aggregated form, and just enough OpenAPI for
 * kubectl to see that field validation happens here.
 */
import type { Json, JsonObject } from './json.ts';
import { compact } from './json.ts';
import { REVIEWS } from './auth/reviews.ts';
import type { Kind, KindVersion } from './kinds/kind.ts';
import { groupVersion } from './kinds/kind.ts';
import type { Registry } from './registry.ts';
import { NoSuchPath, pathNotFound } from './status.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Group and version of the kind where they differ from the resource's. */
  readonly group?: string;
  readonly version?: string;
}

export class Discovery {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The answer to a discovery path; undefined when `path` is none. `accept`: the Accept header. */
  answer(path: string, accept: string): JsonObject | undefined {
    const parts = path.split('/').filter((part) => part !== '');
    const aggregated = accept.includes('as=APIGroupDiscoveryList');
    if (path === '/api')
      return aggregated
        ? this.#aggregated([''])
        : { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    if (path === '/apis') return aggregated ? this.#aggregated(this.#groups()) : this.#groupList();
    if (parts[0] === 'apis' && parts.length === 2)
      return { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(parts[1] ?? '') };
    if (parts[0] === 'apis' && parts.length === 3) return this.#resourceList(parts[1] ?? '', parts[2] ?? '');
    if (parts[0] === 'api' && parts.length === 2) return this.#resourceList('', parts[1] ?? '');
    if (path === '/version') return VERSION;
    if (path === '/openapi/v3') return this.#openApiIndex();
    if (path.startsWith('/openapi/v3/')) return this.#openApi(parts.slice(2));
    if (path === '/openapi/v2') throw pathNotFound();
    return undefined;
  }

  /** The media type of an aggregated answer, which clients look at before they believe it. */
  static mediaType(path: string, accept: string): string {
    const aggregated = (path === '/api' || path === '/apis') && accept.includes('as=APIGroupDiscoveryList');
    return aggregated ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : 'application/json';
  }

  #groups(): readonly string[] {
    const groups = new Set([
      ...REVIEWS.map((review) => review.group),
      ...this.#registry.kinds().map((kind) => kind.group),
    ]);
    groups.delete('');
    return [...groups];
  }

  #versions(group: string): readonly string[] {
    const own = this.#registry.kinds().filter((kind) => kind.group === group);
    const names = [
      ...own.flatMap((kind) => kind.versions.map((version) => version.name)),
      ...REVIEWS.filter((review) => review.group === group).map((review) => review.version),
    ];
    return [...new Set(names)];
  }

  #groupList(): JsonObject {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groups().map((group) => this.#group(group)) };
  }

  #group(name: string): JsonObject {
    const versions = this.#versions(name).map((version) => ({ groupVersion: groupVersion(name, version), version }));
    const [preferredVersion] = versions;
    if (preferredVersion === undefined) throw new NoSuchPath();
    return { name, versions, preferredVersion };
  }

  #resources(group: string, version: string): readonly ApiResource[] {
    const kinds = this.#registry.kinds().filter((kind) => kind.group === group);
    const served = kinds.flatMap((kind) =>
      kind.versions.filter((one) => one.name === version).flatMap((one) => resourcesOf(kind, one)),
    );
    const reviews = REVIEWS.filter((review) => review.group === group && review.version === version).map((review) => ({
      name: review.plural,
      singularName: review.kind.toLowerCase(),
      namespaced: review.namespaced,
      kind: review.kind,
      verbs: ['create'],
    }));
    return [...served, ...reviews];
  }

  #resourceList(group: string, version: string): JsonObject {
    const resources = this.#resources(group, version);
    if (resources.length === 0) throw new NoSuchPath();
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: groupVersion(group, version),
      resources: resources.map((resource) => compact({ ...resource })),
    };
  }

  #aggregated(groups: readonly string[]): JsonObject {
    const items = groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: this.#versions(group).map((version) => ({
        version,
        resources: aggregatedResources(this.#resources(group, version), group, version),
        freshness: 'Current',
      })),
    }));
    return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  }

  #openApiIndex(): JsonObject {
    const paths: [string, Json][] = ['', ...this.#groups()].flatMap((group) =>
      this.#versions(group).map((version) => {
        const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=sandbox` }] as [string, Json];
      }),
    );
    return { paths: Object.fromEntries(paths) };
  }

  #openApi(parts: readonly string[]): JsonObject {
    const [group = '', version = ''] = parts[0] === 'api' ? ['', parts[1]] : parts.slice(1);
    const paths = this.#registry
      .kinds()
      .filter((kind) => kind.group === group && kind.versions.some((one) => one.name === version))
      .map((kind) => openApiPath(kind, version));
    return {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: 'v1.36.3' },
      paths: Object.fromEntries(paths),
      components: { schemas: {} },
    };
  }
}

function resourcesOf(kind: Kind, version: KindVersion): readonly ApiResource[] {
  const base: ApiResource = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: VERBS,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
  };
  const sub = (
    name: string,
    kindName: string,
    verbs: readonly string[],
    more: { group?: string; version?: string } = {},
  ): ApiResource => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    kind: kindName,
    verbs,
    ...more,
  });
  const status = version.hasStatus ? [sub('status', kind.kind, ['get', 'patch', 'update'])] : [];
  const others = kind.subresources.map((item) =>
    sub(
      item.name,
      item.kind,
      item.verbs,
      item.name === 'token' ? { group: 'authentication.k8s.io', version: 'v1' } : {},
    ),
  );
  return [base, ...status, ...others];
}

function aggregatedResources(resources: readonly ApiResource[], group: string, version: string): readonly Json[] {
  const roots = resources.filter((resource) => !resource.name.includes('/'));
  return roots.map((resource) => {
    const subresources = resources
      .filter((other) => other.name.startsWith(`${resource.name}/`))
      .map((other) => ({
        subresource: other.name.slice(resource.name.length + 1),
        responseKind: { group: other.group ?? group, version: other.version ?? version, kind: other.kind },
        verbs: other.verbs,
      }));
    return compact({
      resource: resource.name,
      responseKind: { group, version, kind: resource.kind },
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: resource.singularName,
      verbs: resource.verbs,
      shortNames: resource.shortNames,
      categories: resource.categories,
      subresources: subresources.length === 0 ? undefined : subresources,
    });
  });
}

function openApiPath(kind: Kind, version: string): [string, Json] {
  const root = kind.group === '' ? `/api/${version}` : `/apis/${kind.group}/${version}`;
  const path = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}/{name}`;
  const parameter = { name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } };
  return [
    path,
    {
      patch: {
        operationId: `patch${kind.kind}`,
        parameters: [parameter],
        responses: { 200: { description: 'OK' } },
        'x-kubernetes-action': 'patch',
        'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version },
      },
    },
  ];
}

const VERSION: JsonObject = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3',
  gitCommit: 'sandbox',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'sandbox/node',
};
