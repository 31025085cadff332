/**
 * CEL text to a tree: the operators, selections, calls and macros that validation rules of CRDs use.
 */
import type { Token } from './tokens.ts';
import { CelSyntaxError, tokenize } from './tokens.ts';

export type Node =
  | { readonly type: 'literal'; readonly value: null | boolean | number | string }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'select'; readonly of: Node; readonly member: string }
  | { readonly type: 'index'; readonly of: Node; readonly at: Node }
  | { readonly type: 'call'; readonly name: string; readonly target: Node | undefined; readonly args: readonly Node[] }
  | { readonly type: 'unary'; readonly op: '!' | '-'; readonly of: Node }
  | { readonly type: 'binary'; readonly op: string; readonly left: Node; readonly right: Node }
  | { readonly type: 'choice'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [Node, Node])[] };

/** Weakest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

export function parseCel(source: string): Node {
  return new Parser(tokenize(source)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Node {
    const node = this.#expression();
    if (this.#at < this.#tokens.length) throw new CelSyntaxError('text after the end of the expression');
    return node;
  }

  #expression(): Node {
    const test = this.#binary(0);
    if (!this.#take('?')) return test;
    const yes = this.#expression();
    this.#expect(':');
    return { type: 'choice', test, yes, no: this.#expression() };
  }

  #binary(level: number): Node {
    const ops = LEVELS[level];
    if (ops === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let op = this.#peekOp(); op !== undefined && ops.includes(op); op = this.#peekOp()) {
      this.#at++;
      left = { type: 'binary', op, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #unary(): Node {
    if (this.#take('!')) return { type: 'unary', op: '!', of: this.#unary() };
    if (this.#take('-')) return { type: 'unary', op: '-', of: this.#unary() };
    return this.#postfix(this.#primary());
  }

  #postfix(node: Node): Node {
    if (this.#take('.')) return this.#postfix(this.#member(node));
    if (!this.#take('[')) return node;
    const at = this.#expression();
    this.#expect(']');
    return this.#postfix({ type: 'index', of: node, at });
  }

  #member(of: Node): Node {
    const member = this.#name();
    return this.#take('(')
      ? { type: 'call', name: member, target: of, args: this.#list(')') }
      : { type: 'select', of, member };
  }

  #primary(): Node {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new CelSyntaxError('unexpected end of the expression');
    if (token.type === 'number' || token.type === 'text') return { type: 'literal', value: token.value };
    if (token.type === 'name') return this.#named(token.text);
    if (token.text === '(') return this.#parenthesised();
    if (token.text === '[') return { type: 'list', items: this.#list(']') };
    if (token.text === '{') return { type: 'map', entries: this.#entries() };
    throw new CelSyntaxError(`unexpected ${token.text}`);
  }

  #named(name: string): Node {
    if (name === 'true' || name === 'false') return { type: 'literal', value: name === 'true' };
    if (name === 'null') return { type: 'literal', value: null };
    if (this.#take('(')) return { type: 'call', name, target: undefined, args: this.#list(')') };
    return { type: 'name', name };
  }

  #parenthesised(): Node {
    const node = this.#expression();
    this.#expect(')');
    return node;
  }

  #list(end: string): Node[] {
    const items: Node[] = [];
    while (!this.#take(end)) {
      items.push(this.#expression());
      if (!this.#take(',')) {
        this.#expect(end);
        break;
      }
    }
    return items;
  }

  #entries(): (readonly [Node, Node])[] {
    const entries: (readonly [Node, Node])[] = [];
    while (!this.#take('}')) {
      const key = this.#expression();
      this.#expect(':');
      entries.push([key, this.#expression()]);
      if (!this.#take(',')) {
        this.#expect('}');
        break;
      }
    }
    return entries;
  }

  #name(): string {
    const token = this.#tokens[this.#at++];
    if (token?.type !== 'name') throw new CelSyntaxError('a name was expected');
    return token.text;
  }

  #peekOp(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.type === 'op') return token.text;
    return token?.type === 'name' && token.text === 'in' ? 'in' : undefined;
  }

  #take(op: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.type !== 'op' || token.text !== op) return false;
    this.#at++;
    return true;
  }

  #expect(op: string): void {
    if (!this.#take(op)) throw new CelSyntaxError(`${op} was expected`);
  }
}
