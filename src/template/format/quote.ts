/** Go string literals: writing them (`%q`, `quote`) and reading them (constants in templates). */
import { decodeRune, encodeRune, isValidUtf8, runes } from '../bytes.ts';
import { isPrint } from '../unicode.ts';

const NAMED_ESCAPES = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
]);

/** Double-quoted literal of a byte string. `asciiOnly` also escapes printable letters beyond ASCII. */
export function quote(bytes: string, asciiOnly = false): string {
  let out = '"';
  for (const { rune, size, at } of runes(bytes)) {
    const invalid = rune === 0xfffd && size === 1;
    out += invalid ? `\\x${hex(bytes.charCodeAt(at), 2)}` : escapeRune(rune, 0x22, asciiOnly);
  }
  return out + '"';
}

/** Single-quoted literal of a code point. */
export function quoteRune(rune: number, asciiOnly = false): string {
  const valid = rune >= 0 && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
  return `'${escapeRune(valid ? rune : 0xfffd, 0x27, asciiOnly)}'`;
}

function escapeRune(rune: number, delimiter: number, asciiOnly: boolean): string {
  if (rune === delimiter || rune === 0x5c) return `\\${String.fromCharCode(rune)}`;
  if (rune < 0x80 ? isPrint(rune) : !asciiOnly && isPrint(rune)) return encodeRune(rune);
  const named = NAMED_ESCAPES.get(rune);
  if (named !== undefined) return named;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

/** Whether the text can stand between back-quotes on one line. */
export function canBackquote(bytes: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is asked about
  return isValidUtf8(bytes) && !/[\0-\x08\x0a-\x1f\x7f`]|\xef\xbb\xbf/.test(bytes);
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };

/** One character of a literal: its bytes, its code point, and where the next begins. */
export interface Unquoted {
  readonly bytes: string;
  readonly rune: number;
  readonly next: number;
}

/** Reads the character at `at` inside a literal delimited by `delimiter`; undefined = not valid Go. */
export function unquoteChar(literal: string, at: number, delimiter: string): Unquoted | undefined {
  const c = literal[at];
  if (c === undefined || c === delimiter || c === '\n') return undefined;
  if (c !== '\\') {
    const { rune, size } = decodeRune(literal, at);
    return { bytes: encodeRune(rune), rune, next: at + size };
  }
  return unquoteEscape(literal, at + 1, delimiter);
}

function unquoteEscape(literal: string, at: number, delimiter: string): Unquoted | undefined {
  const c = literal[at] ?? '';
  const simple = Object.hasOwn(SIMPLE_ESCAPES, c) ? SIMPLE_ESCAPES[c] : undefined;
  if (simple !== undefined) return { bytes: String.fromCharCode(simple), rune: simple, next: at + 1 };
  if (c === delimiter) return { bytes: c, rune: c.charCodeAt(0), next: at + 1 };
  if (c === 'x') return byteEscape(literal, at + 1, 2, 16);
  if (c >= '0' && c <= '7') return byteEscape(literal, at, 3, 8);
  if (c === 'u') return runeEscape(literal, at + 1, 4);
  return c === 'U' ? runeEscape(literal, at + 1, 8) : undefined;
}

function digits(literal: string, at: number, count: number, base: number): number | undefined {
  const text = literal.slice(at, at + count);
  const valid = base === 16 ? /^[0-9a-fA-F]+$/ : /^[0-7]+$/;
  return text.length === count && valid.test(text) ? Number.parseInt(text, base) : undefined;
}

function byteEscape(literal: string, at: number, count: number, base: number): Unquoted | undefined {
  const code = digits(literal, at, count, base);
  if (code === undefined || code > 255) return undefined;
  return { bytes: String.fromCharCode(code), rune: code, next: at + count };
}

function runeEscape(literal: string, at: number, count: number): Unquoted | undefined {
  const rune = digits(literal, at, count, 16);
  if (rune === undefined || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return undefined;
  return { bytes: encodeRune(rune), rune, next: at + count };
}

/** Bytes of a double- or back-quoted literal; undefined = not valid Go. */
export function unquote(literal: string): string | undefined {
  const inner = literal.slice(1, -1);
  if (literal.startsWith('`')) return inner.replaceAll('\r', '');
  let out = '';
  for (let at = 0; at < inner.length;) {
    const char = unquoteChar(inner, at, '"');
    if (char === undefined) return undefined;
    out += char.bytes;
    at = char.next;
  }
  return out;
}
