/**
 * What a GitLab instance holds, as far as variables need it: groups in groups, projects, their variables, and access
 * tokens with scopes and roles.
 */
import type { Clock } from '../../src/clock.ts';

export type Role = 'Developer' | 'Maintainer' | 'Owner';
const LEVEL: Readonly<Record<Role, number>> = { Developer: 30, Maintainer: 40, Owner: 50 };

export interface GitlabVariable {
  readonly key: string;
  readonly value: string;
  readonly scope: string;
  /** Masked and hidden: the API shows its value to nobody. */
  readonly hidden: boolean;
}

export interface Owner {
  readonly kind: 'project' | 'group';
  readonly id: number;
  /** Full path, e.g. `shop/backend`. */
  readonly path: string;
  /** In order of creation, as GitLab lists them. */
  variables: readonly GitlabVariable[];
}

export interface TokenOptions {
  /** Default `['read_api']`. */
  readonly scopes?: readonly string[];
  /** Role by full path; it holds for all that is below. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Epoch milliseconds; default: never. */
  readonly expiresAt?: number;
}

export class GitlabModel {
  readonly #clock: Clock;
  readonly #owners: Owner[] = [];
  readonly #tokens = new Map<string, TokenOptions>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the number GitLab would know it by. The same path again is the same thing. */
  add(kind: Owner['kind'], path: string): number {
    const known = this.find(kind, path);
    if (known !== undefined) return known.id;
    const id = 1000 + this.#owners.length;
    this.#owners.push({ kind, id, path, variables: [] });
    return id;
  }

  /** By number or full path. */
  find(kind: Owner['kind'], id: string): Owner | undefined {
    return this.#owners.find((owner) => owner.kind === kind && (owner.path === id || String(owner.id) === id));
  }

  /** Groups a project is in, the outermost first. */
  groupsAbove({ path }: Owner): readonly Owner[] {
    return this.#owners
      .filter((owner) => owner.kind === 'group' && path.startsWith(`${owner.path}/`))
      .toSorted((one, other) => one.path.length - other.path.length);
  }

  /** Key and scope together are unique. @throws for what GitLab refuses: a bad key, too long a value. */
  setVariable(owner: Owner, variable: GitlabVariable): void {
    if (!/^[A-Za-z0-9_]{1,255}$/.test(variable.key)) throw new RangeError(`key "${variable.key}" is invalid`);
    if (variable.value.length > 10_000) throw new RangeError('value is too long (maximum is 10000 characters)');
    const at = owner.variables.findIndex(({ key, scope }) => key === variable.key && scope === variable.scope);
    owner.variables = at < 0 ? [...owner.variables, variable] : owner.variables.with(at, variable);
  }

  removeVariable(owner: Owner, key: string): void {
    owner.variables = owner.variables.filter((variable) => variable.key !== key);
  }

  setToken(token: string, options: TokenOptions): void {
    this.#tokens.set(token, options);
  }

  revokeToken(token: string): void {
    this.#tokens.delete(token);
  }

  /** Undefined when the token is unknown, revoked or expired. */
  authenticate(token: string | undefined): TokenOptions | undefined {
    const found = this.#tokens.get(token ?? '');
    return found !== undefined && (found.expiresAt ?? Infinity) > this.#clock.now() ? found : undefined;
  }
}

/** May the token see that the thing is there? Members of something below a group see the group. */
export function maySee(token: TokenOptions, { path }: Owner): boolean {
  return Object.keys(token.roles).some((granted) => isWithin(path, granted) || isWithin(granted, path));
}

/** GitLab shows variables of projects to Maintainers, those of groups to Owners. */
export function mayReadVariables(token: TokenOptions, { kind, path }: Owner): boolean {
  const levels = Object.entries(token.roles)
    .filter(([granted]) => isWithin(path, granted))
    .map(([, role]) => LEVEL[role]);
  return Math.max(0, ...levels) >= LEVEL[kind === 'project' ? 'Maintainer' : 'Owner'];
}

function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}
