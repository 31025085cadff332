/**
 * `dataFrom[].rewrite`: operations on the keys of what one entry fetched (`behaviour.md` 1.6), first to last. Pure. Two keys that
 * become one are a collision: keys are taken in byte order, the last wins, and the caller is told (D12).
 */
import { RE2JS } from 're2js';
import type { SecretValue } from '../../secret-value.ts';
import { sortedKeys, type Entries } from './keys.ts';
import { mergeValues, type MergeRewrite } from './merge-rewrite.ts';

export interface Rewrite {
  readonly regexp?: { readonly source: string; readonly target: string } | undefined;
  readonly transform?: { readonly template: string } | undefined;
  readonly merge?: MergeRewrite | undefined;
}

/** Renders a transform template for one key; the template engine under its limits. */
export type RenderKey = (template: string, key: string) => Promise<string>;

export interface RewriteResult {
  readonly entries: Entries;
  /** `"a" and "b" both became "c"`, one line per collision. */
  readonly collisions: readonly string[];
}

/** @throws Error naming the operation's index. */
export async function rewriteKeys(
  entries: Entries,
  operations: readonly Rewrite[],
  renderKey: RenderKey,
): Promise<RewriteResult> {
  const collisions: string[] = [];
  let current = entries;
  for (const [index, operation] of operations.entries()) {
    try {
      current = await apply(operation, current, renderKey, collisions);
    } catch (error) {
      throw new Error(`rewrite[${index}]: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return { entries: current, collisions };
}

async function apply(
  operation: Rewrite,
  entries: Entries,
  renderKey: RenderKey,
  collisions: string[],
): Promise<Entries> {
  if (operation.regexp !== undefined) {
    const { source, target } = operation.regexp;
    const pattern = compile(source);
    return renameAll(entries, async (key) => replaceAll(pattern, key, target), collisions);
  }
  if (operation.transform !== undefined) {
    const { template } = operation.transform;
    return renameAll(entries, (key) => renderKey(template, key), collisions);
  }
  return operation.merge === undefined ? entries : mergeValues(entries, operation.merge);
}

async function renameAll(
  entries: Entries,
  rename: (key: string) => Promise<string>,
  collisions: string[],
): Promise<Entries> {
  const renamed = new Map<string, SecretValue>();
  const origin = new Map<string, string>();
  for (const key of sortedKeys(entries)) {
    const name = await rename(key);
    const before = origin.get(name);
    if (before !== undefined) collisions.push(`"${before}" and "${key}" both became "${name}"`);
    origin.set(name, key);
    renamed.set(name, entries.get(key)!);
  }
  return renamed;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new Error(
      `regexp.source ${JSON.stringify(source)} is not a valid RE2 expression: ${error instanceof Error ? error.message : ''}`,
      { cause: error },
    );
  }
}

/** Go's ReplaceAllString: `$1`, `${1}` and `${name}` in `target`; an unknown group is empty; `$$` is a dollar sign. */
export function replaceAll(pattern: RE2JS, text: string, target: string): string {
  const matcher = pattern.matcher(text);
  const groups = pattern.namedGroups();
  let out = '';
  let from = 0;
  let lastEnd = -1;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    // Go ignores an empty match that touches the match before it.
    if (start === end && start === lastEnd) continue;
    out += text.slice(from, start) + expand(target, (name) => groupText(matcher, groups, name));
    from = end;
    lastEnd = end;
  }
  return out + text.slice(from);
}

type Matcher = ReturnType<RE2JS['matcher']>;

function groupText(matcher: Matcher, groups: Record<string, number>, name: string): string {
  const index = /^\d+$/.test(name) ? Number(name) : groups[name];
  if (index === undefined || index > matcher.groupCount()) return '';
  return matcher.group(index) ?? '';
}

function expand(target: string, group: (name: string) => string): string {
  return target.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, plain?: string) =>
    dollar === undefined ? group(braced ?? plain ?? '') : '$',
  );
}
