/**
 * One `x-kubernetes-validations` rule: compiled when its CRD is loaded, so that a rule the sandbox cannot judge stops
 * the start instead of silently passing everything.
 */
import type { JsonObject } from '../json.ts';
import { textAt } from '../json.ts';
import { FUNCTIONS, MACROS } from './functions.ts';
import type { Node } from './parse.ts';
import { parseCel } from './parse.ts';

export interface CelRule {
  readonly source: string;
  readonly node: Node;
  readonly message: string;
  readonly messageNode: Node | undefined;
  readonly reason: string | undefined;
  readonly fieldPath: string;
  /** A transition rule: judged only when there is an old value. */
  readonly usesOldSelf: boolean;
}

/** A rule the sandbox's CEL does not cover. */
export class UnsupportedRule extends Error {
  override readonly name = 'UnsupportedRule';
}

export function compileRule(rule: JsonObject, path: string): CelRule {
  const source = textAt(rule, 'rule') ?? '';
  const messageExpression = textAt(rule, 'messageExpression');
  if (rule['optionalOldSelf'] === true) throw new UnsupportedRule(`${path}: optionalOldSelf in rule: ${source}`);
  const node = compileCel(source, path);
  return {
    source,
    node,
    message: textAt(rule, 'message') ?? `failed rule: ${source.trim()}`,
    messageNode: messageExpression === undefined ? undefined : compileCel(messageExpression, path),
    reason: textAt(rule, 'reason'),
    fieldPath: (textAt(rule, 'fieldPath') ?? '').replace(/^\./, ''),
    usesOldSelf: names(node).has('oldSelf'),
  };
}

/** Parses an expression and makes sure that everything it calls is known. */
export function compileCel(source: string, where: string, variables: readonly string[] = ['self', 'oldSelf']): Node {
  try {
    const node = parseCel(source);
    check(node, new Set(variables));
    return node;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'cannot be parsed';
    throw new UnsupportedRule(`${where}: the sandbox's CEL cannot judge the rule ${JSON.stringify(source)}: ${why}`);
  }
}

function check(node: Node, variables: ReadonlySet<string>): void {
  if (node.type === 'name' && !variables.has(node.name)) throw new UnsupportedRule(`unknown name ${node.name}`);
  if (node.type === 'call' && !FUNCTIONS.has(node.name) && !MACROS.has(node.name))
    throw new UnsupportedRule(`unknown function ${node.name}`);
  const bound = node.type === 'call' && MACROS.has(node.name) ? node.args[0] : undefined;
  const inner = bound?.type === 'name' ? new Set([...variables, bound.name]) : variables;
  for (const child of children(node)) check(child, inner);
}

function children(node: Node): readonly Node[] {
  switch (node.type) {
    case 'literal':
    case 'name':
      return [];
    case 'select':
    case 'unary':
      return [node.of];
    case 'index':
      return [node.of, node.at];
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case 'binary':
      return [node.left, node.right];
    case 'choice':
      return [node.test, node.yes, node.no];
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flat();
    default:
      return node satisfies never;
  }
}

function names(node: Node): ReadonlySet<string> {
  const own = node.type === 'name' ? [node.name] : [];
  return new Set([...own, ...children(node).flatMap((child) => [...names(child)])]);
}
