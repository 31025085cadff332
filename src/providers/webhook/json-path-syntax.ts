/**
 * JSONPath as text made into steps. The dialect: rooted (`$.a`) or bare (`a.b`), names after dots or in brackets with
 * either quote, indexes (also from the end), slices, unions, `*`, `..` and filters with comparisons, `&&`, `||`, `!` and
 * `=~`. Nothing of it is ever run as code.
 */

import { JsonNumber } from '../json/index.ts';

export type Literal = string | boolean | null | JsonNumber;

export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from?: number; readonly to?: number; readonly step: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly test: Test };

export interface Step {
  /** `..`: the selectors apply to the value and everything below it. */
  readonly deep: boolean;
  readonly selectors: readonly Selector[];
}

export type JsonPath = readonly Step[];

export type Operand =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'path'; readonly from: 'item' | 'root'; readonly path: JsonPath };

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | '=~';

export type Test =
  | { readonly kind: 'and' | 'or'; readonly tests: readonly Test[] }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'holds'; readonly operand: Operand }
  | { readonly kind: 'compare'; readonly left: Operand; readonly by: Comparison; readonly right: Operand };

/** The path, or the document, cannot be used. The message quotes neither values nor the path. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

const LONGEST_PATH = 4096;
const DEEPEST_NESTING = 20;

/** @throws JsonPathError naming the position. */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > LONGEST_PATH) throw new JsonPathError('the JSONPath is too long');
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #nesting = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonPath {
    this.#space();
    // Without a root sign the text begins with a name (or a bracket), as if after `$.`.
    const first = this.#take('$') || this.#looksAt('.') || this.#looksAt('[') ? [] : [this.#dotted(false)];
    const path = [...first, ...this.#steps()];
    this.#space();
    if (this.#at < this.#text.length) this.#fail();
    return path;
  }

  #steps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.#take('..')) steps.push(this.#looksAt('[') ? this.#bracketed(true) : this.#dotted(true));
      else if (this.#take('.')) steps.push(this.#looksAt('[') ? this.#bracketed(false) : this.#dotted(false));
      else if (this.#looksAt('[')) steps.push(this.#bracketed(false));
      else return steps;
    }
  }

  #dotted(deep: boolean): Step {
    if (this.#take('*')) return { deep, selectors: [{ kind: 'all' }] };
    const [name] = this.#match(/[\p{L}\p{N}_-]+/uy) ?? this.#fail();
    return { deep, selectors: [{ kind: 'name', name }] };
  }

  #bracketed(deep: boolean): Step {
    this.#expect('[');
    const selectors = [this.#selector()];
    while (this.#takeSpaced(',')) selectors.push(this.#selector());
    this.#expect(']');
    return { deep, selectors };
  }

  #selector(): Selector {
    this.#space();
    if (this.#take('*')) return { kind: 'all' };
    if (this.#take('?')) return { kind: 'filter', test: this.#or() };
    const name = this.#string();
    return name === undefined ? this.#indexOrSlice() : { kind: 'name', name };
  }

  #indexOrSlice(): Selector {
    const from = this.#integer();
    if (!this.#takeSpaced(':')) return { kind: 'index', index: from ?? this.#fail() };
    const to = this.#integer();
    const step = this.#takeSpaced(':') ? (this.#integer() ?? 1) : 1;
    if (step <= 0) this.#fail();
    return { kind: 'slice', step, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#takeSpaced('||')) tests.push(this.#and());
    return tests.length === 1 ? tests[0]! : { kind: 'or', tests };
  }

  #and(): Test {
    const tests = [this.#unary()];
    while (this.#takeSpaced('&&')) tests.push(this.#unary());
    return tests.length === 1 ? tests[0]! : { kind: 'and', tests };
  }

  #unary(): Test {
    this.#space();
    if (++this.#nesting > DEEPEST_NESTING) throw new JsonPathError('the JSONPath is nested too deeply');
    try {
      if (!this.#looksAt('!=') && this.#take('!')) return { kind: 'not', test: this.#unary() };
      if (!this.#take('(')) return this.#comparison();
      const test = this.#or();
      this.#expect(')');
      return test;
    } finally {
      this.#nesting--;
    }
  }

  #comparison(): Test {
    const left = this.#operand();
    this.#space();
    const by = this.#match(/==|!=|<=|>=|=~|<|>/y)?.[0] as Comparison | undefined;
    return by === undefined ? { kind: 'holds', operand: left } : { kind: 'compare', left, by, right: this.#operand() };
  }

  #operand(): Operand {
    this.#space();
    if (this.#take('@')) return { kind: 'path', from: 'item', path: this.#steps() };
    if (this.#take('$')) return { kind: 'path', from: 'root', path: this.#steps() };
    const text = this.#string();
    if (text !== undefined) return { kind: 'literal', value: text };
    const word = this.#match(/true\b|false\b|null\b/y)?.[0];
    if (word !== undefined) return { kind: 'literal', value: word === 'null' ? null : word === 'true' };
    const [number] = this.#match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y) ?? this.#fail();
    return { kind: 'literal', value: new JsonNumber(number) };
  }

  #string(): string | undefined {
    const found = this.#match(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y);
    if (found === undefined) return undefined;
    return this.#unescape(found[1] ?? found[2] ?? '');
  }

  #unescape(inner: string): string {
    const short: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
    return inner.replaceAll(
      /\\(?:u([0-9a-fA-F]{4})|(.))/g,
      (_all, unit: string | undefined, char: string | undefined) =>
        unit === undefined ? (short[char ?? ''] ?? char ?? '') : String.fromCharCode(Number.parseInt(unit, 16)),
    );
  }

  #integer(): number | undefined {
    this.#space();
    const found = this.#match(/-?\d{1,9}(?!\d)/y);
    return found === undefined ? undefined : Number(found[0]);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }

  #looksAt(word: string): boolean {
    return this.#text.startsWith(word, this.#at);
  }

  #take(word: string): boolean {
    if (!this.#looksAt(word)) return false;
    this.#at += word.length;
    return true;
  }

  #takeSpaced(word: string): boolean {
    this.#space();
    return this.#take(word);
  }

  #expect(word: string): void {
    if (!this.#takeSpaced(word)) this.#fail();
  }

  #space(): void {
    this.#match(/\s*/y);
  }

  #fail(): never {
    const where = this.#at >= this.#text.length ? 'at its end' : `at character ${this.#at + 1}`;
    throw new JsonPathError(`the JSONPath cannot be understood ${where}`);
  }
}
