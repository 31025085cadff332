/** ASN.1 in its DER encoding: a reader of elements and small writers. */
import { failure } from '../errors.ts';

export const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Nesting and count of elements that is still taken for serious. */
const MOST_ELEMENTS = 20_000;

/** One element: its tag byte, its content, and the whole of it. */
export class DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;

  constructor(tag: number, content: Buffer, raw: Buffer) {
    this.tag = tag;
    this.content = content;
    this.raw = raw;
  }

  /** The elements inside. @throws Failure when they are malformed */
  children(): DerElement[] {
    const out: DerElement[] = [];
    for (let at = 0; at < this.content.length;) {
      const element = readDer(this.content, at);
      out.push(element);
      at += element.raw.length;
      if (out.length > MOST_ELEMENTS) throw malformed();
    }
    return out;
  }

  /** The i-th element inside. @throws Failure when there is none */
  child(i: number): DerElement {
    const found = this.children()[i];
    if (found === undefined) throw malformed();
    return found;
  }

  /** Dotted text of an object identifier. */
  oid(): string {
    if (this.tag !== TAGS.oid) throw malformed();
    const parts: number[] = [];
    let part = 0;
    for (const byte of this.content) {
      part = part * 128 + (byte & 0x7f);
      if ((byte & 0x80) !== 0) continue;
      parts.push(part);
      part = 0;
    }
    const [first = 0, ...rest] = parts;
    const root = Math.min(Math.floor(first / 40), 2);
    return [root, first - root * 40, ...rest].join('.');
  }

  integer(): bigint {
    if (this.tag !== TAGS.integer || this.content.length === 0) throw malformed();
    return BigInt.asIntN(this.content.length * 8, BigInt(`0x${this.content.toString('hex')}`));
  }

  expect(tag: number): this {
    if (this.tag !== tag) throw malformed();
    return this;
  }
}

export const malformed = (): Error => failure`asn1: structure error`;

/** The element at a position. @throws Failure */
export function readDer(bytes: Buffer, at = 0): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw malformed();
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || extra > 4) throw malformed();
  const length = extra === 0 ? first : readLength(bytes, at + 2, extra);
  const start = at + 2 + extra;
  if (start + length > bytes.length) throw malformed();
  return new DerElement(tag, bytes.subarray(start, start + length), bytes.subarray(at, start + length));
}

function readLength(bytes: Buffer, at: number, count: number): number {
  if (at + count > bytes.length) throw malformed();
  return bytes.readUIntBE(at, count);
}

/** The one element that the bytes are. @throws Failure when something follows it */
export function parseDer(bytes: Buffer): DerElement {
  const element = readDer(bytes);
  if (element.raw.length !== bytes.length) throw malformed();
  return element;
}

/** Writes an element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(TAGS.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => der(TAGS.set, ...parts);
export const octets = (bytes: Uint8Array): Buffer => der(TAGS.octetString, bytes);
export const bits = (bytes: Uint8Array, unused = 0): Buffer => der(TAGS.bitString, Buffer.from([unused]), bytes);
export const nothing = (): Buffer => der(TAGS.null);
/** Context-specific constructed tag, as EXPLICIT ones are. */
export const explicit = (n: number, ...parts: readonly Uint8Array[]): Buffer => der(0xa0 | n, ...parts);

/** A non-negative integer. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return der(TAGS.integer, Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex'));
}

/** An object identifier from its dotted text. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return der(TAGS.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(n: number): number[] {
  const out = [n % 128];
  for (let rest = Math.floor(n / 128); rest > 0; rest = Math.floor(rest / 128)) out.unshift(0x80 | (rest % 128));
  return out;
}
