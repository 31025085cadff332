/** Reads template text into parse trees, by the grammar and with the error messages of Go 1.26's text/template. */
import { message, source, word } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { isSpace } from '../unicode.ts';
import { runes } from '../bytes.ts';
import type { Token } from './lexer.ts';
import type { BranchNode, ListNode, Node, Statement, TemplateNode } from './nodes.ts';
import { PipelineParser, type Parsing } from './pipeline-parser.ts';
import type { Tokens } from './tokens.ts';

export type { Parsing } from './pipeline-parser.ts';

/** `{{end}}` or `{{else}}`, which close a list of statements. */
interface Closing {
  readonly kind: 'end' | 'else';
  readonly at: number;
}

/** Parses a whole text; its templates end up in `parsing.trees`. */
export function parseText(parsing: Parsing): void {
  new Parser(parsing).root();
}

class Parser extends PipelineParser {
  private ranges = 0;

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
}

function isClosing(node: Statement | Closing): node is Closing {
  return node.kind === 'end' || node.kind === 'else';
}

/** Whether a template is only white space. */
function isBlank(node: Node): boolean {
  if (node.kind === 'list') return node.nodes.every(isBlank);
  return node.kind === 'text' && [...runes(node.text)].every(({ rune }) => isSpace(rune));
}
