/**
 * Classes and case mapping of single code points with Go's rules: one code point in, one out (JavaScript's own
 * mapping may give several), and Go's idea of white space and of printable.
 */

const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const UPPER = /^\p{Lu}$/u;
const LOWER = /^\p{Ll}$/u;
const TITLE = /^\p{Lt}$/u;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const SPACE = /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

const text = (rune: number): string => String.fromCodePoint(rune);

export const isLetter = (rune: number): boolean => LETTER.test(text(rune));
export const isDigit = (rune: number): boolean => DIGIT.test(text(rune));
export const isUpper = (rune: number): boolean => UPPER.test(text(rune));
export const isLower = (rune: number): boolean => LOWER.test(text(rune));
export const isTitle = (rune: number): boolean => TITLE.test(text(rune));
export const isSpace = (rune: number): boolean => SPACE.test(text(rune));

/** Letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(rune: number): boolean {
  if (rune < 0x7f) return rune >= 0x20;
  return PRINTABLE.test(text(rune));
}

/** Greek letters with iota subscript: their one-to-one capital, where JavaScript writes the iota out. */
function greekCapital(rune: number): number {
  const block = rune & ~0xf;
  if ((block === 0x1f80 || block === 0x1f90 || block === 0x1fa0) && (rune & 0xf) < 8) return rune + 8;
  return rune === 0x1fb3 || rune === 0x1fc3 || rune === 0x1ff3 ? rune + 9 : rune;
}

function single(mapped: string, otherwise: number): number {
  const first = mapped.codePointAt(0) ?? otherwise;
  return mapped.length === text(first).length ? first : otherwise;
}

export function toUpper(rune: number): number {
  if (rune < 0x80) return rune >= 0x61 && rune <= 0x7a ? rune - 0x20 : rune;
  return single(text(rune).toUpperCase(), greekCapital(rune));
}

export function toLower(rune: number): number {
  if (rune < 0x80) return rune >= 0x41 && rune <= 0x5a ? rune + 0x20 : rune;
  if (rune === 0x130) return 0x69;
  return single(text(rune).toLowerCase(), rune);
}

/** Title case differs from upper case for the digraphs (ǆ → ǅ) and for Georgian (unchanged). */
export function toTitle(rune: number): number {
  if (rune >= 0x1c4 && rune <= 0x1cc) return 0x1c5 + 3 * Math.floor((rune - 0x1c4) / 3);
  if (rune >= 0x1f1 && rune <= 0x1f3) return 0x1f2;
  if ((rune >= 0x10d0 && rune <= 0x10fa) || (rune >= 0x10fd && rune <= 0x10ff)) return rune;
  return toUpper(rune);
}
