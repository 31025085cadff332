/**
 * The values a template can hold, with their Go types. Maps are `Map`s, never objects, so no key can reach a
 * JavaScript prototype; struct-like values answer field and method names from their own tables only.
 */

/** Integer types that occur, and the kind (underlying type) of the named ones. */
const INT_KINDS = {
  int: 'int',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint32: 'uint32',
  uint64: 'uint64',
  'time.Duration': 'int64',
  'time.Month': 'int',
  'time.Weekday': 'int',
} as const;

export type IntType = keyof typeof INT_KINDS;

/** An integer of a Go type. The value is always within the range of that type. */
export class GoInt {
  readonly type: IntType;
  readonly value: bigint;
  /** Text of types with a String method (durations, months, weekdays). */
  readonly text: string | undefined;

  constructor(type: IntType, value: bigint, text?: string) {
    this.type = type;
    this.value = value;
    this.text = text;
  }

  get kind(): string {
    return INT_KINDS[this.type];
  }

  get unsigned(): boolean {
    return this.kind.startsWith('u');
  }
}

export const int = (value: number | bigint): GoInt => new GoInt('int', wrap64(BigInt(value)));
export const int64 = (value: number | bigint): GoInt => new GoInt('int64', wrap64(BigInt(value)));
export const uint64 = (value: number | bigint): GoInt => new GoInt('uint64', BigInt.asUintN(64, BigInt(value)));

/** Two's complement wrap-around at 64 bits. */
export const wrap64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/** A list. `type` is the whole Go type, e.g. `[]interface {}`. Lists are never changed after they are made. */
export class GoSlice {
  readonly type: string;
  readonly items: readonly Value[];
  readonly isNil: boolean;

  constructor(type: string, items: readonly Value[], isNil = false) {
    this.type = type;
    this.items = items;
    this.isNil = isNil;
  }

  get elem(): string {
    return this.type.slice(2);
  }
}

export const list = (items: readonly Value[]): GoSlice => new GoSlice('[]interface {}', items);
export const strings = (items: readonly string[]): GoSlice => new GoSlice('[]string', items);
export const nilList = (type = '[]interface {}'): GoSlice => new GoSlice(type, [], true);

export const DICT = 'map[string]interface {}';
export const STRING_MAP = 'map[string]string';

/** A map with string keys. `set`, `unset` and `merge` change it in place, as in Go. */
export class GoMap {
  readonly type: string;
  readonly entries: Map<string, Value>;
  readonly isNil: boolean;

  constructor(type: string, entries: Map<string, Value>, isNil = false) {
    this.type = type;
    this.entries = entries;
    this.isNil = isNil;
  }

  get elem(): string {
    return this.type.slice('map[string]'.length);
  }

  /** Keys in byte order, the order in which Go's templates and printers walk maps. */
  sortedKeys(): string[] {
    return [...this.entries.keys()].sort();
  }
}

export const dict = (entries: Iterable<readonly [string, Value]> = []): GoMap => new GoMap(DICT, new Map(entries));
export const stringMap = (entries: Iterable<readonly [string, string]>): GoMap =>
  new GoMap(STRING_MAP, new Map(entries));

/** A method of a struct-like value: its parameter types and what it does. */
export interface Method {
  /** Space-separated parameter types, as in function signatures. */
  readonly params: string;
  readonly call: (...args: never[]) => Value;
}

/** Struct-like values: times, versions, certificates. */
export abstract class GoObject {
  abstract readonly type: string;
  abstract readonly kind: 'struct' | 'ptr';
  /** Exported field of that name, or undefined. */
  field(_name: string): Value | undefined {
    return undefined;
  }
  method(_name: string): Method | undefined {
    return undefined;
  }
  /** Result of the String method, or undefined where the type has none. */
  text(): string | undefined {
    return undefined;
  }
  /** Fields in order, for printing types without a String method. */
  fields(): readonly (readonly [string, Value])[] {
    return [];
  }
  /** JSON form; undefined = an object of the fields. */
  json(): string | undefined {
    return undefined;
  }
  /** Go's `==`. */
  equals(other: GoObject): boolean {
    return this === other;
  }
  /** reflect.DeepEqual. */
  deepEquals(other: GoObject): boolean {
    return this.equals(other);
  }
}

/** Anything a Go `interface {}` can hold; `null` is the nil interface. A JavaScript number is a float64. */
export type Value = string | boolean | number | null | GoInt | GoSlice | GoMap | GoObject;

/** A value or, as `undefined`, Go's invalid reflect.Value: nothing at all, printed `<no value>`. */
export type Operand = Value | undefined;

/** The Go type as `%T` prints it. */
export function typeOf(value: Operand): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'float64';
  return value === null || value === undefined ? '<nil>' : value.type;
}

/** The Go kind as `reflect.Kind` prints it. */
export function kindOf(value: Operand): string {
  if (value instanceof GoInt || value instanceof GoObject) return value.kind;
  if (value instanceof GoSlice) return 'slice';
  if (value instanceof GoMap) return 'map';
  return value === null || value === undefined ? 'invalid' : typeOf(value);
}

/** Go's truth: false, zero, "", nil and empty collections are false; structs are true. */
export function isTrue(value: Operand): boolean {
  if (value === null || value === undefined) return false;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoSlice) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoObject) return true;
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

/** reflect.DeepEqual: same type and same content; NaN differs from itself. */
export function deepEqual(a: Value, b: Value): boolean {
  if (a instanceof GoInt) return b instanceof GoInt && a.type === b.type && a.value === b.value;
  if (a instanceof GoSlice) return b instanceof GoSlice && sameItems(a, b);
  if (a instanceof GoMap) return b instanceof GoMap && sameEntries(a, b);
  if (a instanceof GoObject) return b instanceof GoObject && a.type === b.type && a.deepEquals(b);
  return a === b;
}

function sameItems(a: GoSlice, b: GoSlice): boolean {
  if (a.type !== b.type || a.isNil !== b.isNil || a.items.length !== b.items.length) return false;
  return a.items.every((item, i) => deepEqual(item, b.items[i] ?? null));
}

function sameEntries(a: GoMap, b: GoMap): boolean {
  if (a.type !== b.type || a.isNil !== b.isNil || a.entries.size !== b.entries.size) return false;
  for (const [key, item] of a.entries) {
    const other = b.entries.get(key);
    if (other === undefined || !deepEqual(item, other)) return false;
  }
  return true;
}

/** The zero value of a type that can be an element of a map or list. */
export function zeroOf(type: string): Value {
  if (type === 'string') return '';
  if (type.startsWith('map[')) return new GoMap(type, new Map(), true);
  return type.startsWith('[]') ? nilList(type) : null;
}
