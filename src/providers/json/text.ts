/**
 * Bytes and text the way Go sees them. A "binary string" holds one byte per character (latin1): scanning is as simple
 * as with text, and bytes that are not UTF-8 survive. Everything else in this folder works on binary strings.
 */
import { isUtf8 } from 'node:buffer';

export function toBinary(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

export function fromBinary(binary: string): Uint8Array {
  return Buffer.from(binary, 'latin1');
}

/** The UTF-8 encoding of `text` as a binary string. */
export function binaryOfText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Decodes UTF-8 as Go does: every byte that belongs to no valid sequence becomes one U+FFFD of its own (the web's
 * decoder would make one of several).
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return asBuffer(bytes).toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const size = sequenceSize(bytes, at);
    text += size === 0 ? '\uFFFD' : asBuffer(bytes.subarray(at, at + size)).toString('utf8');
    at += Math.max(size, 1);
  }
  return text;
}

/** Byte order of the UTF-8 encodings, which is how Go sorts keys. UTF-16 order differs beyond U+FFFF. */
export function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8'));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Length of the valid sequence that starts at `at`; 0 when there is none. */
function sequenceSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return at + wanted <= bytes.length && isUtf8(bytes.subarray(at, at + wanted)) ? wanted : 0;
}
