/** Every write that changed an object, as a watch shows it: whose, and which parts of it. */
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import { keyOf } from '../../src/kube/types.ts';
import type { Env } from './env.ts';

export interface SeenWrite {
  readonly kind: string;
  /** `namespace/name` */
  readonly key: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Paths that differ from the version before, e.g. `status.refreshTime`; versions and managedFields left out. */
  readonly changed: readonly string[];
  readonly object: Stored;
}

/** Watches these kinds from now on. */
export async function seeWrites(
  env: Env,
  resources: readonly Resource[],
): Promise<{
  readonly writes: readonly SeenWrite[];
  stop(): Promise<void>;
}> {
  const writes: SeenWrite[] = [];
  const stopped = new AbortController();
  const running: Promise<void>[] = [];
  for (const resource of resources) {
    const { metadata, items } = await env.kube.list(resource);
    const known = new Map(items.map((item) => [keyOf(item), item]));
    running.push(follow(env, resource, metadata.resourceVersion, known, writes, stopped.signal));
  }
  return {
    writes,
    async stop() {
      stopped.abort();
      await Promise.all(running);
    },
  };
}

async function follow(
  env: Env,
  resource: Resource,
  version: string,
  known: Map<string, Stored>,
  writes: SeenWrite[],
  signal: AbortSignal,
): Promise<void> {
  let resourceVersion = version;
  while (!signal.aborted) {
    try {
      const options = { resourceVersion, timeoutSeconds: 7200, idleTimeoutMs: 7_200_000, signal };
      for await (const event of env.kube.watch(resource, options)) {
        if (event.type === 'BOOKMARK') continue;
        const { object, type } = event;
        const key = keyOf(object);
        writes.push({ kind: resource.kind, key, type, changed: differences(known.get(key), object), object });
        known.set(key, object);
        resourceVersion = object.metadata.resourceVersion;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

const IGNORED = new Set(['metadata.resourceVersion', 'metadata.managedFields', 'metadata.generation']);

function differences(before: KubeObject | undefined, after: KubeObject): readonly string[] {
  const [a, b] = [flat(before ?? {}), flat(after)];
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths].filter((path) => a.get(path) !== b.get(path)).sort();
}

/** Two levels are enough to tell which part of an object moved. */
function flat(object: object): ReadonlyMap<string, string> {
  const pairs = Object.entries(object).flatMap(([part, value]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[part, value]] as const;
    return Object.entries(value as object).map(([name, member]) => [`${part}.${name}`, member as unknown] as const);
  });
  return new Map(pairs.filter(([path]) => !IGNORED.has(path)).map(([path, value]) => [path, JSON.stringify(value)]));
}
