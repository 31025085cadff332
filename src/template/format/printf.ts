/** Reads a printf format and prints its operands: argument indexes, widths, precisions, and complaints in the text. */
import { decodeRune } from '../bytes.ts';
import { GoInt, typeOf, type Value } from '../values.ts';
import { NO_FLAGS, type Flags } from './flags.ts';
import type { Printer } from './printer.ts';

/** Widths and precisions beyond this are taken for mistakes. */
const LARGEST = 1_000_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Go's Sprintf. */
export function sprintf(printer: Printer, format: string, operands: readonly Value[], allow: (bytes: number) => void) {
  return new Formatter(printer, format, operands, allow).run();
}

class Formatter {
  private readonly printer: Printer;
  private readonly format: string;
  private readonly operands: readonly Value[];
  private readonly allow: (bytes: number) => void;
  private at = 0;
  private next = 0;
  private reordered = false;
  private goodIndex = true;
  private afterIndex = false;
  private out = '';

  constructor(printer: Printer, format: string, operands: readonly Value[], allow: (bytes: number) => void) {
    this.printer = printer;
    this.format = format;
    this.operands = operands;
    this.allow = allow;
  }

  run(): string {
    while (this.at < this.format.length) {
      const percent = this.format.indexOf('%', this.at);
      const end = percent < 0 ? this.format.length : percent;
      this.out += this.format.slice(this.at, end);
      this.at = end;
      if (percent >= 0) this.directive();
    }
    this.extra();
    return this.out;
  }

  private directive(): void {
    this.at++;
    this.goodIndex = true;
    this.afterIndex = false;
    const flags = this.flags();
    this.index();
    this.width(flags);
    this.precision(flags);
    if (!this.afterIndex) this.index();
    this.verb(flags);
  }

  private flags(): Mutable<Flags> {
    const flags: Mutable<Flags> = { ...NO_FLAGS };
    for (; ; this.at++) {
      const c = this.format[this.at];
      if (c === '#') flags.sharp = true;
      else if (c === '0') flags.zero = true;
      else if (c === '+') flags.plus = true;
      else if (c === '-') flags.minus = true;
      else if (c === ' ') flags.space = true;
      else return flags;
    }
  }

  /** `[n]`: the operand to use next. */
  private index(): void {
    this.afterIndex = false;
    if (this.format[this.at] !== '[') return;
    this.reordered = true;
    const close = this.format.indexOf(']', this.at + 1);
    if (close < 0) {
      this.goodIndex = false;
      this.at++;
      return;
    }
    const text = this.format.slice(this.at + 1, close);
    this.at = close + 1;
    this.choose(text);
  }

  private choose(text: string): void {
    const valid = /^\d+$/.test(text) && Number(text) <= LARGEST * 10;
    const index = Number(text) - 1;
    if (valid && index >= 0 && index < this.operands.length) {
      this.next = index;
      this.afterIndex = true;
      return;
    }
    this.goodIndex = false;
    this.afterIndex = valid;
  }

  private width(flags: Mutable<Flags>): void {
    if (this.format[this.at] === '*') {
      this.at++;
      flags.width = this.fromOperand('%!(BADWIDTH)');
      this.afterIndex = false;
      if (flags.width !== undefined && flags.width < 0) {
        flags.width = -flags.width;
        flags.minus = true;
        flags.zero = false;
      }
    } else {
      flags.width = this.number();
      if (this.afterIndex && flags.width !== undefined) this.goodIndex = false;
    }
    this.allow(flags.width ?? 0);
  }

  private precision(flags: Mutable<Flags>): void {
    if (this.format[this.at] !== '.' || this.at + 1 >= this.format.length) return;
    this.at++;
    if (this.afterIndex) this.goodIndex = false;
    this.index();
    if (this.format[this.at] === '*') {
      this.at++;
      const given = this.fromOperand('');
      flags.precision = given !== undefined && given >= 0 ? given : undefined;
      if (flags.precision === undefined) this.out += '%!(BADPREC)';
      this.afterIndex = false;
    } else {
      flags.precision = this.number() ?? 0;
    }
    this.allow(flags.precision ?? 0);
  }

  private number(): number | undefined {
    let n: number | undefined;
    for (; /[0-9]/.test(this.format[this.at] ?? ''); this.at++) {
      if (n !== undefined && n > LARGEST) {
        this.at = this.format.length;
        return undefined;
      }
      n = (n ?? 0) * 10 + Number(this.format[this.at]);
    }
    return n;
  }

  private fromOperand(complaint: string): number | undefined {
    const operand = this.operands[this.next];
    if (this.next < this.operands.length) this.next++;
    const n = operand instanceof GoInt ? Number(operand.value) : undefined;
    if (n !== undefined && Math.abs(n) <= LARGEST) return n;
    this.out += complaint;
    return undefined;
  }

  private verb(flags: Mutable<Flags>): void {
    if (this.at >= this.format.length) {
      this.out += '%!(NOVERB)';
      return;
    }
    const { size } = decodeRune(this.format, this.at);
    const verb = this.format.slice(this.at, this.at + size);
    this.at += size;
    if (verb === '%') this.out += '%';
    else if (!this.goodIndex) this.out += `%!${verb}(BADINDEX)`;
    else if (this.next >= this.operands.length) this.out += `%!${verb}(MISSING)`;
    else this.operand(verb, flags);
  }

  private operand(verb: string, flags: Mutable<Flags>): void {
    if (verb === 'v') {
      flags.goSyntax = flags.sharp;
      flags.sharp = false;
      flags.fieldNames = flags.plus;
      flags.plus = false;
    }
    this.out += this.printer.print(this.operands[this.next] ?? null, verb, flags);
    this.next++;
  }

  private extra(): void {
    if (this.reordered || this.next >= this.operands.length) return;
    const rest = this.operands.slice(this.next).map((operand) => {
      return operand === null ? '<nil>' : `${typeOf(operand)}=${this.printer.print(operand, 'v', NO_FLAGS)}`;
    });
    this.out += `%!(EXTRA ${rest.join(', ')})`;
  }
}
