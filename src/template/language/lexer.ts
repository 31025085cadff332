/**
 * Cuts template text into tokens. Outside actions there is only text; inside, spaces are tokens too because they
 * separate arguments. The first problem becomes an error token and ends the stream.
 */
import { decodeRune } from '../bytes.ts';
import { message, source, type Message } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { isPrint } from '../unicode.ts';
import { countLines, isSpace, isWordRune, trimLeft, trimRight, unicodeName } from './characters.ts';

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'number'
  | 'string'
  | 'rawString'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'dot'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'leftParen'
  | 'rightParen'
  | 'eof'
  | 'error'
  | Keyword;

export type Keyword =
  'nil' | 'block' | 'break' | 'continue' | 'define' | 'else' | 'end' | 'if' | 'range' | 'template' | 'with';

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map(
  (['nil', 'block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'] as const).map(
    (word) => [word, word],
  ),
);

export interface Token {
  readonly type: TokenType;
  /** Text in the source; of an error token, nothing. */
  readonly text: string;
  readonly at: number;
  readonly line: number;
  /** What went wrong, of an error token. */
  readonly problem?: Message;
}

export interface Delimiters {
  readonly left: string;
  readonly right: string;
}

export class Lexer {
  private readonly text: string;
  private readonly left: string;
  private readonly right: string;
  private at = 0;
  private start = 0;
  private line = 1;
  private parens = 0;
  private inside = false;
  private failed = false;

  constructor(text: string, delimiters: Delimiters) {
    this.text = text;
    this.left = delimiters.left;
    this.right = delimiters.right;
  }

  /** The next token; after the end or an error always `eof`. */
  next(): Token {
    if (this.failed) return { type: 'eof', text: '', at: this.text.length, line: this.line };
    this.start = this.at;
    return this.inside ? this.action() : this.outside();
  }

  private outside(): Token {
    const found = this.text.indexOf(this.left, this.at);
    if (found < 0) {
      this.at = this.text.length;
      return this.token(this.at > this.start ? 'text' : 'eof');
    }
    const trims = this.trimsLeft(found + this.left.length);
    const end = trims ? trimRight(this.text, this.start, found) : found;
    if (end > this.start) {
      this.at = end;
      const token = this.token('text');
      this.skipTo(found);
      return token;
    }
    this.skipTo(found);
    return this.leftDelimiter(trims ? 2 : 0);
  }

  /** A dash and a space right after the delimiter. */
  private trimsLeft(at: number): boolean {
    return this.text[at] === '-' && isSpace(this.text[at + 1] ?? '');
  }

  private leftDelimiter(marker: number): Token {
    this.start = this.at;
    this.at += this.left.length;
    if (this.text.startsWith('/*', this.at + marker)) {
      this.skipTo(this.at + marker);
      return this.comment();
    }
    const token = this.token('left');
    this.skipTo(this.at + marker);
    this.inside = true;
    this.parens = 0;
    return token;
  }

  private comment(): Token {
    this.start = this.at;
    const close = this.text.indexOf('*/', this.at + 2);
    if (close < 0) return this.error(message`unclosed comment`);
    const { found, trims } = this.rightDelimiterAt(close + 2);
    if (!found) return this.error(message`comment ends before closing delimiter`);
    const end = close + 2 + (trims ? 2 : 0) + this.right.length;
    this.skipTo(trims ? trimLeft(this.text, end) : end);
    this.start = this.at;
    return this.outside();
  }

  private rightDelimiterAt(at: number): { found: boolean; trims: boolean } {
    const marked = isSpace(this.text[at] ?? '') && this.text[at + 1] === '-';
    if (marked && this.text.startsWith(this.right, at + 2)) return { found: true, trims: true };
    return { found: this.text.startsWith(this.right, at), trims: false };
  }

  private rightDelimiter(trims: boolean): Token {
    if (trims) this.skipTo(this.at + 2);
    this.start = this.at;
    this.at += this.right.length;
    const token = this.token('right');
    if (trims) this.skipTo(trimLeft(this.text, this.at));
    this.inside = false;
    return token;
  }

  private action(): Token {
    const { found, trims } = this.rightDelimiterAt(this.at);
    if (found) {
      if (this.parens === 0) return this.rightDelimiter(trims);
      return this.error(message`unclosed left paren`);
    }
    const c = this.text[this.at];
    if (c === undefined) return this.error(message`unclosed action`);
    if (isSpace(c)) return this.space();
    return this.symbol(c) ?? this.word();
  }

  private symbol(c: string): Token | undefined {
    switch (c) {
      case '=':
        return this.take('assign');
      case '|':
        return this.take('pipe');
      case ':':
        this.at++;
        return this.text[this.at] === '=' ? this.take('declare') : this.error(message`expected :=`);
      case '"':
        return this.quoted('"', 'string', message`unterminated quoted string`);
      case "'":
        return this.quoted("'", 'charConstant', message`unterminated character constant`);
      case '`':
        return this.raw();
      case '(':
        this.parens++;
        return this.take('leftParen');
      case ')':
        this.parens--;
        return this.parens < 0 ? this.error(message`unexpected right paren`) : this.take('rightParen');
      default:
        return undefined;
    }
  }

  private word(): Token {
    const { rune, size } = decodeRune(this.text, this.at);
    const c = this.text[this.at] ?? '';
    if (c === '$') return this.fieldOrVariable('variable');
    const after = this.text[this.at + 1] ?? '';
    if (c === '.' && after !== '' && !/[0-9]/.test(after)) return this.fieldOrVariable('field');
    if (/[.+\-0-9]/.test(c)) return this.number();
    if (isWordRune(rune)) return this.identifier();
    this.at += size;
    if (rune < 0x80 && isPrint(rune)) return this.token('char');
    return this.error(message`unrecognized character in action: ${source(unicodeName(rune))}`);
  }

  private space(): Token {
    let count = 0;
    for (; isSpace(this.text[this.at] ?? ''); count++) {
      if (this.text[this.at] === '\n') this.line++;
      this.at++;
    }
    if (this.rightDelimiterAt(this.at - 1).trims) {
      this.at--;
      if (this.text[this.at] === '\n') this.line--;
      if (count === 1) return this.rightDelimiter(true);
    }
    return this.spaceToken();
  }

  /** The line of a space token is the one it began on. */
  private spaceToken(): Token {
    const text = this.text.slice(this.start, this.at);
    return { type: 'space', text, at: this.start, line: this.line - countLines(text) };
  }

  private words(): void {
    for (;;) {
      const { rune, size } = this.at < this.text.length ? decodeRune(this.text, this.at) : { rune: 0, size: 0 };
      if (size === 0 || !isWordRune(rune)) return;
      this.at += size;
    }
  }

  private identifier(): Token {
    this.words();
    if (!this.atTerminator()) return this.badCharacter();
    const word = this.text.slice(this.start, this.at);
    const keyword = KEYWORDS.get(word);
    if (keyword !== undefined) return this.token(keyword);
    return this.token(word === 'true' || word === 'false' ? 'bool' : 'identifier');
  }

  private fieldOrVariable(type: 'field' | 'variable'): Token {
    this.at++;
    if (this.atTerminator()) return this.token(type === 'field' ? 'dot' : 'variable');
    this.words();
    return this.atTerminator() ? this.token(type) : this.badCharacter();
  }

  private atTerminator(): boolean {
    const c = this.text[this.at] ?? '';
    return c === '' || isSpace(c) || '.,|:)('.includes(c) || this.text.startsWith(this.right, this.at);
  }

  private badCharacter(): Token {
    const { rune } = decodeRune(this.text, this.at);
    return this.error(message`bad character ${source(unicodeName(rune))}`);
  }

  private number(): Token {
    if (!this.scanNumber()) return this.badNumber();
    if (!/[+-]/.test(this.text[this.at] ?? '')) return this.token('number');
    if (!this.scanNumber() || this.text[this.at - 1] !== 'i') return this.badNumber();
    return this.token('complex');
  }

  private badNumber(): Token {
    return this.error(message`bad number syntax: ${source(quote(this.text.slice(this.start, this.at)))}`);
  }

  /** Takes what may be a number; whether it is one, the parser finds out. */
  private scanNumber(): boolean {
    this.accept(/[+-]/y);
    const prefix = this.accept(/0[xX]/y) ? 'x' : this.accept(/0[oO]/y) ? 'o' : this.accept(/0[bB]/y) ? 'b' : '';
    const digits = { x: /[0-9a-fA-F_]*/y, o: /[0-7_]*/y, b: /[01_]*/y, '': /[0-9_]*/y }[prefix];
    this.accept(digits);
    if (this.accept(/\./y)) this.accept(digits);
    if (prefix === '' && this.accept(/[eE]/y)) this.accept(/[+-]?[0-9_]*/y);
    if (prefix === 'x' && this.accept(/[pP]/y)) this.accept(/[+-]?[0-9_]*/y);
    this.accept(/i/y);
    if (this.at >= this.text.length) return true;
    const { rune, size } = decodeRune(this.text, this.at);
    if (!isWordRune(rune)) return true;
    this.at += size;
    return false;
  }

  private accept(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found !== '';
  }

  private quoted(delimiter: string, type: TokenType, problem: Message): Token {
    this.at++;
    for (;;) {
      const c = this.text[this.at++];
      if (c === delimiter) return this.token(type);
      const escaped = c === '\\' ? this.text[this.at++] : c;
      if (escaped === undefined || escaped === '\n') return this.error(problem);
    }
  }

  private raw(): Token {
    const close = this.text.indexOf('`', this.at + 1);
    if (close < 0) return this.error(message`unterminated raw quoted string`);
    this.at = close + 1;
    return this.token('rawString');
  }

  private take(type: TokenType): Token {
    this.at++;
    return this.token(type);
  }

  private token(type: TokenType): Token {
    const text = this.text.slice(this.start, this.at);
    const token = { type, text, at: this.start, line: this.line };
    this.line += countLines(text);
    this.start = this.at;
    return token;
  }

  private skipTo(at: number): void {
    this.line += countLines(this.text.slice(this.at, at));
    this.at = at;
  }

  private error(problem: Message): Token {
    this.failed = true;
    return { type: 'error', text: '', at: this.start, line: this.line, problem };
  }
}
