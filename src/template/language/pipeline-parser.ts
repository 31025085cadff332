/** Reads what stands inside an action: pipelines, commands, operands. */
import { message, source, word, type Message } from '../errors.ts';
import { quote, unquote } from '../format/quote.ts';
import { parseCharacter, parseComplex, parseNumber } from './constants.ts';
import type { Lexer, Token, TokenType } from './lexer.ts';
import {
  printNode,
  type ChainNode,
  type CommandNode,
  type NumberNode,
  type Operand,
  type PipeNode,
  type Tree,
  type VariableNode,
} from './nodes.ts';
import { Tokens, type Origin } from './tokens.ts';

/** Nesting of parentheses and of blocks that is still taken for serious. */
const DEEPEST_NESTING = 500;

/** What the parsers of one text share. */
export interface Parsing {
  readonly lexer: Lexer;
  readonly origin: Origin;
  readonly trees: Map<string, Tree>;
  readonly isFunction: (name: string) => boolean;
  depth: number;
}

const OPERAND_STARTS: ReadonlySet<TokenType> = new Set([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

/** The part of a parser that reads actions; it knows which variables are visible. */
export class PipelineParser {
  protected readonly parsing: Parsing;
  protected readonly tokens: Tokens;
  protected variables: string[] = ['$'];

  constructor(parsing: Parsing) {
    this.parsing = parsing;
    this.tokens = new Tokens(parsing.lexer, parsing.origin);
  }

  protected enter(): void {
    this.parsing.depth++;
    if (this.parsing.depth > DEEPEST_NESTING) throw this.tokens.error(message`max expression depth exceeded`);
  }

  protected string(token: Token): string {
    const value = unquote(token.text);
    if (value === undefined) throw this.tokens.error(message`invalid syntax`);
    return value;
  }

  protected pipeline(context: string, end: TokenType): PipeNode {
    const at = this.tokens.peekNonSpace().at;
    const { declares, assigns } = this.declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.tokens.nextNonSpace();
      if (token.type === end) break;
      if (!OPERAND_STARTS.has(token.type)) throw this.tokens.unexpected(token, context);
      this.tokens.back(token);
      commands.push(this.command());
    }
    this.checkCommands(commands, context);
    return { kind: 'pipe', at, assigns, declares, commands };
  }

  private checkCommands(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) throw this.tokens.error(message`missing value for ${word(context)}`);
    commands.forEach((command, i) => {
      const first = command.args[0]?.kind ?? 'nil';
      if (i > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(first)) {
        throw this.tokens.error(message`non executable command in pipeline stage ${i + 1}`);
      }
    });
  }

  private declarations(context: string): { declares: VariableNode[]; assigns: boolean } {
    const declares: VariableNode[] = [];
    for (;;) {
      const variable = this.tokens.peekNonSpace();
      if (variable.type !== 'variable') return { declares, assigns: false };
      this.tokens.next();
      const after = this.tokens.peek();
      const next = this.tokens.peekNonSpace();
      const comma = next.type === 'char' && next.text === ',';
      if (!comma && next.type !== 'assign' && next.type !== 'declare') {
        this.tokens.back(...(after.type === 'space' ? [after, variable] : [variable]));
        return { declares, assigns: false };
      }
      this.tokens.nextNonSpace();
      declares.push(variableNode(variable.at, variable.text));
      this.variables.push(variable.text);
      if (!comma) return { declares, assigns: next.type === 'assign' };
      this.checkSecond(context, declares.length);
    }
  }

  private checkSecond(context: string, declared: number): void {
    if (context !== 'range' || declared >= 2) {
      throw this.tokens.error(message`too many declarations in ${word(context)}`);
    }
    if (!['variable', 'right', 'rightParen'].includes(this.tokens.peekNonSpace().type)) {
      throw this.tokens.error(message`range can only initialize variables`);
    }
  }

  private command(): CommandNode {
    const at = this.tokens.peekNonSpace().at;
    const args: Operand[] = [];
    for (;;) {
      this.tokens.peekNonSpace();
      const operand = this.operand();
      if (operand !== undefined) args.push(operand);
      const token = this.tokens.next();
      if (token.type === 'space') continue;
      if (token.type === 'right' || token.type === 'rightParen') this.tokens.back(token);
      else if (token.type !== 'pipe') throw this.tokens.unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) throw this.tokens.error(message`empty command`);
    return { kind: 'command', at, args };
  }

  private operand(): Operand | undefined {
    const node = this.term();
    if (node === undefined || this.tokens.peek().type !== 'field') return node;
    const at = this.tokens.peek().at;
    const names: string[] = [];
    while (this.tokens.peek().type === 'field') names.push(this.tokens.next().text.slice(1));
    switch (node.kind) {
      case 'field':
      case 'variable':
        return { ...node, at, names: [...node.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        throw this.tokens.error(message`unexpected . after term ${source(quote(printNode(node)))}`);
      default:
        return { kind: 'chain', at, base: node, names } satisfies ChainNode;
    }
  }

  private term(): Operand | undefined {
    const token = this.tokens.nextNonSpace();
    const { at, text } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.parsing.isFunction(text))
          throw this.tokens.error(message`function ${source(quote(text))} not defined`);
        return { kind: 'identifier', at, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.type, at };
      case 'variable':
        return this.useVariable(at, text);
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' };
      case 'charConstant':
        return this.number(parseCharacter(text, at));
      case 'complex':
        return this.number(parseComplex(text, at));
      case 'number':
        return this.number(parseNumber(text, at));
      case 'leftParen':
        return this.parenthesised();
      case 'string':
      case 'rawString':
        return { kind: 'string', at, quoted: text, value: this.string(token) };
      default:
        this.tokens.back(token);
        return undefined;
    }
  }

  private parenthesised(): PipeNode {
    this.enter();
    const pipe = this.pipeline('parenthesized pipeline', 'rightParen');
    this.parsing.depth--;
    return pipe;
  }

  private number(parsed: NumberNode | Message): NumberNode {
    if ('kind' in parsed) return parsed;
    throw this.tokens.error(parsed);
  }

  private useVariable(at: number, text: string): VariableNode {
    const node = variableNode(at, text);
    if (this.variables.includes(node.names[0] ?? '')) return node;
    throw this.tokens.error(message`undefined variable ${source(quote(node.names[0] ?? ''))}`);
  }
}

const variableNode = (at: number, text: string): VariableNode => ({ kind: 'variable', at, names: text.split('.') });
