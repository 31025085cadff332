/**
 * Writing into a JSON text by a property path, the way sjson does (`providers.md` 3.6): one value is set or taken away, the
 * rest of the text stays as it was written, formatting, order and digits included. Values are always written as texts.
 */
import { parseJson } from './parse.ts';
import { endOfValue } from './scan.ts';
import { quoteText, unescapeBinary, unescapeText } from './strings.ts';
import { binaryOfText, decodeUtf8, fromBinary, toBinary } from './text.ts';
import { JsonSyntaxError } from './value.ts';

/** The path cannot be set in this document. The message names neither a value nor a part of the document. */
export class PropertyPathError extends Error {
  override readonly name = 'PropertyPathError';
}

interface PathStep {
  readonly name: string;
  /** Set: a place in an array (-1: behind its last item), where there is an array. */
  readonly index: number | undefined;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** An array is not padded beyond this. */
const LARGEST_INDEX = 9_999;
const DEEPEST = 100;

/**
 * `document` with `text` at `path`. An empty document becomes an object (or an array, when the path begins with a number);
 * a text or number on the way is replaced by an object. The very same bytes come back when the text is there already.
 * @throws PropertyPathError
 */
export function setProperty(document: Uint8Array, path: string, text: string): Uint8Array {
  const steps = parsePath(path);
  const source = toBinary(document);
  checkJson(document, source);
  const changed = put(source, steps, { plain: text.toWellFormed(), raw: binaryOfText(quoteText(text, true)) });
  return changed === source ? document : fromBinary(changed);
}

/**
 * `document` without what is at `path`; objects and arrays that become empty go too. Undefined when nothing is left, the very
 * same bytes when nothing was there.
 * @throws PropertyPathError for a path that cannot be one
 */
export function removeProperty(document: Uint8Array, path: string): Uint8Array | undefined {
  const steps = parsePath(path);
  const source = toBinary(document);
  if (!isJson(document)) return document;
  const changed = take(source, steps);
  if (changed === source) return document;
  return changed === undefined ? undefined : fromBinary(changed);
}

function parsePath(path: string): readonly PathStep[] {
  if (path === '') throw new PropertyPathError('the property is empty');
  const names: string[] = [''];
  for (let at = 0; at < path.length; at++) {
    const char = path[at]!;
    if ('|#@*?'.includes(char))
      throw new PropertyPathError(`the property has the character "${char}", which must be written "\\${char}"`);
    if (char === '.') names.push('');
    else names[names.length - 1] += char === '\\' && at + 1 < path.length ? char + path[++at]! : char;
  }
  if (names.length > DEEPEST) throw new PropertyPathError('the property has too many steps');
  return names.map(parseStep);
}

/** A leading colon says that a number is a name. */
function parseStep(source: string): PathStep {
  const isName = source.startsWith(':');
  const name = binaryOfText((isName ? source.slice(1) : source).replaceAll(/\\([\s\S])/g, '$1'));
  const index = !isName && /^(?:\d+|-1)$/.test(source) ? Number(source) : undefined;
  if (index !== undefined && index > LARGEST_INDEX) throw new PropertyPathError(`the index ${index} is too large`);
  return { name, index };
}

function checkJson(document: Uint8Array, source: string): void {
  if (source.trim() !== '' && !isJson(document)) throw new PropertyPathError('the value there is not JSON');
}

function isJson(document: Uint8Array): boolean {
  try {
    parseJson(document);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

interface Leaf {
  readonly plain: string;
  /** The same as JSON, in a binary string. */
  readonly raw: string;
}

/** Sets the rest of a path inside `json`, which is one value or nothing but blanks. */
function put(json: string, [step, ...rest]: readonly PathStep[], leaf: Leaf): string {
  if (step === undefined) return holds(json, leaf.plain) ? json : leaf.raw;
  const place = find(json, step);
  if (place !== undefined) {
    const inner = put(json.slice(place.start, place.end), rest, leaf);
    return json.slice(0, place.start) + inner + json.slice(place.end);
  }
  const body = json.trim();
  if (body[0] === '{') return appendMember(json, `${quoteBinaryName(step.name)}:${build(rest, leaf)}`);
  if (body[0] === '[') return putItem(json, step, rest, leaf);
  return build([step, ...rest], leaf);
}

function putItem(json: string, { index }: PathStep, rest: readonly PathStep[], leaf: Leaf): string {
  if (index === undefined) throw new PropertyPathError('the property leads into an array, where a number must stand');
  const places = [...itemsOf(json)];
  const last = places.at(-1);
  // Otherwise each push would add the same once more.
  if (index === -1 && last !== undefined) {
    const item = json.slice(last.start, last.end);
    if (put(item, rest, leaf) === item) return json;
  }
  const missing = index === -1 ? 0 : index - places.length;
  const added = [...Array.from({ length: missing }, () => 'null'), build(rest, leaf)].join(',');
  const end = json.lastIndexOf(']');
  return `${json.slice(0, end)}${places.length > 0 ? ',' : ''}${added}${json.slice(end)}`;
}

function appendMember(json: string, member: string): string {
  const end = json.lastIndexOf('}');
  const isEmpty = /^\s*\{\s*$/.test(json.slice(0, end));
  return `${json.slice(0, end)}${isEmpty ? '' : ','}${member}${json.slice(end)}`;
}

/** The rest of a path as a new value. */
function build([step, ...rest]: readonly PathStep[], leaf: Leaf): string {
  if (step === undefined) return leaf.raw;
  const inner = build(rest, leaf);
  if (step.index === undefined) return `{${quoteBinaryName(step.name)}:${inner}}`;
  return `[${'null,'.repeat(Math.max(step.index, 0))}${inner}]`;
}

function quoteBinaryName(name: string): string {
  return binaryOfText(quoteText(decodeUtf8(fromBinary(name)), true));
}

/** Is this value the text already, however it is escaped? */
function holds(json: string, plain: string): boolean {
  return json.startsWith('"') && unescapeText(json.slice(1, -1)) === plain;
}

/** `json` without what the rest of a path leads to; undefined when nothing is left of it. */
function take(json: string, [step, ...rest]: readonly PathStep[]): string | undefined {
  if (step === undefined) return undefined;
  const place = find(json, step);
  if (place === undefined) return json;
  const item = json.slice(place.start, place.end);
  const inner = take(item, rest);
  if (inner === item) return json;
  if (inner !== undefined) return json.slice(0, place.start) + inner + json.slice(place.end);
  return json.trim()[0] === '{' ? withoutMember(json, place) : withoutItem(json, place);
}

function withoutMember(json: string, place: Place): string | undefined {
  const members = [...membersOf(json)];
  if (members.length === 1) return undefined;
  const at = members.findIndex(({ start }) => start === place.start);
  return at === 0
    ? json.slice(0, members[0]!.nameStart) + json.slice(members[1]!.nameStart)
    : json.slice(0, members[at - 1]!.end) + json.slice(place.end);
}

/** The last item goes; one in the middle becomes null, so that the others keep their places. */
function withoutItem(json: string, place: Place): string | undefined {
  const items = [...itemsOf(json)];
  if (items.length === 1) return undefined;
  const at = items.findIndex(({ start }) => start === place.start);
  if (at < items.length - 1) return `${json.slice(0, place.start)}null${json.slice(place.end)}`;
  return json.slice(0, items[at - 1]!.end) + json.slice(place.end);
}

function find(json: string, { name, index }: PathStep): Place | undefined {
  const first = json.trimStart()[0];
  if (first === '{') return [...membersOf(json)].find((member) => member.name === name);
  if (first === '[' && index !== undefined && index >= 0) return [...itemsOf(json)][index];
  return undefined;
}

/** Of an object that was found to be valid JSON. */
function* membersOf(json: string): Generator<Place & { readonly name: string; readonly nameStart: number }> {
  let at = json.indexOf('{') + 1;
  for (;;) {
    const nameStart = skip(json, at);
    if (json[nameStart] !== '"') return;
    const nameEnd = endOfValue(json, nameStart);
    const start = skip(json, nameEnd);
    const end = endOfValue(json, start);
    yield { name: unescapeBinary(json.slice(nameStart + 1, nameEnd - 1)), nameStart, start, end };
    at = end;
  }
}

/** Of an array that was found to be valid JSON. */
function* itemsOf(json: string): Generator<Place> {
  let at = json.indexOf('[') + 1;
  for (;;) {
    const start = skip(json, at);
    if (json[start] === ']') return;
    at = endOfValue(json, start);
    yield { start, end: at };
  }
}

/** Past blanks, commas and colons. */
function skip(json: string, from: number): number {
  let at = from;
  while (' \t\r\n,:'.includes(json[at]!)) at++;
  return at;
}
