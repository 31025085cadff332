/**
 * YAML documents as plain trees, with the scalars, merges and duplicate keys of Go's YAML 1.1 parser. The syntax is
 * read by the `yaml` package in its schema-less mode; what scalars mean is decided here. Errors tell a line, never
 * text of the document.
 */
import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Parser,
  type Document,
  type Node,
} from 'yaml';
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
  const text = decodeText(bytes).replace(/^\ufeff/, '');
  // oxlint-disable-next-line no-control-regex -- what YAML forbids are control characters
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/.test(text)) {
    throw failure`yaml: control characters are not allowed`;
  }
  if (STRAY_END.test(text)) throw syntaxError(text, 0);
  const document = firstIndented(text, budget);
  const error = document?.errors[0];
  if (document === undefined || error === undefined) return contentsOf(document, budget, text);
  const { ignored, kept } = beforeIgnored(text, document, error.pos[0]);
  const cut = NO_TOKEN.test(ignored) ? undefined : firstDocument(kept);
  if (cut === undefined || cut.errors.length > 0) throw syntaxError(text, error.pos[0]);
  return contentsOf(cut, budget, kept);
}

/** An end-of-document marker before any document. */
const STRAY_END = /^(?:[ \t]*(?:#[^\n]*)?\n)*\.\.\.(?:\s|$)/;

function contentsOf(document: Document.Parsed | undefined, budget: Budget, text: string): Tree {
  if (document === undefined) return null;
  const { contents } = document;
  const last = LAST_LINE_OPEN.test(text) ? lastNode(contents) : undefined;
  const isAtEnd = isScalar(last) && text.slice(last.range?.[1] ?? 0).trim() === '';
  return new Reader(document, budget, isAtEnd ? last : undefined).read(contents, 0);
}

/** A text whose last line says something and does not end. */
const LAST_LINE_OPEN = /[^\s][ \t]*$/;

/** The node that stands last in the document. */
function lastNode(node: unknown): unknown {
  for (let at = node; ;) {
    const last: unknown = isMap(at) || isSeq(at) ? at.items.at(-1) : undefined;
    if (last === undefined) return at;
    at = isPair(last) ? (last.value ?? last.key) : last;
  }
}

/** Lines put right at most; each costs reading the document once more. */
const MOST_REPAIRS = 50;

/**
 * The first document. Go's parser does not care how far the later lines of a flow collection or of a quoted text are
 * indented (`a: {` and `}` below each other, as JSON often stands in YAML); where this one does, they are indented.
 */
function firstIndented(text: string, budget: Budget): Document.Parsed | undefined {
  let repaired = text;
  for (let i = 0; i < MOST_REPAIRS; i++) {
    const document = firstDocument(repaired);
    const line = document === undefined ? undefined : outdentedLine(repaired, document);
    if (line === undefined) return i === 0 || document?.errors.length === 0 ? document : firstDocument(text);
    budget.spend(repaired.length * 2);
    repaired = `${repaired.slice(0, line)}${' '.repeat(DEEPEST)}${repaired.slice(line)}`;
  }
  return firstDocument(text);
}

/** Where the line begins whose indentation is the document's first error. */
function outdentedLine(text: string, document: Document.Parsed): number | undefined {
  const [error] = document.errors;
  const isFlow = error?.code === 'BAD_INDENT' && error.message.startsWith('Flow ');
  const isQuoted = error?.code === 'MISSING_CHAR' && error.message.startsWith('Missing closing');
  if (error === undefined || (!isFlow && !isQuoted)) return undefined;
  const start = isFlow ? text.lastIndexOf('\n', error.pos[0] - 1) + 1 : text.indexOf('\n', error.pos[0]) + 1;
  const isMarker = /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(start, start + 4));
  return start === 0 || start >= text.length || isMarker ? undefined : start;
}

/** Text in which Go's parser finds no next token, so that it fails although it has the document already. */
const NO_TOKEN = /^(?:\s*(?:[@`%]|[&*](?:\s|$)|"[^"]*$|'[^']*$)|[ \t]*-\s)/;

/** Text that Go's parser reads, and what begins after it and is not looked at. */
interface Kept {
  readonly kept: string;
  readonly ignored: string;
}

function beforeIgnored(text: string, document: Document.Parsed, errorAt: number): Kept {
  const { contents } = document;
  const isClosed = isScalar(contents) ? /QUOTE/.test(contents.type ?? '') : isCollection(contents) && contents.flow;
  const end = contents?.range[1] ?? 0;
  if (isClosed && errorAt >= end) return { kept: text.slice(0, end), ignored: text.slice(end) };
  return { kept: beforeDedent(text, document, errorAt), ignored: '' };
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
  /** The scalar at the end of a text that does not end its line: as a block it has no final line end either. */
  private readonly open: unknown;

  constructor(document: Document.Parsed, budget: Budget, open: unknown) {
    this.document = document;
    this.budget = budget;
    this.open = open;
  }

  read(node: unknown, depth: number): Tree {
    this.budget.spend(5);
    if (depth > DEEPEST) throw failure`yaml: exceeded max depth`;
    if (isAlias(node)) return this.read(this.target(node), depth + 1);
    if (isMap(node)) return this.map(node.items, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    if (!isScalar(node)) return null;
    const value = scalar(node);
    const isOpenBlock = node === this.open && typeof node.type === 'string' && node.type.startsWith('BLOCK_');
    return isOpenBlock && typeof value === 'string' ? value.replace(/\n$/, '') : value;
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
    if (isAlias(node) && !(from instanceof Map))
      throw failure`yaml: map merge requires map or sequence of maps as the value`;
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
