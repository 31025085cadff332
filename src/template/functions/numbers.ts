/** Arithmetic, conversions and sequences. Integers wrap at 64 bits; operands are converted from anything. */
import { failure } from '../errors.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { GoInt, GoSlice, int, int64, type Value } from '../values.ts';
import { toFloat64, toInt64 } from './convert.ts';
import { add, decimal, divide, multiply, subtract, toNumber, type Decimal } from './decimals.ts';
import { randomBelow } from './text.ts';
import { textOf } from './text-of.ts';

function atoi(text: string): Value {
  const [, sign = '', digits = '', rest = ''] = /^([+-]?)(\d+)([^]*)$/.exec(text) ?? [];
  const size = BigInt(digits);
  // Go stops reading where the number is too large for it, whatever follows.
  if (digits === '' || (rest !== '' && size < 2n ** 64n)) return int(0);
  const n = sign === '-' ? -size : size;
  const limit = 2n ** 63n;
  return new GoInt('int', n >= limit ? limit - 1n : n < -limit ? -limit : n);
}

/** Reads the printed value as octal digits. */
function toDecimal(runtime: Runtime, value: Value): Value {
  const [, sign, digits] = /^([+-]?)([0-7]+)$/.exec(textOf(runtime, value)) ?? [];
  const n = digits === undefined ? 0n : BigInt(`0o${digits}`) * (sign === '-' ? -1n : 1n);
  return int64(BigInt.asIntN(64, n) === n ? n : 0n);
}

function integerDivision(a: Value, b: Value, operation: (x: bigint, y: bigint) => bigint): Value {
  const divisor = toInt64(b);
  if (divisor === 0n) throw failure`runtime error: integer divide by zero`;
  return int64(operation(toInt64(a), divisor));
}

function foldDecimals(first: Value, rest: readonly Value[], operation: (a: Decimal, b: Decimal) => Decimal): number {
  return toNumber(
    rest.reduce<Decimal>((sum, each) => operation(sum, decimal(toFloat64(each))), decimal(toFloat64(first))),
  );
}

function foldIntegers(first: Value, rest: readonly Value[], better: (a: bigint, b: bigint) => boolean): Value {
  return int64(rest.map(toInt64).reduce((best, each) => (better(each, best) ? each : best), toInt64(first)));
}

/** Math.max and Math.min treat NaN and signed zeros as Go's do. */
function foldFloats(first: Value, rest: readonly Value[], pick: (...all: number[]) => number): number {
  const all = [first, ...rest].map(toFloat64);
  const infinite = pick(1, -1) * Infinity;
  return all.includes(infinite) ? infinite : pick(...all);
}

function round(value: Value, places: number, threshold: number): number {
  const power = 10 ** places;
  const shifted = power * toFloat64(value);
  const up = shifted - Math.trunc(shifted) >= threshold;
  return (up ? Math.ceil(shifted) : Math.floor(shifted)) / power;
}

/** Integers from `start` to before `stop`; none if the step leads away. */
function steps(runtime: Runtime, start: number, stop: number, step: number): number[] {
  if (stop < start ? step >= 0 : step <= 0) return [];
  const count = Math.ceil((stop - start) / step);
  runtime.budget.allocate(count * 64);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

const ints = (numbers: readonly number[]): GoSlice => new GoSlice('[]int', numbers.map(int));

function until(runtime: Runtime, count: number): GoSlice {
  return ints(steps(runtime, 0, count, count < 0 ? -1 : 1));
}

/** Like the shell's seq: last; first, last; or first, step, last. The end is included. */
function sequence(runtime: Runtime, ...params: readonly number[]): string {
  const [a = 0, b = 0, c = 0] = params;
  if (params.length === 0 || params.length > 3) return '';
  const start = params.length === 1 ? 1 : a;
  const end = params.length === 1 ? a : params.length === 2 ? b : c;
  const direction = end < start ? -1 : 1;
  const step = params.length === 3 ? b : direction;
  if (params.length === 3 && end < start && step > 0) return '';
  return steps(runtime, start, end + direction, step).join(' ');
}

function randomInteger(runtime: Runtime, min: number, max: number): Value {
  if (max <= min) throw failure`invalid argument to Intn`;
  return int(min + randomBelow(runtime, max - min));
}

export const numberFunctions = [
  ...define('int', 'any', (v) => int(toInt64(v))),
  ...define('int64', 'any', (v) => int64(toInt64(v))),
  ...define('float64', 'any', toFloat64),
  ...define('atoi', 'string', atoi),
  ...defineWith('toDecimal', 'any', toDecimal),
  ...define('add', '...any', (...all) => int64(all.reduce((sum, each) => sum + toInt64(each), 0n))),
  ...define('add1', 'any', (v) => int64(toInt64(v) + 1n)),
  ...define('sub', 'any any', (a, b) => int64(toInt64(a) - toInt64(b))),
  ...define('mul', 'any ...any', (a, ...all) =>
    int64(all.reduce((product: bigint, each) => BigInt.asIntN(64, product * toInt64(each)), toInt64(a))),
  ),
  ...define('div', 'any any', (a, b) => integerDivision(a, b, (x, y) => x / y)),
  ...define('mod', 'any any', (a, b) => integerDivision(a, b, (x, y) => x % y)),
  ...define('max biggest', 'any ...any', (a, ...all) => foldIntegers(a, all, (x, y) => x > y)),
  ...define('min', 'any ...any', (a, ...all) => foldIntegers(a, all, (x, y) => x < y)),
  ...define('addf', '...any', (...all) => foldDecimals(0, all, add)),
  ...define('add1f', 'any', (a) => foldDecimals(a, [1], add)),
  ...define('subf', 'any ...any', (a, ...all) => foldDecimals(a, all, subtract)),
  ...define('mulf', 'any ...any', (a, ...all) => foldDecimals(a, all, multiply)),
  ...define('divf', 'any ...any', (a, ...all) => foldDecimals(a, all, divide)),
  ...define('maxf', 'any ...any', (a, ...all) => foldFloats(a, all, Math.max)),
  ...define('minf', 'any ...any', (a, ...all) => foldFloats(a, all, Math.min)),
  ...define('ceil', 'any', (a) => Math.ceil(toFloat64(a))),
  ...define('floor', 'any', (a) => Math.floor(toFloat64(a))),
  ...define('round', 'any int ...float64', (a, places, threshold) => round(a, places, threshold ?? 0.5)),
  ...defineWith('until', 'int', until),
  ...defineWith('untilStep', 'int int int', (runtime, a, b, step) => ints(steps(runtime, a, b, step))),
  ...defineWith('seq', '...int', sequence),
  ...defineWith('randInt', 'int int', randomInteger),
];
