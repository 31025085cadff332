/** A stream of tokens with look-back of three, and the errors a parser raises about them. */
import { message, source, TemplateError, word, type Disclosure, type Message, type Piece } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { truncateRunes, NO_FLAGS } from '../format/flags.ts';
import type { Lexer, Token, TokenType } from './lexer.ts';

const KEYWORD_TYPES: ReadonlySet<TokenType> = new Set([
  'dot',
  'nil',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

/** What names the text and what may be shown of it. */
export interface Origin {
  readonly name: string;
  readonly show: Disclosure;
}

export class Tokens {
  private readonly lexer: Lexer;
  private readonly origin: Origin;
  private readonly waiting: Token[] = [];
  /** Line of the token read last, which errors report. */
  private line = 0;
  /** Line where the action being parsed began; 0 outside. */
  actionLine = 0;

  constructor(lexer: Lexer, origin: Origin) {
    this.lexer = lexer;
    this.origin = origin;
  }

  next(): Token {
    const token = this.waiting.pop();
    if (token !== undefined) return token;
    const fresh = this.lexer.next();
    this.line = fresh.line;
    return fresh;
  }

  /** Puts tokens back; the last one given is read first. */
  back(...tokens: Token[]): void {
    this.waiting.push(...tokens);
  }

  peek(): Token {
    const token = this.next();
    this.back(token);
    return token;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.type === 'space') token = this.next();
    return token;
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.back(token);
    return token;
  }

  expect(types: readonly TokenType[], context: string): Token {
    const token = this.nextNonSpace();
    if (!types.includes(token.type)) throw this.unexpected(token, context);
    return token;
  }

  unexpected(token: Token, context: string): TemplateError {
    if (token.problem === undefined) return this.error(message`unexpected ${describe(token)} in ${word(context)}`);
    if (this.actionLine === 0 || this.actionLine === token.line) return this.error(token.problem);
    const started = `started at ${this.origin.name}:${this.actionLine}`;
    const endsInAction = token.problem.text({ source: false, reveal: false }).endsWith(' action');
    return this.error(message`${token.problem}${word(endsInAction ? ` ${started}` : ` in action ${started}`)}`);
  }

  error(detail: Message): TemplateError {
    const { name, show } = this.origin;
    const text = message`template: ${word(name)}:${this.line}: ${detail}`.text(show);
    return new TemplateError('parse', text, { name, line: this.line });
  }
}

function describe(token: Token): Piece {
  if (token.type === 'eof') return word('EOF');
  if (KEYWORD_TYPES.has(token.type)) return word(`<${token.text}>`);
  if (token.text.length <= 10) return source(quote(token.text));
  return source(`${quote(truncateRunes(token.text, { ...NO_FLAGS, precision: 10 }))}...`);
}
