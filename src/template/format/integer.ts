/** Integers by printf's rules: bases, signs, prefixes, and the two ways to ask for leading zeros. */
import { pad, type Flags } from './flags.ts';

/** Text of `n` in the base that `verb` stands for. */
export function formatInteger(n: bigint, base: number, verb: string, flags: Flags): string {
  const negative = n < 0n;
  const size = negative ? -n : n;
  if (flags.precision === 0 && size === 0n) return pad('', { ...flags, zero: false });
  let digits = size.toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  digits = digits.padStart(leastDigits(negative, flags), '0');
  const text = sign(negative, flags) + (verb === 'O' ? '0o' : '') + prefixed(digits, base, verb, flags);
  return pad(text, { ...flags, zero: false });
}

function leastDigits(negative: boolean, flags: Flags): number {
  if (flags.precision !== undefined) return flags.precision;
  if (!flags.zero || flags.minus || flags.width === undefined) return 0;
  return negative || flags.plus || flags.space ? flags.width - 1 : flags.width;
}

function prefixed(digits: string, base: number, verb: string, flags: Flags): string {
  if (!flags.sharp) return digits;
  if (base === 2) return `0b${digits}`;
  if (base === 8) return digits.startsWith('0') ? digits : `0${digits}`;
  if (base === 16) return (verb === 'X' ? '0X' : '0x') + digits;
  return digits;
}

function sign(negative: boolean, flags: Flags): string {
  if (negative) return '-';
  return flags.plus ? '+' : flags.space ? ' ' : '';
}
