/**
 * Writes trees as YAML in the layout of Go's library: two spaces, lists not indented under their key, natural order
 * of keys, quotes only where needed, long lines folded at 80 columns. Works on text, not on bytes.
 */
import { analyse, type Analysis } from './analysis.ts';
import { compareNaturally } from './key-order.ts';
import { readsAsText } from './scalars.ts';

/** What can be written; numbers come as the text to write. */
export type Emittable = string | NumberText | boolean | null | readonly Emittable[] | ReadonlyMap<string, Emittable>;

/** A number that is written as it is given. */
export interface NumberText {
  readonly number: string;
}

const WIDTH = 80;
const STEP = 2;
/** Keys longer than this are written in the long form with a question mark. */
const LONGEST_SIMPLE_KEY = 128;

/** YAML text of a value, with a final line end. */
export function emitYaml(value: Emittable): string {
  const emitter = new Emitter();
  emitter.root(value);
  return emitter.text();
}

type Style = 'plain' | 'single' | 'double' | 'literal';

class Emitter {
  private out = '';
  private column = 0;
  private indent = -1;
  /** The last thing written was white space, or an indicator that needs none after it. */
  private whitespace = true;
  /** Nothing but indentation (and indicators that count as such) stands on this line. */
  private indention = true;
  private key = false;

  root(value: Emittable): void {
    this.node(value, false);
    this.writeIndent();
  }

  text(): string {
    return this.out;
  }

  private node(value: Emittable, inMapping: boolean): void {
    if (typeof value === 'string') this.string(value);
    else if (value === null || typeof value === 'boolean') this.plain(String(value));
    else if ('number' in value) this.plain(value.number);
    else if (isList(value)) this.list(value, inMapping);
    else this.map(value);
  }

  private list(items: readonly Emittable[], inMapping: boolean): void {
    if (items.length === 0) {
      this.indicator('[', true, true, false);
      this.indicator(']', false, false, false);
      return;
    }
    const before = this.indent;
    this.deeper(false, inMapping && !this.indention);
    for (const item of items) {
      this.writeIndent();
      this.indicator('-', true, false, true);
      this.node(item, false);
    }
    this.indent = before;
  }

  private map(entries: ReadonlyMap<string, Emittable>): void {
    if (entries.size === 0) {
      this.indicator('{', true, true, false);
      this.indicator('}', false, false, false);
      return;
    }
    const before = this.indent;
    this.deeper(false, false);
    const keys = [...entries.keys()].sort(compareNaturally);
    for (const key of keys) this.entry(key, entries.get(key) ?? null);
    this.indent = before;
  }

  private entry(key: string, value: Emittable): void {
    this.writeIndent();
    if (!analyse(key).multiline && Buffer.byteLength(key) <= LONGEST_SIMPLE_KEY) {
      this.key = true;
      this.string(key);
      this.key = false;
      this.indicator(':', false, false, false);
    } else {
      this.indicator('?', true, false, true);
      this.string(key);
      this.writeIndent();
      this.indicator(':', true, false, true);
    }
    this.node(value, true);
  }

  private deeper(flow: boolean, indentless: boolean): void {
    if (this.indent < 0) this.indent = flow ? STEP : 0;
    else if (!indentless) this.indent += STEP;
  }

  private string(value: string): void {
    const analysis = analyse(value);
    const style = this.styleOf(value, analysis);
    const before = this.indent;
    this.deeper(true, false);
    if (style === 'plain') this.foldable(value);
    else if (style === 'single') this.single(value);
    else if (style === 'double') this.double(value);
    else this.literal(value);
    this.indent = before;
  }

  private styleOf(value: string, analysis: Analysis): Style {
    if (value.includes('\n')) return analysis.literal && !this.key ? 'literal' : 'double';
    if (!readsAsText(value)) return 'double';
    if (analysis.plain && !(value === '' && this.key)) return 'plain';
    return analysis.single ? 'single' : 'double';
  }

  /** Numbers and words; too short to be folded. */
  private plain(text: string): void {
    if (!this.whitespace) this.put(' ');
    this.put(text);
    this.whitespace = false;
    this.indention = false;
  }

  private foldable(value: string): void {
    if (!this.whitespace) this.put(' ');
    this.words(value, (from) => from !== undefined);
    this.whitespace = false;
    this.indention = false;
  }

  private single(value: string): void {
    this.indicator("'", true, false, false);
    this.words(
      value,
      (at, last) => at > 0 && at < last,
      (c) => (c === "'" ? "''" : c),
    );
    this.indicator("'", false, false, false);
    this.whitespace = false;
    this.indention = false;
  }

  /** Writes characters, and a line break instead of a space once the line is long enough. */
  private words(
    value: string,
    mayBreak: (at: number, last: number) => boolean,
    write = (c: string): string => c,
  ): void {
    const chars = Array.from(value);
    let afterSpace = false;
    let afterBreak = false;
    chars.forEach((c, i) => {
      if (c === ' ') {
        const single = !afterSpace && chars[i + 1] !== ' ';
        if (!this.key && single && this.column > WIDTH && mayBreak(i, chars.length - 1)) this.writeIndent();
        else this.put(c);
        afterSpace = true;
      } else if (isBreak(c)) {
        this.putBreak(c);
        afterBreak = true;
      } else {
        if (afterBreak) this.writeIndent();
        this.put(write(c), 1 + (write(c).length - c.length));
        this.indention = false;
        afterSpace = false;
        afterBreak = false;
      }
    });
  }

  private double(value: string): void {
    this.indicator('"', true, false, false);
    const chars = Array.from(value);
    let afterSpace = false;
    chars.forEach((c, i) => {
      if (c !== ' ') this.put(escapeChar(c));
      else if (!this.key && !afterSpace && this.column > WIDTH && i > 0 && i < chars.length - 1) {
        this.writeIndent();
        if (chars[i + 1] === ' ') this.put('\\');
      } else this.put(c);
      afterSpace = c === ' ';
    });
    this.indicator('"', false, false, false);
    this.whitespace = false;
    this.indention = false;
  }

  private literal(value: string): void {
    this.indicator('|', true, false, false);
    if (/^[ \n\r\x85\u2028\u2029]/.test(value)) this.indicator(String(STEP), false, false, false);
    const chomp = !isBreak(value.slice(-1)) ? '-' : value.length === 1 || isBreak(value.slice(-2, -1)) ? '+' : '';
    this.put(chomp);
    this.newLine();
    this.whitespace = true;
    this.indention = true;
    let afterBreak = true;
    for (const c of value) {
      if (isBreak(c)) this.putBreak(c);
      else {
        if (afterBreak) this.writeIndent();
        this.put(c);
        this.indention = false;
      }
      afterBreak = isBreak(c);
    }
  }

  private putBreak(c: string): void {
    if (c === '\n') this.newLine();
    else {
      this.out += c;
      this.column = 0;
    }
    this.indention = true;
  }

  private put(text: string, width = Array.from(text).length): void {
    this.out += text;
    this.column += width;
  }

  private newLine(): void {
    this.out += '\n';
    this.column = 0;
  }

  private indicator(text: string, needsSpace: boolean, isSpace: boolean, isIndention: boolean): void {
    if (needsSpace && !this.whitespace) this.put(' ');
    this.put(text);
    this.whitespace = isSpace;
    this.indention = this.indention && isIndention;
  }

  private writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.newLine();
    if (this.column < indent) this.put(' '.repeat(indent - this.column));
    this.whitespace = true;
    this.indention = true;
  }
}

function isList(value: readonly Emittable[] | ReadonlyMap<string, Emittable>): value is readonly Emittable[] {
  return Array.isArray(value);
}

const isBreak = (c: string): boolean => /[\n\r\x85\u2028\u2029]/.test(c);

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

function escapeChar(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const named = ESCAPES.get(code);
  if (named !== undefined) return `\\${named}`;
  const printable = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xfffd && code !== 0xfeff);
  if (printable) return c;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
