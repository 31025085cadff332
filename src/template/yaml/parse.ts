/**
 * YAML documents as plain trees, with the scalars, merges and duplicate keys of Go's YAML 1.1 parser. The syntax is
 * read by the `yaml` package in its schema-less mode; what scalars mean is decided here. Errors tell a line, never
 * text of the document.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Parser, type Document, type Node } from 'yaml';
import type { Budget } from '../budget.ts';
import { decodeText, isValidUtf8 } from '../bytes.ts';
import { failure, type Failure } from '../errors.ts';
import { formatFloat } from '../format/float.ts';
import { resolvePlain, resolveTagged, type Scalar } from './scalars.ts';

/** A node: scalar, list, or map with text keys. Texts are byte strings. */
export type Tree = Scalar | Tree[] | Map<string, Tree>;

/** Levels of nesting; more is a mistake or an attack. */
const DEEPEST = 1000;

/** The first document of a text; null when it is empty. @throws Failure */
export function parseYaml(bytes: string, budget: Budget): Tree {
  budget.spend(bytes.length * 2);
  if (!isValidUtf8(bytes)) throw failure`yaml: invalid UTF-8`;
  const text = decodeText(bytes);
  // oxlint-disable-next-line no-control-regex -- what YAML forbids are control characters
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/.test(text)) {
    throw failure`yaml: control characters are not allowed`;
  }
  if (STRAY_END.test(text)) throw syntaxError(text, 0);
  const document = firstDocument(text);
  const error = document?.errors[0];
  if (document === undefined || error === undefined) return contentsOf(document, budget);
  const cut = firstDocument(beforeDedent(text, document, error.pos[0]));
  if (cut === undefined || cut.errors.length > 0) throw syntaxError(text, error.pos[0]);
  return contentsOf(cut, budget);
}

/** An end-of-document marker before any document. */
const STRAY_END = /^(?:[ \t]*(?:#[^\n]*)?\n)*\.\.\.(?:\s|$)/;

function contentsOf(document: Document.Parsed | undefined, budget: Budget): Tree {
  return document === undefined ? null : new Reader(document, budget).read(document.contents, 0);
}

/**
 * A document whose first line is indented ends, for Go's parser, at the first line that is indented less; what follows
 * is not looked at.
 */
function beforeDedent(text: string, document: Document.Parsed, errorAt: number): string {
  const start = document.contents?.range[0] ?? 0;
  const indent = start - (text.lastIndexOf('\n', start - 1) + 1);
  const lineStart = text.lastIndexOf('\n', errorAt - 1) + 1;
  const [spaces = ''] = /^ */.exec(text.slice(lineStart, lineStart + indent + 1)) ?? [];
  return lineStart > start && spaces.length < indent ? text.slice(0, lineStart) : text;
}

function syntaxError(text: string, at: number): Failure {
  return failure`yaml: line ${text.slice(0, at).split('\n').length}: invalid syntax`;
}

function firstDocument(text: string): Document.Parsed | undefined {
  const composer = new Composer({ schema: 'failsafe', version: '1.1', uniqueKeys: false, logLevel: 'error' });
  for (const document of composer.compose(new Parser().parse(text), true, text.length)) {
    return document;
  }
  return undefined;
}

class Reader {
  private readonly document: Document.Parsed;
  private readonly budget: Budget;

  constructor(document: Document.Parsed, budget: Budget) {
    this.document = document;
    this.budget = budget;
  }

  read(node: unknown, depth: number): Tree {
    this.budget.spend(5);
    if (depth > DEEPEST) throw failure`yaml: exceeded max depth`;
    if (isAlias(node)) return this.read(this.target(node), depth + 1);
    if (isMap(node)) return this.map(node.items, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    return isScalar(node) ? scalar(node) : null;
  }

  private target(node: Node): Node {
    const found = isAlias(node) ? node.resolve(this.document) : undefined;
    if (found === undefined) throw failure`yaml: unknown anchor referenced`;
    return found;
  }

  private map(items: readonly { key: unknown; value: unknown }[], depth: number): Map<string, Tree> {
    const out = new Map<string, Tree>();
    for (const { key, value } of items) {
      if (isMergeKey(key)) this.merge(out, value, depth);
      else out.set(this.key(key, depth), this.read(value, depth + 1));
    }
    return out;
  }

  private key(node: unknown, depth: number): string {
    const key = this.read(node, depth + 1);
    if (key === null) throw failure`unsupported map key of type: null`;
    if (Array.isArray(key) || key instanceof Map) throw failure`yaml: invalid map key`;
    return keyText(key);
  }

  /** `<<`: the entries of a map, or of several of which earlier ones win. */
  private merge(into: Map<string, Tree>, node: unknown, depth: number): void {
    const from = this.read(node, depth + 1);
    const maps = Array.isArray(from) ? from.toReversed() : [from];
    for (const map of maps) {
      if (!(map instanceof Map)) throw failure`yaml: map merge requires map or sequence of maps as the value`;
      for (const [key, value] of map) into.set(key, value);
    }
  }
}

function isMergeKey(node: unknown): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.value === '<<' && node.tag === undefined;
}

function scalar(node: { value: unknown; type?: unknown; tag?: unknown }): Scalar {
  const text = typeof node.value === 'string' ? node.value : '';
  if (typeof node.tag === 'string') return resolveTagged(node.tag, text);
  return node.type === 'PLAIN' || node.value === null ? resolvePlain(text) : resolveTagged('!', text);
}

/** Text of a key that was read as something else. */
function keyText(key: Exclude<Scalar, null>): string {
  if (typeof key !== 'number') return String(key);
  if (Number.isNaN(key)) return '.nan';
  return Number.isFinite(key) ? shortFloat(key) : key > 0 ? '.inf' : '-.inf';
}

/** Text of a float where text is wanted: as many digits as a 32-bit float needs, like the original. */
export function shortFloat(value: number): string {
  const narrow = Math.fround(value);
  if (!Number.isFinite(narrow) || narrow === 0) return formatFloat(Number.isFinite(value) ? narrow : value, 'g', -1);
  for (let digits = 1; digits <= 9; digits++) {
    const text = narrow.toExponential(digits - 1);
    if (Math.fround(Number(text)) === narrow) return formatFloat(Number(text), 'g', -1);
  }
  return formatFloat(value, 'g', -1);
}
