/** Checks and adapts arguments to parameter types: Go converts nothing but bare literals. */
import { failure, source, word } from '../errors.ts';
import type { Kind, Param } from '../signature.ts';
import { GoInt, GoMap, nilList, typeOf, type Operand, type Value } from '../values.ts';
import { printNode, type BoolNode, type NumberNode, type StringNode } from './nodes.ts';

/** A value that sits in a variable of type `interface {}`: the type matters in messages about fields. */
export class Boxed {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/** What the executor passes around: values, boxed or not, or nothing. */
export type Evaluated = Operand | Boxed;

/** The value without its box; a nil interface stays null. */
export const unbox = (value: Evaluated): Operand => (value instanceof Boxed ? value.value : value);

/** The value as `reflect.ValueOf` sees it: the nil interface is nothing. */
export function concrete(value: Evaluated): Operand {
  const inner = unbox(value);
  return inner === null ? undefined : inner;
}

/** Makes an evaluated value an argument of the parameter's type. */
export function asArgument(evaluated: Evaluated, param: Param): Operand {
  const value = unbox(evaluated);
  if (param.kind === 'value') return value;
  if (value === undefined) return nilFor(param, () => failure`invalid value; expected ${word(param.type)}`);
  if (param.kind === 'interface') return value;
  if (value === null) throw wrongType(param, 'interface {}');
  if (typeOf(value) !== param.type) throw wrongType(param, typeOf(value));
  return native(value);
}

function wrongType(param: Param, got: string): Error {
  return failure`wrong type for value; expected ${word(param.type)}; got ${word(got)}`;
}

/** Integers of typed parameters arrive as numbers; beyond 2^53 only their size matters. */
function native(value: Value): Operand {
  return value instanceof GoInt ? Number(value.value) : value;
}

/** The zero value that an untyped nil becomes, where the type has one. */
export function nilFor(param: Param, otherwise: () => Error): Operand {
  switch (param.kind) {
    case 'interface':
      return null;
    case 'value':
      return undefined;
    case 'map':
      return new GoMap(param.type, new Map(), true);
    case 'slice':
      return nilList(param.type);
    default:
      throw otherwise();
  }
}

export type Literal = BoolNode | NumberNode | StringNode;

/** A bare literal as an argument: it takes the parameter's type if its value allows. */
export function literalArgument(node: Literal, param: Param): Operand {
  if (param.kind === 'interface' || param.kind === 'value') return constant(node);
  const value = adapted(node, param.kind);
  if (value !== undefined) return value;
  const expected = EXPECTED[param.kind];
  if (expected === undefined) {
    throw failure`can't handle ${source(printNode(node))} for arg of type ${word(param.type)}`;
  }
  throw failure`expected ${word(expected)}; found ${source(printNode(node))}`;
}

const EXPECTED: Partial<Record<Kind, string>> = {
  string: 'string',
  bool: 'bool',
  int: 'integer',
  uint: 'unsigned integer',
  float: 'float',
};

function adapted(node: Literal, kind: Kind): string | boolean | number | undefined {
  if (node.kind === 'string') return kind === 'string' ? node.value : undefined;
  if (node.kind === 'bool') return kind === 'bool' ? node.value : undefined;
  if (kind === 'float') return node.float;
  const whole = kind === 'int' ? node.int : kind === 'uint' ? node.uint : undefined;
  return whole === undefined ? undefined : Number(whole);
}

/** A literal where no type is asked for: the way it is written decides. */
export function constant(node: Literal): Operand {
  if (node.kind !== 'number') return node.value;
  if (node.imaginary !== undefined) throw failure`imaginary constants are not supported`;
  const { text, int, float } = node;
  const hexInt = /^0[xX]/.test(text) && text.length > 2 && !/[pP]/.test(text);
  if (float !== undefined && !hexInt && !text.startsWith("'") && /[.eEpP]/.test(text)) return float;
  if (int !== undefined) return new GoInt('int', int);
  throw failure`${source(text)} overflows int`;
}
