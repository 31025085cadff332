/** The natural order of map keys in written YAML: numbers in keys compare by value. */
import { isDigit, isLetter } from '../unicode.ts';

/** Negative when `a` comes first. */
export function compareNaturally(a: string, b: string): number {
  const left = Array.from(a, (c) => c.codePointAt(0) ?? 0);
  const right = Array.from(b, (c) => c.codePointAt(0) ?? 0);
  const at = left.findIndex((rune, i) => rune !== right[i]);
  if (at < 0 || at >= right.length) return left.length - right.length;
  return compareFrom(left, right, at);
}

function compareFrom(left: readonly number[], right: readonly number[], at: number): number {
  const a = left[at] ?? 0;
  const b = right[at] ?? 0;
  const letters = [isLetter(a), isLetter(b)];
  if (letters[0] && letters[1]) return a - b;
  if (letters[0] || letters[1]) return letters[1] ? -1 : 1;
  const start = (a === 0x30 || b === 0x30) && continuesNumber(left, at) ? 1n : 0n;
  const [numberA, endA] = digitsFrom(left, at, start);
  const [numberB, endB] = digitsFrom(right, at, start);
  if (numberA !== numberB) return numberA < numberB ? -1 : 1;
  return endA === endB ? a - b : endA - endB;
}

/** Whether the digits before `at` hold one that is not zero: then zeros that follow count. */
function continuesNumber(runes: readonly number[], at: number): boolean {
  for (let i = at - 1; i >= 0 && isDigit(runes[i] ?? 0); i--) {
    if (runes[i] !== 0x30) return true;
  }
  return false;
}

function digitsFrom(runes: readonly number[], at: number, start: bigint): readonly [bigint, number] {
  let number = start;
  let end = at;
  for (; end < runes.length && isDigit(runes[end] ?? 0); end++) {
    number = BigInt.asIntN(64, number * 10n + BigInt((runes[end] ?? 0) - 0x30));
  }
  return [number, end];
}
