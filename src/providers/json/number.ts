/**
 * Numbers as Go prints them.
 */
import type { JsonNumber } from './value.ts';

/** Shortest decimal without exponent (Go's format 'f', precision -1): `1e25` becomes 26 digits. */
export function formatPlain(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  return sign + shiftPoint(whole, fraction, Number(exponent));
}

/** As Go's JSON encoder prints a float64: like JavaScript, except that the sign of zero stays. */
export function formatJson(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A number as text of its own: integers as written (D13), all others as shortest decimal without exponent. */
export function numberText(number: JsonNumber): string {
  return number.isInteger ? number.literal : formatPlain(number.toNumber());
}

function shiftPoint(whole: string, fraction: string, by: number): string {
  const digits = whole + fraction;
  const point = whole.length + by;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length ? digits.padEnd(point, '0') : `${digits.slice(0, point)}.${digits.slice(point)}`;
}
