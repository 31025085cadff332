/**
 * How a kind that a user names is addressed: asked of the API server once and then remembered. Only namespaced kinds are found, since
 * an ExternalSecret writes in its own namespace alone.
 */
import type { KubeClient } from '../../../kube/client.ts';
import { NotFoundError } from '../../../kube/errors.ts';
import { apiVersionOf, type Resource } from '../../../kube/types.ts';
import { Problem } from '../problem.ts';

export interface KindName {
  readonly apiVersion: string;
  readonly kind: string;
}

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export class KindDiscovery {
  readonly #client: Pick<KubeClient, 'raw'>;
  readonly #known = new Map<string, Resource>();

  constructor(client: Pick<KubeClient, 'raw'>) {
    this.#client = client;
  }

  /** @throws Problem when the cluster has no such kind (it may come later), or when its objects live outside namespaces. */
  async resourceOf(kind: KindName, signal: AbortSignal): Promise<Resource> {
    const key = `${kind.apiVersion} ${kind.kind}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = await this.#ask(kind, signal);
    if (!found.namespaced) {
      const text = `spec.target.manifest: ${describe(kind)} is cluster-scoped; an ExternalSecret writes only objects of its own namespace`;
      throw new Problem('generic', text, { permanent: true });
    }
    this.#known.set(key, found);
    return found;
  }

  /** The API server did not know it after all: its definition was removed. */
  forget(resource: Resource): void {
    this.#known.delete(`${apiVersionOf(resource)} ${resource.kind}`);
  }

  async #ask(kind: KindName, signal: AbortSignal): Promise<Resource> {
    const { group, version } = groupVersionOf(kind);
    const path = group === '' ? `/api/${segment(version)}` : `/apis/${segment(group)}/${segment(version)}`;
    const { resources = [] } = await this.#list(path, signal);
    const found = resources.find((each) => each.kind === kind.kind && !each.name.includes('/'));
    if (found === undefined) {
      const text = `spec.target.manifest: this cluster has no ${describe(kind)}; install its CustomResourceDefinition or correct apiVersion and kind`;
      throw new Problem('update', text);
    }
    return { group, version, plural: found.name, kind: kind.kind, namespaced: found.namespaced };
  }

  async #list(path: string, signal: AbortSignal): Promise<ResourceList> {
    try {
      return (await this.#client.raw('GET', path, undefined, { signal })) as ResourceList;
    } catch (error) {
      if (error instanceof NotFoundError) return {};
      throw error;
    }
  }
}

export function describe({ apiVersion, kind }: KindName): string {
  return `kind "${kind}" in apiVersion "${apiVersion}"`;
}

function groupVersionOf(kind: KindName): { readonly group: string; readonly version: string } {
  const parts = kind.apiVersion.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2 || first === '' || second === '') {
    const text = `spec.target.manifest.apiVersion "${kind.apiVersion}" is not "version" or "group/version"`;
    throw new Problem('generic', text, { permanent: true });
  }
  return second === undefined ? { group: '', version: first } : { group: first, version: second };
}

/** What a user wrote must never reach another path of the API. */
function segment(text: string): string {
  return text === '.' || text === '..' ? '-' : encodeURIComponent(text);
}
