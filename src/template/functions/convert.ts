/** Numbers from anything, with the rules of the cast library: what is no number is silently zero. */
import { parseFloatText, parseInteger } from '../language/constants.ts';
import { GoInt, wrap64, type Value } from '../values.ts';

const SMALLEST = -(2n ** 63n);

/** An int64 from any value. */
export function toInt64(value: Value): bigint {
  if (value instanceof GoInt) return wrap64(value.value);
  if (typeof value === 'number') return truncated(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'string' ? fromText(value) : 0n;
}

/** Truncates toward zero; what does not fit becomes the smallest int64, as on amd64. */
function truncated(value: number): bigint {
  return Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : SMALLEST;
}

function fromText(text: string): bigint {
  const [, whole] = /^([-+]?\d*)\.\d*$/.exec(text) ?? [];
  const parsed = parseInteger(whole === undefined ? text : /\d/.test(whole) ? whole : '0');
  return parsed === undefined || BigInt.asIntN(64, parsed) !== parsed ? 0n : parsed;
}

/** A float64 from any value. */
export function toFloat64(value: Value): number {
  if (value instanceof GoInt) return Number(value.value);
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' ? floatFromText(value) : 0;
}

function floatFromText(text: string): number {
  const [, sign, special = ''] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (special !== '') return special.toLowerCase() === 'nan' ? NaN : sign === '-' ? -Infinity : Infinity;
  const parsed = parseFloatText(text);
  return parsed === undefined || !Number.isFinite(parsed) ? 0 : parsed;
}
