/** Characters and stretches of text that the lexer tells apart. */
import { encodeRune } from '../bytes.ts';
import { isDigit, isLetter, isPrint } from '../unicode.ts';

const SPACES = ' \t\r\n';
export const isSpace = (c: string): boolean => c !== '' && SPACES.includes(c);

/** Letters, digits and `_`, which make up identifiers. */
export function isWordRune(rune: number): boolean {
  return rune === 0x5f || isLetter(rune) || isDigit(rune);
}

export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

export function trimRight(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(text[end - 1] ?? '')) end--;
  return end;
}

export function trimLeft(text: string, from: number): number {
  let at = from;
  while (isSpace(text[at] ?? '')) at++;
  return at;
}

/** `U+002D '-'`, as Go's `%#U`. */
export function unicodeName(rune: number): string {
  const code = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrint(rune) ? `${code} '${encodeRune(rune)}'` : code;
}
