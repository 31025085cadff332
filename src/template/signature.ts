/**
 * How functions are declared: a name, the Go types of the parameters, and the body. The executor checks arguments
 * against the types once for all functions; here the types also become TypeScript types of the body's parameters.
 */
import type { Budget } from './budget.ts';
import type { Printer } from './format/printer.ts';
import { DICT, type GoMap, type GoObject, type GoSlice, type Operand, type Value } from './values.ts';

/** What a function may use besides its arguments. */
export interface Runtime {
  readonly budget: Budget;
  readonly printer: Printer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** IANA name of the local zone. */
  readonly timeZone: string;
}

/** What an argument of each parameter type arrives as; ints as numbers, which positions and counts fit into. */
export interface ParamTypes {
  string: string;
  'sprig.HashAlgorithm': string;
  bool: boolean;
  int: number;
  int64: number;
  uint32: number;
  float64: number;
  /** Go's `interface {}`; nil is null. */
  any: Value;
  /** A reflect.Value; undefined is the invalid one. */
  value: Operand;
  dict: GoMap;
  list: GoSlice;
  'sprig.certificate': GoObject;
  'time.Time': GoObject;
  '*semver.Version': GoObject;
}

type Words<S extends string> = S extends `${infer Head} ${infer Tail}`
  ? [Head, ...Words<Tail>]
  : S extends ''
    ? []
    : [S];
type Arg<T> = T extends keyof ParamTypes ? ParamTypes[T] : never;
export type Args<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Tail]
  ? Head extends `...${infer Each}`
    ? Arg<Each>[]
    : [Arg<Head>, ...Args<Tail>]
  : [];

export type Kind =
  'string' | 'bool' | 'int' | 'uint' | 'float' | 'interface' | 'value' | 'map' | 'slice' | 'struct' | 'ptr';

export interface Param {
  /** Go type as messages name it. */
  readonly type: string;
  readonly kind: Kind;
}

const PARAMS: Readonly<Record<keyof ParamTypes, Param>> = {
  string: { type: 'string', kind: 'string' },
  'sprig.HashAlgorithm': { type: 'sprig.HashAlgorithm', kind: 'string' },
  bool: { type: 'bool', kind: 'bool' },
  int: { type: 'int', kind: 'int' },
  int64: { type: 'int64', kind: 'int' },
  uint32: { type: 'uint32', kind: 'uint' },
  float64: { type: 'float64', kind: 'float' },
  any: { type: 'interface {}', kind: 'interface' },
  value: { type: 'reflect.Value', kind: 'value' },
  dict: { type: DICT, kind: 'map' },
  list: { type: '[]interface {}', kind: 'slice' },
  'sprig.certificate': { type: 'sprig.certificate', kind: 'struct' },
  'time.Time': { type: 'time.Time', kind: 'struct' },
  '*semver.Version': { type: '*semver.Version', kind: 'ptr' },
};

/** A function or bound method as the executor sees it. */
export interface Callable {
  readonly fixed: readonly Param[];
  readonly variadic: Param | undefined;
  readonly call: (runtime: Runtime, args: readonly Operand[]) => Operand;
}

export interface TemplateFunction extends Callable {
  readonly name: string;
  /** Built into the language, where a user function of the same name would win. */
  readonly builtin: boolean;
}

/** Parses a signature such as `string ...any`. */
export function parseParams(signature: string): { fixed: Param[]; variadic: Param | undefined } {
  const names = signature === '' ? [] : signature.split(' ');
  const rest = names.at(-1)?.startsWith('...') === true ? names.pop()?.slice(3) : undefined;
  return { fixed: names.map(param), variadic: rest === undefined ? undefined : param(rest) };
}

function param(name: string): Param {
  if (!Object.hasOwn(PARAMS, name)) throw new TypeError(`no parameter type ${name}`);
  return PARAMS[name as keyof ParamTypes];
}

/**
 * Declares a function under one or more names (separated by spaces) that needs only its arguments.
 * The body throws {@link Failure} to fail and returns `null` for Go's nil.
 */
export function define<S extends string>(
  names: string,
  signature: S,
  body: (...args: Args<Words<S>>) => Operand,
): TemplateFunction[] {
  return defineWith(names, signature, (_runtime, ...args) => body(...args));
}

/** Like {@link define}, for bodies that also need the runtime: budget, printing, time or randomness. */
export function defineWith<S extends string>(
  names: string,
  signature: S,
  body: (runtime: Runtime, ...args: Args<Words<S>>) => Operand,
): TemplateFunction[] {
  const { fixed, variadic } = parseParams(signature);
  const call = (runtime: Runtime, args: readonly Operand[]): Operand => body(runtime, ...(args as Args<Words<S>>));
  return names.split(' ').map((name) => ({ name, fixed, variadic, builtin: false, call }));
}

/** Marks functions as part of the language itself. */
export function builtin(functions: readonly TemplateFunction[]): TemplateFunction[] {
  return functions.map((each) => ({ ...each, builtin: true }));
}
