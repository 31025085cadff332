/**
 * The KV secrets engine, version 1: a tree of objects.
 */
import { durationMs } from './duration.ts';
import type { Engine, EngineRequest } from './engine.ts';
import { sorted, type JsonBody } from './json.ts';
import { failure, noContent, notFound, ok, type Reply } from './reply.ts';
import { LONGEST_TTL_MS } from './tokens.ts';

export class KvV1 implements Engine {
  readonly type = 'kv';
  readonly #secrets = new Map<string, JsonBody>();

  isOpen(): boolean {
    return false;
  }

  exists(path: string): boolean {
    return this.#secrets.has(path);
  }

  handle({ operation, path, exactBody }: EngineRequest): Reply {
    switch (operation) {
      case 'read':
        return this.#read(path);
      case 'list':
        return listReply(this.#secrets.keys(), path);
      case 'delete':
        this.#secrets.delete(path);
        return noContent;
      case 'write':
        if (Object.keys(exactBody).length === 0) return failure(400, 'missing data fields');
        this.#secrets.set(path, exactBody);
        return noContent;
      case 'patch':
        return failure(405, '1 error occurred:\n\t* unsupported operation\n\n');
    }
    return notFound;
  }

  #read(path: string): Reply {
    const data = this.#secrets.get(path);
    if (data === undefined) return notFound;
    const leaseMs = durationMs(data['ttl'] ?? data['lease']);
    return ok({ data: sorted(data), mountType: 'kv', leaseSeconds: (leaseMs > 0 ? leaseMs : LONGEST_TTL_MS) / 1000 });
  }
}

/** The names directly below a folder; folders end with a slash. */
export function listReply(paths: Iterable<string>, folder: string): Reply {
  const prefix = folder === '' ? '' : `${folder.replace(/\/+$/, '')}/`;
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const slash = rest.indexOf('/');
    names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
  }
  return names.size === 0 ? notFound : ok({ data: { keys: [...names].sort() }, mountType: 'kv' });
}
