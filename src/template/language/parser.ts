/** Reads template text into parse trees, by the grammar and with the error messages of Go 1.26's text/template. */
import { message, source, word, type Message } from '../errors.ts';
import { quote, unquote } from '../format/quote.ts';
import { isSpace } from '../unicode.ts';
import { runes } from '../bytes.ts';
import { parseCharacter, parseComplex, parseNumber } from './constants.ts';
import type { Lexer, Token, TokenType } from './lexer.ts';
import {
  printNode,
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type ListNode,
  type Node,
  type NumberNode,
  type Operand,
  type PipeNode,
  type Statement,
  type TemplateNode,
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

/** `{{end}}` or `{{else}}`, which close a list of statements. */
interface Closing {
  readonly kind: 'end' | 'else';
  readonly at: number;
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

/** Parses a whole text; its templates end up in `parsing.trees`. */
export function parseText(parsing: Parsing): void {
  new Parser(parsing).root();
}

class Parser {
  private readonly parsing: Parsing;
  private readonly tokens: Tokens;
  private variables: string[] = ['$'];
  private ranges = 0;

  constructor(parsing: Parsing) {
    this.parsing = parsing;
    this.tokens = new Tokens(parsing.lexer, parsing.origin);
  }

  root(): void {
    const list: ListNode = { kind: 'list', at: this.tokens.peek().at, nodes: [] };
    while (this.tokens.peek().type !== 'eof') {
      if (this.definition()) continue;
      const node = this.statement();
      if (isClosing(node)) throw this.tokens.error(message`unexpected ${word(`{{${node.kind}}}`)}`);
      list.nodes.push(node);
    }
    this.add(this.parsing.origin.name, list);
  }

  private definition(): boolean {
    if (this.tokens.peek().type !== 'left') return false;
    const left = this.tokens.next();
    const keyword = this.tokens.nextNonSpace();
    if (keyword.type !== 'define') {
      this.tokens.back(keyword, left);
      return false;
    }
    new Parser(this.parsing).define();
    return true;
  }

  private define(): void {
    const context = 'define clause';
    const name = this.string(this.tokens.expect(['string', 'rawString'], context));
    this.tokens.expect(['right'], context);
    this.body(name, context);
  }

  /** The statements of a named template, up to its end. */
  private body(name: string, context: string, reporter: Tokens = this.tokens): void {
    const { list, closing } = this.statements();
    if (closing.kind !== 'end') throw reporter.error(message`unexpected {{else}} in ${word(context)}`);
    this.add(name, list);
  }

  /** A blank body never replaces another; two that are not blank are an error. */
  private add(name: string, root: ListNode): void {
    const known = this.parsing.trees.get(name);
    if (known === undefined || isBlank(known.root)) this.parsing.trees.set(name, { name, root });
    else if (!isBlank(root)) {
      throw this.tokens.error(message`template: multiple definition of template ${source(quote(name))}`);
    }
  }

  private statements(): { list: ListNode; closing: Closing } {
    const list: ListNode = { kind: 'list', at: this.tokens.peekNonSpace().at, nodes: [] };
    while (this.tokens.peekNonSpace().type !== 'eof') {
      const node = this.statement();
      if (isClosing(node)) return { list, closing: node };
      list.nodes.push(node);
    }
    throw this.tokens.error(message`unexpected EOF`);
  }

  private statement(): Statement | Closing {
    const token = this.tokens.nextNonSpace();
    if (token.type === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.type !== 'left') throw this.tokens.unexpected(token, 'input');
    this.tokens.actionLine = token.line;
    const node = this.action();
    this.tokens.actionLine = 0;
    return node;
  }

  private action(): Statement | Closing {
    const token = this.tokens.nextNonSpace();
    switch (token.type) {
      case 'block':
        return this.block();
      case 'break':
      case 'continue':
        return this.jump(token, token.type);
      case 'else':
        return this.otherwise();
      case 'end':
        return { kind: 'end', at: this.tokens.expect(['right'], 'end').at };
      case 'if':
      case 'range':
      case 'with':
        return this.branch(token.type);
      case 'template':
        return this.template();
      default:
        this.tokens.back(token);
        return { kind: 'action', at: this.tokens.peek().at, pipe: this.pipeline('command', 'right') };
    }
  }

  private jump(token: Token, kind: 'break' | 'continue'): Statement {
    const next = this.tokens.nextNonSpace();
    if (next.type !== 'right') throw this.tokens.unexpected(next, `{{${kind}}}`);
    if (this.ranges === 0) throw this.tokens.error(message`{{${word(kind)}}} outside {{range}}`);
    return { kind, at: token.at };
  }

  /** `else if` and `else with` leave the second word for the branch to read. */
  private otherwise(): Closing {
    const next = this.tokens.peekNonSpace();
    if (next.type === 'if' || next.type === 'with') return { kind: 'else', at: next.at };
    return { kind: 'else', at: this.tokens.expect(['right'], 'else').at };
  }

  private branch(kind: BranchNode['kind']): BranchNode {
    this.enter();
    const visible = this.variables.length;
    const pipe = this.pipeline(kind, 'right');
    if (kind === 'range') this.ranges++;
    const { list, closing } = this.statements();
    if (kind === 'range') this.ranges--;
    const otherwise = closing.kind === 'else' ? this.elseList(kind, closing) : undefined;
    this.variables.length = visible;
    this.parsing.depth--;
    return { kind, at: pipe.at, pipe, list, otherwise };
  }

  private elseList(kind: BranchNode['kind'], closing: Closing): ListNode {
    if (kind !== 'range' && this.tokens.peek().type === kind) {
      this.tokens.next();
      return { kind: 'list', at: closing.at, nodes: [this.branch(kind)] };
    }
    const rest = this.statements();
    if (rest.closing.kind !== 'end') throw this.tokens.error(message`expected end; found {{else}}`);
    return rest.list;
  }

  private enter(): void {
    this.parsing.depth++;
    if (this.parsing.depth > DEEPEST_NESTING) throw this.tokens.error(message`max expression depth exceeded`);
  }

  private block(): TemplateNode {
    const context = 'block clause';
    const { token, name } = this.templateName(context);
    const pipe = this.pipeline(context, 'right');
    new Parser(this.parsing).body(name, context, this.tokens);
    return { kind: 'template', at: token.at, name, pipe };
  }

  private template(): TemplateNode {
    const context = 'template clause';
    const { token, name } = this.templateName(context);
    const next = this.tokens.nextNonSpace();
    if (next.type === 'right') return { kind: 'template', at: token.at, name, pipe: undefined };
    this.tokens.back(next);
    return { kind: 'template', at: token.at, name, pipe: this.pipeline(context, 'right') };
  }

  private templateName(context: string): { token: Token; name: string } {
    const token = this.tokens.expect(['string', 'rawString'], context);
    return { token, name: this.string(token) };
  }

  private string(token: Token): string {
    const value = unquote(token.text);
    if (value === undefined) throw this.tokens.error(message`invalid syntax`);
    return value;
  }

  private pipeline(context: string, end: TokenType): PipeNode {
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

function isClosing(node: Statement | Closing): node is Closing {
  return node.kind === 'end' || node.kind === 'else';
}

/** Whether a template is only white space. */
function isBlank(node: Node): boolean {
  if (node.kind === 'list') return node.nodes.every(isBlank);
  return node.kind === 'text' && [...runes(node.text)].every(({ rune }) => isSpace(rune));
}
