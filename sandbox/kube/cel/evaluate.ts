/**
 * Evaluates a parsed CEL expression over JSON. Members that are absent are errors, as in CEL; `&&` and `||` forgive an
 * error on one side when the other side decides.
 */
import type { Json } from '../json.ts';
import { equalJson, isArray, isObject, plainText } from '../json.ts';
import { CelError, FUNCTIONS } from './functions.ts';
import type { Node } from './parse.ts';

export type Scope = ReadonlyMap<string, Json>;

export function evaluate(node: Node, scope: Scope): Json {
  switch (node.type) {
    case 'literal':
      return node.value;
    case 'name':
      return lookup(scope, node.name);
    case 'select':
      return member(evaluate(node.of, scope), unescaped(node.member));
    case 'index':
      return at(evaluate(node.of, scope), evaluate(node.at, scope));
    case 'call':
      return call(node, scope);
    case 'unary':
      return node.op === '!' ? !truth(evaluate(node.of, scope)) : -number(evaluate(node.of, scope));
    case 'binary':
      return binary(node, scope);
    case 'choice':
      return evaluate(truth(evaluate(node.test, scope)) ? node.yes : node.no, scope);
    case 'list':
      return node.items.map((item) => evaluate(item, scope));
    case 'map':
      return Object.fromEntries(
        node.entries.map(([key, value]) => [plainText(evaluate(key, scope)), evaluate(value, scope)]),
      );
    default:
      return node satisfies never;
  }
}

function lookup(scope: Scope, name: string): Json {
  const value = scope.get(name);
  if (value === undefined) throw new CelError(`undeclared reference to '${name}'`);
  return value;
}

function truth(value: Json): boolean {
  if (typeof value !== 'boolean') throw new CelError('no such overload');
  return value;
}

function number(value: Json): number {
  if (typeof value !== 'number') throw new CelError('no such overload');
  return value;
}

function member(value: Json, name: string): Json {
  const found = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (found === undefined) throw new CelError(`no such key: ${name}`);
  return found;
}

function at(value: Json, index: Json): Json {
  if (!isArray(value)) return member(value, plainText(index));
  const found = value[number(index)];
  if (found === undefined) throw new CelError(`index out of bounds: ${JSON.stringify(index)}`);
  return found;
}

/** Names that are no CEL identifiers are written escaped in rules: `__namespace__`, `a__dash__b`. */
function unescaped(name: string): string {
  const word = /^__([a-z]+)__$/.exec(name)?.[1];
  if (word !== undefined && !['dot', 'dash', 'slash', 'underscores'].includes(word)) return word;
  return name
    .replaceAll('__underscores__', '__')
    .replaceAll('__dot__', '.')
    .replaceAll('__dash__', '-')
    .replaceAll('__slash__', '/');
}

type Binary = Extract<Node, { type: 'binary' }>;

function binary(node: Binary, scope: Scope): Json {
  if (node.op === '&&' || node.op === '||') return logical(node, scope);
  const left = evaluate(node.left, scope);
  const right = evaluate(node.right, scope);
  switch (node.op) {
    case '==':
      return equalJson(left, right);
    case '!=':
      return !equalJson(left, right);
    case 'in':
      return isArray(right)
        ? right.some((item) => equalJson(item, left))
        : isObject(right) && Object.hasOwn(right, plainText(left));
    case '+':
      return plus(left, right);
    default:
      return arithmetic(node.op, left, right);
  }
}

function logical(node: Binary, scope: Scope): boolean {
  const decides = node.op === '||';
  let error: unknown;
  for (const side of [node.left, node.right]) {
    try {
      if (truth(evaluate(side, scope)) === decides) return decides;
    } catch (failure) {
      error = failure;
    }
  }
  if (error !== undefined) throw error;
  return !decides;
}

function plus(left: Json, right: Json): Json {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isArray(left) && isArray(right)) return [...left, ...right];
  return number(left) + number(right);
}

function arithmetic(op: string, left: Json, right: Json): Json {
  if (typeof left === 'string' && typeof right === 'string')
    return compare(op, left < right ? -1 : left > right ? 1 : 0);
  const a = number(left);
  const b = number(right);
  switch (op) {
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      return divide(op, a, b);
    default:
      return compare(op, a - b);
  }
}

function divide(op: '/' | '%', a: number, b: number): number {
  if (b === 0) throw new CelError(op === '/' ? 'division by zero' : 'modulus by zero');
  if (op === '%') return a % b;
  return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b;
}

function compare(op: string, order: number): boolean {
  if (op === '<') return order < 0;
  if (op === '<=') return order <= 0;
  return op === '>' ? order > 0 : order >= 0;
}

type Call = Extract<Node, { type: 'call' }>;

function call(node: Call, scope: Scope): Json {
  if (node.name === 'has') return has(node.args[0], scope);
  const variable = node.args[0];
  if (node.target !== undefined && variable?.type === 'name' && node.args.length === 2) {
    const macro = comprehension(node, variable.name, scope);
    if (macro !== undefined) return macro;
  }
  const fn = FUNCTIONS.get(node.name);
  if (fn === undefined) throw new CelError(`undeclared reference to '${node.name}'`);
  const args = node.args.map((arg) => evaluate(arg, scope));
  return node.target === undefined ? fn(...args) : fn(evaluate(node.target, scope), ...args);
}

function has(argument: Node | undefined, scope: Scope): boolean {
  if (argument?.type !== 'select') throw new CelError('invalid argument to has() macro');
  const of = evaluate(argument.of, scope);
  return isObject(of) && Object.hasOwn(of, unescaped(argument.member));
}

function comprehension(node: Call, variable: string, scope: Scope): Json | undefined {
  const body = node.args[1];
  if (node.target === undefined || body === undefined) return undefined;
  const target = evaluate(node.target, scope);
  const items: readonly Json[] = isArray(target) ? target : isObject(target) ? Object.keys(target) : [];
  const value = (item: Json): Json => evaluate(body, new Map([...scope, [variable, item]]));
  const test = (item: Json): boolean => truth(value(item));
  switch (node.name) {
    case 'all':
      return items.every(test);
    case 'exists':
      return items.some(test);
    case 'exists_one':
      return items.filter(test).length === 1;
    case 'filter':
      return items.filter(test);
    case 'map':
      return items.map(value);
    default:
      return undefined;
  }
}
