/**
 * Vault's access policies: the plain form `path "…" { capabilities = […] }`, with `*` at the end and `+` for one
 * segment, and the rule which of several matching paths counts.
 */

export type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list' | 'sudo' | 'deny';

export interface PathRule {
  readonly pattern: string;
  readonly capabilities: ReadonlySet<string>;
}

export const DEFAULT_POLICY = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }
path "sys/renew" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }
path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }
`;

/** @throws SyntaxError for what is not of the plain form. */
export function parsePolicy(document: string): readonly PathRule[] {
  const source = document.replaceAll(/(^|\s)(#|\/\/).*$/gm, '').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const rule = /path\s+"([^"]*)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g;
  const rules = [...source.matchAll(rule)].map(([, pattern, list]) => ({
    pattern: pattern!.replace(/^\//, ''),
    capabilities: new Set([...list!.matchAll(/"([a-z]+)"/g)].map(([, capability]) => capability!)),
  }));
  const rest = source.replaceAll(rule, '').trim();
  if (rest !== '')
    throw new SyntaxError(`the sandbox reads only path "…" { capabilities = […] }, not: ${rest.slice(0, 60)}`);
  return rules;
}

/** What the rules of all of a token's policies allow on a path. Empty: nothing. */
export function capabilitiesOn(rules: readonly PathRule[], path: string): ReadonlySet<string> {
  const matching = rules.filter(({ pattern }) => matches(pattern, path));
  const best = matching.reduce<string | undefined>(
    (chosen, { pattern }) => (chosen === undefined || isMoreSpecific(pattern, chosen) ? pattern : chosen),
    undefined,
  );
  const all = new Set(matching.filter(({ pattern }) => pattern === best).flatMap((rule) => [...rule.capabilities]));
  return all.has('deny') ? new Set() : all;
}

function matches(pattern: string, path: string): boolean {
  const isPrefix = pattern.endsWith('*');
  const wanted = (isPrefix ? pattern.slice(0, -1) : pattern).split('/');
  const actual = path.split('/');
  const last = wanted.length - 1;
  const head = wanted.slice(0, last).every((segment, at) => segment === '+' || segment === actual[at]);
  if (!head || actual.length <= last) return false;
  const tail = wanted[last]!;
  if (isPrefix) return actual.slice(last).join('/').startsWith(tail);
  return actual.length === wanted.length && (tail === '+' || tail === actual[last]);
}

/** Vault's order: the later the first wildcard the better, no `*` before one, fewer `+`, longer, and by letters. */
function isMoreSpecific(left: string, right: string): boolean {
  const order = [
    firstWildcard(left) - firstWildcard(right),
    Number(right.endsWith('*')) - Number(left.endsWith('*')),
    pluses(right) - pluses(left),
    left.length - right.length,
  ];
  const decisive = order.find((difference) => difference !== 0);
  return decisive === undefined ? left > right : decisive > 0;
}

function firstWildcard(pattern: string): number {
  const at = pattern.search(/[+*]/);
  return at < 0 ? Infinity : at;
}

function pluses(pattern: string): number {
  return pattern.split('/').filter((segment) => segment === '+').length;
}
