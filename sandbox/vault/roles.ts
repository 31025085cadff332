/**
 * The part that all auth methods share: named roles that can be written, read, listed and deleted.
 */
import { failure, noContent, notFound, ok, type Reply } from './reply.ts';
import type { EngineRequest } from './engine.ts';
import type { JsonBody } from './json.ts';
import type { TokenTerms } from './tokens.ts';

export class Roles {
  readonly #roles = new Map<string, JsonBody>();
  readonly #mountType: string;

  constructor(mountType: string) {
    this.#mountType = mountType;
  }

  get(name: string): JsonBody | undefined {
    return this.#roles.get(name);
  }

  has(name: string): boolean {
    return this.#roles.has(name);
  }

  /** `shown`: how a role is described to a reader. */
  handle({ operation, body }: EngineRequest, name: string, shown: (role: JsonBody) => object): Reply {
    const role = this.#roles.get(name);
    switch (operation) {
      case 'write':
        this.#roles.set(name, { ...role, ...body });
        return noContent;
      case 'read':
        return role === undefined ? notFound : ok({ data: shown(role), mountType: this.#mountType });
      case 'delete':
        this.#roles.delete(name);
        return noContent;
      case 'list':
        return this.#roles.size === 0
          ? notFound
          : ok({ data: { keys: [...this.#roles.keys()].sort() }, mountType: this.#mountType });
      case 'patch':
        return unsupported;
    }
    return unsupported;
  }
}

export const unsupported: Reply = failure(405, '1 error occurred:\n\t* unsupported operation\n\n');

/** The `token_*` fields of a role as they are shown. */
export function shownTerms(terms: TokenTerms): object {
  const seconds = (ms: number): number => ms / 1000;
  return {
    token_bound_cidrs: [],
    token_explicit_max_ttl: seconds(terms.explicitMaxMs),
    token_max_ttl: seconds(terms.maxTtlMs),
    token_no_default_policy: terms.noDefaultPolicy,
    token_num_uses: terms.numUses,
    token_period: seconds(terms.periodMs),
    token_policies: terms.policies,
    token_ttl: seconds(terms.ttlMs),
    token_type: terms.type === 'batch' ? 'batch' : 'default',
  };
}
