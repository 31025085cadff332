/**
 * A strict JSON parser that loses nothing: number literals stay, and every top-level member's source bytes can be had.
 * Accepts what Go's `encoding/json` accepts, which is the standard's grammar and one document.
 */
import { unescapeText } from './strings.ts';
import { fromBinary, toBinary } from './text.ts';
import { JsonNumber, JsonSyntaxError, type JsonObject, type JsonValue } from './value.ts';

/** Deeper documents are refused, so that a hostile one cannot exhaust the stack. */
const DEEPEST = 1000;

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"((?:[ !#-[\]-\u00ff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y;
const STRING_PLAIN = /"([ !#-[\]-\u00ff]*)"/y;

/** @throws JsonSyntaxError, whose message holds no part of the document. */
export function parseJson(document: Uint8Array): JsonValue {
  const source = new Source(toBinary(document));
  const value = readValue(source, 0);
  source.end();
  return value;
}

/**
 * The members of a top-level object as raw source bytes (no surrounding whitespace), last duplicate wins; undefined
 * when the document is JSON but no object.
 * @throws JsonSyntaxError
 */
export function rawMembers(document: Uint8Array): ReadonlyMap<string, Uint8Array> | undefined {
  const source = new Source(toBinary(document));
  source.skipSpace();
  if (!source.looksAt('{')) {
    readValue(source, 0);
    source.end();
    return undefined;
  }
  const members = new Map<string, Uint8Array>();
  readMembers(source, (name) => {
    const start = source.at;
    readValue(source, 1);
    members.set(name, fromBinary(source.text.slice(start, source.at)));
  });
  source.end();
  return members;
}

class Source {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  skipSpace(): void {
    this.match(WHITESPACE);
  }

  looksAt(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  take(word: string): boolean {
    if (!this.looksAt(word)) return false;
    this.at += word.length;
    return true;
  }

  fail(): never {
    const what = this.at >= this.text.length ? 'unexpected end of JSON' : 'invalid JSON';
    throw new JsonSyntaxError(what, this.at);
  }

  end(): void {
    this.skipSpace();
    if (this.at < this.text.length) this.fail();
  }
}

function readValue(source: Source, depth: number): JsonValue {
  if (depth > DEEPEST) throw new JsonSyntaxError('JSON nested too deeply', source.at);
  source.skipSpace();
  if (source.looksAt('{')) return readObject(source, depth);
  if (source.looksAt('[')) return readArray(source, depth);
  if (source.looksAt('"')) return readString(source);
  if (source.take('true')) return true;
  if (source.take('false')) return false;
  if (source.take('null')) return null;
  const number = source.match(NUMBER);
  return number === null ? source.fail() : new JsonNumber(number[0]);
}

function readString(source: Source): string {
  const found = source.match(STRING_PLAIN) ?? source.match(STRING) ?? source.fail();
  return unescapeText(found[1]!);
}

function readObject(source: Source, depth: number): JsonObject {
  const members = new Map<string, JsonValue>();
  readMembers(source, (name) => members.set(name, readValue(source, depth + 1)));
  return members;
}

/** Walks an object; `onMember` is called where the value starts and must read it. */
function readMembers(source: Source, onMember: (name: string) => void): void {
  source.take('{');
  source.skipSpace();
  if (source.take('}')) return;
  for (;;) {
    source.skipSpace();
    const name = readString(source);
    source.skipSpace();
    if (!source.take(':')) source.fail();
    source.skipSpace();
    onMember(name);
    source.skipSpace();
    if (source.take('}')) return;
    if (!source.take(',')) source.fail();
  }
}

function readArray(source: Source, depth: number): readonly JsonValue[] {
  const items: JsonValue[] = [];
  source.take('[');
  source.skipSpace();
  if (source.take(']')) return items;
  for (;;) {
    items.push(readValue(source, depth + 1));
    source.skipSpace();
    if (source.take(']')) return items;
    if (!source.take(',')) source.fail();
  }
}
