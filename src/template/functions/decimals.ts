/** Exact decimal arithmetic on the shortest decimal form of floats: 0.1 + 0.2 is 0.3. */
import { failure, type Failure } from '../errors.ts';

/** digits × 10^exponent */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Digits after the point that a division keeps. */
const DIVISION_DIGITS = 16;

/** @throws Failure for NaN and infinities */
export function decimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw notDecimal(value);
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const fraction = mantissa.split('.')[1] ?? '';
  return { digits: BigInt(mantissa.replace('.', '')), exponent: Number(power) - fraction.length };
}

function notDecimal(value: number): Failure {
  if (Number.isNaN(value)) return failure`Cannot create a Decimal from NaN`;
  return value < 0 ? failure`Cannot create a Decimal from -Inf` : failure`Cannot create a Decimal from +Inf`;
}

export const toNumber = ({ digits, exponent }: Decimal): number => Number(`${digits}e${exponent}`);

function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [scaled(a, exponent), scaled(b, exponent), exponent];
}

const scaled = (d: Decimal, exponent: number): bigint => d.digits * 10n ** BigInt(d.exponent - exponent);

export function add(a: Decimal, b: Decimal): Decimal {
  const [x, y, exponent] = aligned(a, b);
  return { digits: x + y, exponent };
}

export const subtract = (a: Decimal, b: Decimal): Decimal => add(a, { ...b, digits: -b.digits });

export const multiply = (a: Decimal, b: Decimal): Decimal => ({
  digits: a.digits * b.digits,
  exponent: a.exponent + b.exponent,
});

/** Quotient to 16 decimals, rounded half away from zero. */
export function divide(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw failure`decimal division by 0`;
  const shift = a.exponent - b.exponent + DIVISION_DIGITS;
  const dividend = shift >= 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const divisor = shift >= 0 ? b.digits : b.digits * 10n ** BigInt(-shift);
  const quotient = dividend / divisor;
  const twiceRest = 2n * abs(dividend % divisor);
  const away = dividend < 0n === divisor < 0n ? 1n : -1n;
  return { digits: twiceRest < abs(divisor) ? quotient : quotient + away, exponent: -DIVISION_DIGITS };
}

const abs = (n: bigint): bigint => (n < 0n ? -n : n);
