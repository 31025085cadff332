/**
 * Go strings. Inside the engine a string holds one character per byte ("latin1"), so lengths, slices and hashes are
 * exact and binary secrets pass untouched. Only code that is about letters decodes UTF-8, here, as Go does it: each
 * byte that is no part of a valid sequence reads as U+FFFD of width one.
 */

const ASCII_ONLY = /^[\0-\x7f]*$/;
const REPLACEMENT = 0xfffd;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** True when every byte is below 0x80, so that bytes and characters are the same thing. */
export function isAscii(bytes: string): boolean {
  return ASCII_ONLY.test(bytes);
}

/** Byte string of raw bytes. */
export function fromBytes(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
}

/** Raw bytes of a byte string. */
export function toBytes(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Byte string (UTF-8) of ordinary text; lone surrogates become U+FFFD. */
export function encodeText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Ordinary text of a byte string; every invalid byte becomes U+FFFD. */
export function decodeText(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  try {
    return strictUtf8.decode(toBytes(bytes));
  } catch {
    return [...runes(bytes)].map(({ rune }) => String.fromCodePoint(rune)).join('');
  }
}

/** Whether the bytes are valid UTF-8. */
export function isValidUtf8(bytes: string): boolean {
  if (isAscii(bytes)) return true;
  try {
    strictUtf8.decode(toBytes(bytes));
    return true;
  } catch {
    return false;
  }
}

/** A code point and the number of bytes it took. */
export interface Rune {
  readonly rune: number;
  readonly size: number;
}

/** The code point that starts at byte `at`; an invalid sequence is `{ rune: 0xFFFD, size: 1 }`. */
export function decodeRune(bytes: string, at: number): Rune {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { rune: first, size: 1 };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return { rune: REPLACEMENT, size: 1 };
  let rune = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return { rune: REPLACEMENT, size: 1 };
    rune = (rune << 6) | (next & 0x3f);
  }
  return isEncodable(rune, size) ? { rune, size } : { rune: REPLACEMENT, size: 1 };
}

function isEncodable(rune: number, size: number): boolean {
  if (size === 3) return rune >= 0x800 && (rune < 0xd800 || rune > 0xdfff);
  return size === 2 || (rune >= 0x10000 && rune <= 0x10ffff);
}

/** Walks the code points of a byte string. */
export function* runes(bytes: string): Generator<Rune & { readonly at: number }> {
  for (let at = 0; at < bytes.length;) {
    const { rune, size } = decodeRune(bytes, at);
    yield { rune, size, at };
    at += size;
  }
}

/** Number of code points. */
export function runeCount(bytes: string): number {
  if (isAscii(bytes)) return bytes.length;
  let count = 0;
  for (let at = 0; at < bytes.length; at += decodeRune(bytes, at).size) count++;
  return count;
}

/** UTF-8 of one code point; what is no code point becomes U+FFFD. */
export function encodeRune(rune: number): string {
  const valid = rune >= 0 && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
  return encodeText(String.fromCodePoint(valid ? rune : REPLACEMENT));
}

/** Compares bytewise, as Go compares strings: negative, zero or positive. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
