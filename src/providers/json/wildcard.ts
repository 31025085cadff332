/**
 * Names with `*` (anything) and `?` (one character). Linear in practice: only the last star is ever tried again.
 */

/** A character to be met as it is, or a wildcard. Escaped stars are plain characters. */
export type PatternPart = { readonly char: string } | 'any' | 'one';

export function parsePattern(text: string): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  const chars = Array.from(text);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at]!;
    if (char === '*') parts.push('any');
    else if (char === '?') parts.push('one');
    else if (char === '\\' && at + 1 < chars.length) parts.push({ char: chars[++at]! });
    else parts.push({ char });
  }
  return parts;
}

export function matchesPattern(text: string, pattern: readonly PatternPart[]): boolean {
  const chars = Array.from(text);
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const wanted = pattern[part];
    if (wanted === 'any') {
      star = part++;
      starAt = at;
    } else if (wanted === 'one' || (wanted !== undefined && wanted.char === chars[at])) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++starAt;
    } else return false;
  }
  return pattern.slice(part).every((rest) => rest === 'any');
}
