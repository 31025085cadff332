/** The built-in comparisons. Kinds must match; only signed and unsigned integers mix. */
import { failure, value as hidden, word, type Failure } from '../errors.ts';
import { NO_FLAGS } from '../format/flags.ts';
import { builtin, defineWith, type Runtime } from '../signature.ts';
import { GoInt, GoMap, GoObject, GoSlice, kindOf, typeOf, type Operand } from '../values.ts';

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'string' | 'other';

function basicKind(value: Operand): BasicKind {
  if (value instanceof GoInt) return value.unsigned ? 'uint' : 'int';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? 'float' : 'other';
}

const isNothing = (value: Operand): boolean => value === undefined || value === null;

function isNil(value: Operand): boolean {
  return isNothing(value) || ((value instanceof GoMap || value instanceof GoSlice) && value.isNil);
}

const isInteger = (kind: BasicKind): boolean => kind === 'int' || kind === 'uint';

function incompatible(a: Operand, b: Operand): Failure {
  return failure`incompatible types for comparison: ${word(typeOf(a))} and ${word(typeOf(b))}`;
}

function equal(runtime: Runtime, a: Operand, b: Operand): boolean {
  const kindA = basicKind(a);
  const kindB = basicKind(b);
  if (isInteger(kindA) && isInteger(kindB)) return (a as GoInt).value === (b as GoInt).value;
  if (kindA !== kindB) {
    if (isNothing(a) || isNothing(b)) return false;
    throw incompatible(a, b);
  }
  return kindA === 'other' ? equalOthers(runtime, a, b) : a === b;
}

function equalOthers(runtime: Runtime, a: Operand, b: Operand): boolean {
  if (!isNothing(a) && !isNothing(b) && kindOf(a) !== kindOf(b)) {
    throw failure`non-comparable types ${shown(runtime, a)}: ${word(typeOf(a))}, ${word(typeOf(b))}: ${shown(runtime, b, 'v')}`;
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (b instanceof GoMap || b instanceof GoSlice) {
    throw failure`non-comparable type ${shown(runtime, b)}: ${word(typeOf(b))}`;
  }
  return a instanceof GoObject && b instanceof GoObject && a.type === b.type && a.equals(b);
}

function shown(runtime: Runtime, value: Operand, verb = 's'): ReturnType<typeof hidden> {
  return hidden(runtime.printer.print(value ?? null, verb, NO_FLAGS), value);
}

function less(a: Operand, b: Operand): boolean {
  const kindA = basicKind(a);
  const kindB = basicKind(b);
  if (kindA === 'other' || kindB === 'other') throw failure`invalid type for comparison`;
  if (a instanceof GoInt && b instanceof GoInt) return a.value < b.value;
  if (kindA !== kindB) throw incompatible(a, b);
  if (typeof a === 'boolean') throw failure`invalid type for comparison`;
  return (a as string | number) < (b as string | number);
}

const equalsAny = (runtime: Runtime, a: Operand, others: readonly Operand[]): boolean => {
  if (others.length === 0) throw failure`missing argument for comparison`;
  return others.some((other) => equal(runtime, a, other));
};

const lessOrEqual = (runtime: Runtime, a: Operand, b: Operand): boolean => less(a, b) || equal(runtime, a, b);

export const comparisonFunctions = builtin([
  ...defineWith('eq', 'value ...value', (runtime, a, ...others) => equalsAny(runtime, a, others)),
  ...defineWith('ne', 'value value', (runtime, a, b) => !equal(runtime, a, b)),
  ...defineWith('lt', 'value value', (_runtime, a, b) => less(a, b)),
  ...defineWith('le', 'value value', (runtime, a, b) => lessOrEqual(runtime, a, b)),
  ...defineWith('gt', 'value value', (runtime, a, b) => !lessOrEqual(runtime, a, b)),
  ...defineWith('ge', 'value value', (_runtime, a, b) => !less(a, b)),
]);
