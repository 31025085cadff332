/** Base64, base32 and hex by Go's decoders, which name the byte they stumble over. */
import { toBytes } from '../bytes.ts';
import { encodeRune } from '../bytes.ts';
import { isPrint } from '../unicode.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Decoded bytes, or the position of the first byte that is wrong. */
export type Decoded = { readonly bytes: string } | { readonly wrongAt: number };

const isNewline = (c: string | undefined): boolean => c === '\n' || c === '\r';

/** Padded base64 in the standard alphabet; CR and LF are ignored. */
export function decodeBase64(text: string): Decoded {
  const wrongAt = findWrongBase64(text);
  return wrongAt === undefined ? { bytes: Buffer.from(text, 'base64').toString('latin1') } : { wrongAt };
}

function findWrongBase64(text: string): number | undefined {
  let inQuantum = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if (isNewline(c)) continue;
    if (c === '=') return checkPadding(text, at, inQuantum);
    if (!BASE64.includes(c)) return at;
    inQuantum = (inQuantum + 1) % 4;
  }
  return inQuantum === 0 ? undefined : text.length - inQuantum;
}

/** After the first `=`: a second one if two letters came before, then only line ends. */
function checkPadding(text: string, first: number, inQuantum: number): number | undefined {
  if (inQuantum < 2) return first;
  let at = skipNewlines(text, first + 1);
  if (inQuantum === 2) {
    if (at === text.length) return text.length;
    if (text[at] !== '=') return at - 1;
    at = skipNewlines(text, at + 1);
  }
  return at < text.length ? at : undefined;
}

function skipNewlines(text: string, from: number): number {
  let at = from;
  while (isNewline(text[at])) at++;
  return at;
}

export const encodeBase64 = (bytes: string): string => toBytes(bytes).toString('base64');

/** Padded base32; CR and LF are ignored, and not counted in the position of an error. */
export function decodeBase32(withLines: string): Decoded {
  const text = withLines.replace(/[\r\n]/g, '');
  let out = '';
  for (let at = 0; at < text.length; at += 8) {
    const block = decodeBlock(text, at);
    if (typeof block === 'number') return { wrongAt: block };
    out += block.bytes;
    if (block.last) break;
  }
  return { bytes: out };
}

/** Eight characters from `start`; a number is the position of what is wrong. */
function decodeBlock(text: string, start: number): { bytes: string; last: boolean } | number {
  const values: number[] = [];
  for (let j = 0; j < 8; j++) {
    const at = start + j;
    if (at >= text.length) return text.length - j;
    const rest = text.length - at - 1;
    if (text[at] === '=' && j >= 2 && rest < 8) {
      const wrong = checkBase32Padding(text, at, j);
      return wrong ?? { bytes: fiveBits(values), last: true };
    }
    const value = BASE32.indexOf(text[at] ?? '');
    if (value < 0) return at;
    values.push(value);
  }
  return { bytes: fiveBits(values), last: false };
}

function checkBase32Padding(text: string, at: number, j: number): number | undefined {
  const rest = text.length - at - 1;
  if (rest + j < 7) return text.length;
  for (let k = 0; k < 7 - j; k++) {
    if (k < rest && text[at + 1 + k] !== '=') return at + k;
  }
  return j === 3 || j === 6 ? at : undefined;
}

function fiveBits(values: readonly number[]): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const value of values) {
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((held >> bits) & 255);
      held &= (1 << bits) - 1;
    }
  }
  return out;
}

export function encodeBase32(bytes: string): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 5) {
    const block = toBytes(bytes.slice(at, at + 5));
    const bits = Array.from(block, (byte) => byte.toString(2).padStart(8, '0')).join('');
    const letters = bits.replace(/.{1,5}/g, (five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)] ?? '');
    out += letters.padEnd(8, '=');
  }
  return out;
}

/** Bytes of hex digits, or Go's complaint. */
export function decodeHex(text: string): string {
  const at = text.search(/[^0-9a-fA-F]/);
  if (at >= 0 && (at < text.length - (text.length % 2) || text.length % 2 === 1)) {
    const code = text.charCodeAt(at);
    const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    return `encoding/hex: invalid byte: ${name}${isPrint(code) ? ` '${encodeRune(code)}'` : ''}`;
  }
  return text.length % 2 === 1 ? 'encoding/hex: odd length hex string' : Buffer.from(text, 'hex').toString('latin1');
}
