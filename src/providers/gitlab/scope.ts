/**
 * Which of the variables of one key applies to an environment: GitLab's own order. The exact scope comes first, then
 * scopes with `*` that match, the longest of them first, then `*`.
 */
import { InvalidRefError } from '../errors.ts';

export interface Scoped {
  readonly key: string;
  /** `*`, an environment, or a pattern such as `review/*`. */
  readonly scope: string;
}

const EVERYWHERE = '*';

/** The variable for `environment` among those of one key; undefined when none applies. */
export function forEnvironment<V extends Scoped>(variables: readonly V[], environment: string): V | undefined {
  const exact = variables.find(({ scope }) => scope === environment);
  if (exact !== undefined) return exact;
  return variables
    .filter(({ scope }) => matches(scope, environment))
    .reduce<V | undefined>((best, each) => (best === undefined || isCloser(each, best) ? each : best), undefined);
}

/**
 * Without an environment: the one that applies everywhere, or the only one there is.
 * @throws InvalidRefError when several environments have their own, as nobody said which one is meant.
 */
export function withoutEnvironment<V extends Scoped>(variables: readonly V[]): V | undefined {
  const everywhere = variables.find(({ scope }) => scope === EVERYWHERE);
  const [only, another] = variables;
  if (everywhere !== undefined || another === undefined) return everywhere ?? only;
  const scopes = variables.map(({ scope }) => scope).toSorted();
  throw new InvalidRefError(
    `variable "${another.key}" has different values for the environments ${scopes.join(', ')}: ` +
      'set environment in the SecretStore',
  );
}

export function appliesEverywhere<V extends Scoped>(variables: readonly V[]): V | undefined {
  return variables.find(({ scope }) => scope === EVERYWHERE);
}

/** The pattern of more letters says more; `*` alone says least. */
function isCloser(one: Scoped, other: Scoped): boolean {
  return one.scope.length > other.scope.length;
}

/** `*` stands for any text, also for none. No regular expression: the scope is somebody's text. */
function matches(scope: string, environment: string): boolean {
  const [head = '', ...rest] = scope.split(EVERYWHERE);
  const tail = rest.pop();
  if (tail === undefined) return scope === environment;
  if (!environment.startsWith(head)) return false;
  let from = head.length;
  for (const part of rest) {
    const at = environment.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return environment.length - tail.length >= from && environment.endsWith(tail);
}
