/**
 * Go's fmt: `%v` of every value, and `printf` with its verbs, flags, widths and the marks it leaves where verb and
 * operand do not fit. Nothing here fails; it prints what went wrong, as Go does.
 */
import { compareBytes, encodeRune } from '../bytes.ts';
import type { Budget } from '../budget.ts';
import { GoInt, GoMap, GoObject, GoSlice, typeOf, type Value } from '../values.ts';
import { isPrint } from '../unicode.ts';
import { NO_FLAGS, pad, padded, truncateRunes, type Flags } from './flags.ts';
import { formatBinary, formatFloat, formatHex } from './float.ts';
import { formatInteger } from './integer.ts';
import { canBackquote, quote, quoteRune } from './quote.ts';

const LOWER = '0123456789abcdef';
const UPPER = '0123456789ABCDEF';

/** One value printed with a verb and flags. */
export class Printer {
  private readonly budget: Budget;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** Text of an operand of print, println, printf: methods first, then by kind. */
  print(value: Value, verb: string, flags: Flags): string {
    this.budget.spend(1);
    if (value === null) return verb === 'v' || verb === 'T' ? pad('<nil>', flags) : this.bad(value, verb, flags);
    if (verb === 'T') return padded(typeOf(value), flags);
    if (verb === 'p' || verb === 'w') return this.bad(value, verb, flags);
    return this.withMethods(value, verb, flags);
  }

  private withMethods(value: Value, verb: string, flags: Flags): string {
    const text = value instanceof GoObject ? value.text() : value instanceof GoInt ? value.text : undefined;
    if (text !== undefined && !flags.goSyntax && 'vsxXq'.includes(verb)) return this.text(text, verb, flags);
    return this.byKind(value, verb, flags);
  }

  private byKind(value: Value, verb: string, flags: Flags): string {
    if (typeof value === 'string') return this.text(value, verb, flags);
    if (typeof value === 'boolean') return this.boolean(value, verb, flags);
    if (typeof value === 'number') return this.float(value, verb, flags);
    if (value instanceof GoInt) return this.integer(value, verb, flags);
    if (value instanceof GoSlice) return this.slice(value, verb, flags);
    if (value instanceof GoMap) return this.map(value, verb, flags);
    return value === null ? '<nil>' : this.struct(value, verb, flags);
  }

  /** `%!d(string=x)` and its like. */
  private bad(value: Value, verb: string, flags: Flags): string {
    if (value === null) return `%!${verb}(<nil>)`;
    const inner = { ...flags, goSyntax: false, fieldNames: false };
    return `%!${verb}(${typeOf(value)}=${this.byKind(value, 'v', inner)})`;
  }

  private boolean(value: boolean, verb: string, flags: Flags): string {
    return verb === 't' || verb === 'v' ? pad(String(value), flags) : this.bad(value, verb, flags);
  }

  private text(value: string, verb: string, flags: Flags): string {
    switch (verb) {
      case 'v':
        return flags.goSyntax ? quoted(value, flags) : padded(value, flags);
      case 's':
        return padded(value, flags);
      case 'q':
        return quoted(value, flags);
      case 'x':
        return hexText(value, flags, LOWER);
      case 'X':
        return hexText(value, flags, UPPER);
      default:
        return this.bad(value, verb, flags);
    }
  }

  private float(value: number, verb: string, flags: Flags): string {
    if (!'vgGeEfFbxX'.includes(verb)) return this.bad(value, verb, flags);
    return floatText(value, verb, flags);
  }

  private integer(value: GoInt, verb: string, flags: Flags): string {
    const n = value.value;
    if (verb === 'v' && flags.goSyntax && value.unsigned) return formatInteger(n, 16, 'v', { ...flags, sharp: true });
    const base = BASES.get(verb);
    if (base !== undefined) return formatInteger(n, base, verb, flags);
    const rune = n >= 0n && n <= 0x10ffffn ? Number(n) : 0xfffd;
    if (verb === 'c') return pad(encodeRune(rune), flags);
    if (verb === 'q') return pad(quoteRune(rune, flags.plus), flags);
    return verb === 'U' ? pad(unicodeText(n, flags), { ...flags, zero: false }) : this.bad(value, verb, flags);
  }

  private slice(value: GoSlice, verb: string, flags: Flags): string {
    if (flags.goSyntax) {
      if (value.isNil) return `${value.type}(nil)`;
      const items = value.items.map((item) => this.element(item, value.elem, verb, flags));
      return `${value.type}{${items.join(', ')}}`;
    }
    return `[${value.items.map((item) => this.element(item, value.elem, verb, flags)).join(' ')}]`;
  }

  private map(value: GoMap, verb: string, flags: Flags): string {
    if (flags.goSyntax && value.isNil) return `${value.type}(nil)`;
    const pairs = [...value.entries]
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, item]) => {
        return `${this.text(key, verb, flags)}:${this.element(item, value.elem, verb, flags)}`;
      });
    return flags.goSyntax ? `${value.type}{${pairs.join(', ')}}` : `map[${pairs.join(' ')}]`;
  }

  private struct(value: GoObject, verb: string, flags: Flags): string {
    const names = flags.fieldNames || flags.goSyntax;
    const fields = value.fields().map(([name, item]) => {
      return `${names ? `${name}:` : ''}${this.element(item, '', verb, flags)}`;
    });
    const joined = fields.join(flags.goSyntax ? ', ' : ' ');
    const type = flags.goSyntax ? value.type.replace(/^\*/, '') : '';
    return `${value.kind === 'ptr' ? '&' : ''}${type}{${joined}}`;
  }

  /** A value inside a list, map or struct; a nil there prints differently. */
  private element(item: Value, type: string, verb: string, flags: Flags): string {
    this.budget.spend(1);
    if (item === null) return flags.goSyntax ? `${type}(nil)` : '<nil>';
    return this.withMethods(item, verb, flags);
  }

  /** Operands next to each other, a space between two that are both no text. */
  sprint(operands: readonly Value[]): string {
    let out = '';
    operands.forEach((operand, i) => {
      const gap = i > 0 && typeof operand !== 'string' && typeof operands[i - 1] !== 'string';
      out += (gap ? ' ' : '') + this.print(operand, 'v', NO_FLAGS);
    });
    return out;
  }

  sprintln(operands: readonly Value[]): string {
    return `${operands.map((operand) => this.print(operand, 'v', NO_FLAGS)).join(' ')}\n`;
  }
}

const BASES = new Map([
  ['v', 10],
  ['d', 10],
  ['b', 2],
  ['o', 8],
  ['O', 8],
  ['x', 16],
  ['X', 16],
]);

function quoted(value: string, flags: Flags): string {
  const text = truncateRunes(value, flags);
  if (flags.sharp && canBackquote(text)) return pad(`\`${text}\``, flags);
  return pad(quote(text, flags.plus), flags);
}

function hexText(value: string, flags: Flags, digits: string): string {
  const bytes = flags.precision === undefined ? value : value.slice(0, flags.precision);
  if (bytes === '') return pad('', flags);
  const pairs = Array.from(bytes, (c) => {
    const code = c.charCodeAt(0);
    return `${digits[code >> 4]}${digits[code & 15]}`;
  });
  const lead = flags.sharp ? (digits === UPPER ? '0X' : '0x') : '';
  const text = flags.space ? pairs.map((pair) => lead + pair).join(' ') : lead + pairs.join('');
  return pad(text, flags);
}

function unicodeText(n: bigint, flags: Flags): string {
  const code = BigInt.asUintN(64, n);
  const digits = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 0, 4), '0');
  const rune = code <= 0x10ffffn ? Number(code) : -1;
  return `U+${digits}${flags.sharp && rune >= 0 && isPrint(rune) ? ` '${encodeRune(rune)}'` : ''}`;
}

/** The whole of Go's float formatting: sign flags, padding, and the `#` flag's kept zeros. */
function floatText(value: number, verb: string, flags: Flags): string {
  const kind = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
  const precision = flags.precision ?? ('eEf'.includes(kind) ? 6 : -1);
  let text =
    kind === 'b'
      ? formatBinary(value)
      : 'xX'.includes(kind)
        ? formatHex(value, kind, precision)
        : formatFloat(value, kind, precision);
  if (!/^[+-]/.test(text)) text = `+${text}`;
  if (flags.space && text.startsWith('+') && !flags.plus) text = ` ${text.slice(1)}`;
  if (/^.[IN]/.test(text)) return infinite(text, flags);
  if (flags.sharp && kind !== 'b') text = keepZeros(text, kind, precision);
  if (!flags.plus && text.startsWith('+')) return pad(text.slice(1), flags);
  if (flags.zero && !flags.minus && flags.width !== undefined && flags.width > text.length) {
    return text.slice(0, 1) + text.slice(1).padStart(flags.width - 1, '0');
  }
  return pad(text, flags);
}

function infinite(text: string, flags: Flags): string {
  const bare = text[1] === 'N' && !flags.space && !flags.plus;
  return pad(bare ? text.slice(1) : text, { ...flags, zero: false });
}

function keepZeros(text: string, kind: string, precision: number): string {
  if (kind === 'x' || kind === 'X') return keepHexZeros(text, kind, precision);
  const [, sign = '', body = '', tail = ''] = /^(.)([0-9.]*)(.*)$/.exec(text) ?? [];
  const significant = body.replace('.', '').replace(/^0+/, '').length;
  const wanted = kind === 'g' || kind === 'G' ? (precision === -1 ? 6 : precision) : 0;
  const pointed = body.includes('.') ? body : `${body}.`;
  const missing = wanted - (body === '0' ? 1 : significant);
  return sign + pointed + '0'.repeat(Math.max(missing, 0)) + tail;
}

/** In hexadecimal the x of the prefix counts as a digit, and only the lower-case form is filled up. */
function keepHexZeros(text: string, kind: string, precision: number): string {
  const [, head = '', body = '', tail = ''] = /^(.0[xX])([0-9a-fA-F.]*)(.*)$/.exec(text) ?? [];
  const pointed = body.includes('.') ? body : `${body}.`;
  const wanted = kind === 'x' ? (precision === -1 ? 6 : precision) : 0;
  const digits = 1 + body.replace('.', '').length;
  return head + pointed + '0'.repeat(Math.max(wanted - digits, 0)) + tail;
}
