/**
 * The inside of JSON strings: undoing and doing escapes. All on binary strings.
 */
import { binaryOfText, decodeUtf8, fromBinary } from './text.ts';

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Undoes the escapes of the inside of a JSON string. Half a surrogate pair becomes U+FFFD; an unknown escape stands for
 * the character itself. Bytes that are not UTF-8 are kept.
 */
export function unescapeBinary(inner: string): string {
  if (!inner.includes('\\')) return inner;
  return inner.replaceAll(
    /\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g,
    (_all, high: string | undefined, low: string | undefined, unit: string | undefined, char: string | undefined) => {
      if (high !== undefined && low !== undefined) return binaryOfText(String.fromCharCode(hex(high), hex(low)));
      if (unit !== undefined) return binaryOfText(String.fromCharCode(hex(unit)).toWellFormed());
      return SHORT_ESCAPES[char ?? ''] ?? char ?? '';
    },
  );
}

/** The same as text: what is not UTF-8 becomes U+FFFD, as in Go's decoder. */
export function unescapeText(inner: string): string {
  const binary = unescapeBinary(inner);
  return isAscii(binary) ? binary : decodeUtf8(fromBinary(binary));
}

/** `text` as a JSON string with its quotes, escaped as Go escapes it; `escapeHtml` also hides `<`, `>` and `&`. */
export function quoteText(text: string, escapeHtml: boolean): string {
  const special = escapeHtml ? /["\\<>&\u2028\u2029]|[^ -\uffff]/g : /["\\\u2028\u2029]|[^ -\uffff]/g;
  return `"${text.toWellFormed().replace(special, escapeCharacter)}"`;
}

function escapeCharacter(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`;
  const short = 'bfnrt'['\b\f\n\r\t'.indexOf(char)];
  if (short !== undefined) return `\\${short}`;
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function hex(digits: string): number {
  return Number.parseInt(digits, 16);
}

function isAscii(binary: string): boolean {
  return !/[\u0080-\u00ff]/.test(binary);
}
