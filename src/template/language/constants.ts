/** Numeric constants: Go's syntax, kept under every type that holds the value exactly. */
import { message, source, type Message } from '../errors.ts';
import { quote, unquoteChar } from '../format/quote.ts';
import type { NumberNode } from './nodes.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** A number node, or what is wrong with the text. */
export function parseNumber(text: string, at: number): NumberNode | Message {
  if (text.endsWith('i') && !/^[+-]?0[xX]/.test(text)) {
    const imaginary = parseFloatText(text.slice(0, -1));
    if (imaginary !== undefined) return simplified(text, at, imaginary);
  }
  const int = parseInteger(text);
  if (int !== undefined) return integer(text, at, int);
  const float = parseFloatText(text);
  if (float === undefined || !Number.isFinite(float)) return message`illegal number syntax: ${source(quote(text))}`;
  if (!/[.eEpP]/.test(text)) return message`integer overflow: ${source(quote(text))}`;
  return fromFloat(text, at, float);
}

/** A constant of real and imaginary part, `1+2i`. */
export function parseComplex(text: string, at: number): NumberNode | Message {
  const [, imaginary = ''] = /([+-][^+-]*(?:[eEpP][+-][^+-]*)?)i$/.exec(text) ?? [];
  const value = parseFloatText(imaginary);
  if (value === undefined) return message`illegal number syntax: ${source(quote(text))}`;
  return { kind: 'number', at, text, imaginary: value };
}

/** A character constant: its code point as an integer. */
export function parseCharacter(text: string, at: number): NumberNode | Message {
  const char = unquoteChar(text, 1, "'");
  if (char === undefined) return message`invalid syntax`;
  if (text.slice(char.next) !== "'") return message`malformed character constant: ${source(text)}`;
  return { kind: 'number', at, text, int: BigInt(char.rune), uint: BigInt(char.rune), float: char.rune };
}

function simplified(text: string, at: number, imaginary: number): NumberNode {
  if (imaginary !== 0) return { kind: 'number', at, text, imaginary };
  return { kind: 'number', at, text, imaginary, int: 0n, uint: 0n, float: 0 };
}

function integer(text: string, at: number, value: bigint): NumberNode {
  const node = { kind: 'number', at, text, float: Number(value) } as const;
  const fitsInt = value <= MAX_INT64 && value >= -MAX_INT64 - 1n;
  const unsigned = value >= 0n && (value === 0n || !/^[+-]/.test(text));
  return { ...node, ...(fitsInt ? { int: value } : {}), ...(unsigned ? { uint: value } : {}) };
}

function fromFloat(text: string, at: number, float: number): NumberNode {
  const node = { kind: 'number', at, text, float } as const;
  const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  const unsigned = Number.isInteger(float) && float >= 0 && float < 2 ** 64;
  return { ...node, ...(whole ? { int: BigInt(float) } : {}), ...(unsigned ? { uint: BigInt(float) } : {}) };
}

const INTEGER = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

/** An integer literal by Go's base-0 syntax (prefixes, leading zero = octal, underscores); undefined = none, or too big. */
export function parseInteger(text: string): bigint | undefined {
  const [, sign = '', body = ''] = INTEGER.exec(text) ?? [];
  if (body === '') return undefined;
  const bare = body.replaceAll('_', '');
  const value = /^0[0-7]/.test(bare) ? BigInt(`0o${bare.slice(1)}`) : BigInt(bare.toLowerCase());
  const signed = sign === '-' ? -value : value;
  return signed > MAX_UINT64 || signed < -MAX_INT64 - 1n || (sign === '+' && signed > MAX_INT64) ? undefined : signed;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/;

/** A float by Go's syntax, hex floats and underscores included; overflow gives ±Infinity; undefined = none. */
export function parseFloatText(text: string): number | undefined {
  const bare = withoutUnderscores(text);
  if (bare === undefined) return undefined;
  if (DECIMAL.test(bare)) return Number(bare);
  const [, sign, whole = '', fraction = '', power] = HEX_FLOAT.exec(bare) ?? [];
  if (power === undefined || whole + fraction === '') return undefined;
  const size = hexToNumber(BigInt(`0x${whole}${fraction}`), Number(power) - 4 * fraction.length);
  return sign === '-' ? -size : size;
}

function hexToNumber(mantissa: bigint, power: number): number {
  const half = Math.trunc(power / 2);
  return Number(mantissa) * 2 ** half * 2 ** (power - half);
}

/** Underscores may stand between digits, and after a base prefix. */
function withoutUnderscores(text: string): string | undefined {
  if (!text.includes('_')) return text;
  const hex = /^[+-]?0[xX]/.test(text);
  const misplaced = hex ? /(?<![0-9a-fA-FxX])_|_(?![0-9a-fA-F])/ : /(?<![0-9])_|_(?![0-9])/;
  return misplaced.test(text) ? undefined : text.replaceAll('_', '');
}
