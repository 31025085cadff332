/**
 * The kinds that are served right now: the built-in ones, and one for each CustomResourceDefinition.
 */
import type { JsonObject } from './json.ts';
import { customKind } from './kinds/custom.ts';
import type { Kind, KindVersion } from './kinds/kind.ts';
import { kindId } from './kinds/kind.ts';
import { NoSuchPath, notImplemented } from './status.ts';

export interface Served {
  readonly kind: Kind;
  readonly version: KindVersion;
}

export class Registry {
  readonly #kinds = new Map<string, Kind>();

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.#kinds.set(kindId(kind), kind);
  }

  kinds(): readonly Kind[] {
    return [...this.#kinds.values()];
  }

  /** The kind of a table id. */
  byId(id: string): Kind | undefined {
    return this.#kinds.get(id);
  }

  byKind(group: string, kind: string): Kind | undefined {
    return this.kinds().find((candidate) => candidate.group === group && candidate.kind === kind);
  }

  /** @throws 404 as the API server does, or 501 for a built-in kind of Kubernetes that the sandbox leaves out. */
  find(group: string, version: string, plural: string): Served {
    const kind = this.#kinds.get(kindId({ group, plural }));
    const served = kind?.versions.find((candidate) => candidate.name === version);
    if (kind !== undefined && served !== undefined) return { kind, version: served };
    if (kind === undefined && isBuiltIn(group)) throw notImplemented(`${plural}${group === '' ? '' : `.${group}`}`);
    throw new NoSuchPath();
  }

  define(definition: JsonObject): Kind {
    const kind = customKind(definition);
    this.#kinds.set(kindId(kind), kind);
    return kind;
  }

  remove(id: string): void {
    this.#kinds.delete(id);
  }
}

function isBuiltIn(group: string): boolean {
  return !group.includes('.') || group.endsWith('.k8s.io');
}
