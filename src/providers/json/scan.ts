/**
 * A forgiving walk over JSON text (binary strings): nothing is validated beyond what is needed to find where a value
 * ends. Property paths are looked up this way, so `{"a":1} trailing` and raw line breaks in strings are fine.
 */
import { formatPlain } from './number.ts';
import { unescapeBinary } from './strings.ts';

export type FoundKind = 'nothing' | 'null' | 'false' | 'true' | 'number' | 'string' | 'compound';

/** A value inside a document: its kind and its source, whitespace kept. */
export interface Found {
  readonly kind: FoundKind;
  readonly raw: string;
}

export const NOTHING: Found = { kind: 'nothing', raw: '' };

const STRING = /"(?:[^"\\]|\\[\s\S])*"/y;
const BARE = /[^,\]}\s:]+/y;
const SPACE = /\s*/y;
const BETWEEN = /[\s:]*/y;

export function foundOf(raw: string): Found {
  switch (raw[0]) {
    case undefined:
      return NOTHING;
    case '{':
    case '[':
      return { kind: 'compound', raw };
    case '"':
      return { kind: 'string', raw };
    case 't':
      return { kind: 'true', raw };
    case 'f':
      return { kind: 'false', raw };
    case 'n':
      return { kind: raw.startsWith('nu') ? 'null' : 'number', raw };
    default:
      return /^[-+0-9iIN]/.test(raw) ? { kind: 'number', raw } : NOTHING;
  }
}

/** What a user gets for a value: strings unescaped, integers as written, other numbers through float64, null empty. */
export function foundText(found: Found): string {
  switch (found.kind) {
    case 'nothing':
    case 'null':
      return '';
    case 'true':
    case 'false':
      return found.kind;
    case 'string':
      return unescapeBinary(found.raw.slice(1, -1));
    case 'number':
      return /^-?\d+$/.test(found.raw) ? found.raw : formatPlain(Number(found.raw));
    case 'compound':
      break;
  }
  return found.raw;
}

/** The one value `text` is, spaces around it ignored. A compound keeps everything up to the end of the text. */
export function wholeValue(text: string): Found {
  const start = skip(SPACE, text, 0);
  const first = text[start];
  if (first === '{' || first === '[') return foundOf(text.slice(start));
  return foundOf(text.slice(start, endOfScalar(text, start)));
}

/** The members of the object that begins at the start of `text`, as far as it can be read. */
export function* members(text: string): Generator<{ readonly rawName: string; readonly name: string; value: Found }> {
  let at = 1;
  for (;;) {
    const start = indexOfEither(text, at, '"', '}');
    if (start < 0 || text[start] === '}') return;
    const nameEnd = endOfString(text, start);
    if (nameEnd < 0) return;
    const valueStart = skip(BETWEEN, text, nameEnd);
    const valueEnd = endOfValue(text, valueStart);
    if (valueEnd < 0) return;
    const rawName = text.slice(start, nameEnd);
    yield { rawName, name: unescapeBinary(rawName.slice(1, -1)), value: foundOf(text.slice(valueStart, valueEnd)) };
    at = valueEnd;
  }
}

/** The items of the array that begins at the start of `text`; `closed` is the return value: was the end seen? */
export function* items(text: string): Generator<Found, boolean> {
  let at = 1;
  for (;;) {
    at = skip(SPACE, text, at);
    if (text[at] === ',') at = skip(SPACE, text, at + 1);
    if (at >= text.length) return false;
    if (text[at] === ']') return true;
    const end = endOfValue(text, at);
    if (end < 0) return false;
    yield foundOf(text.slice(at, end));
    at = end;
  }
}

/** Where the value that starts at `at` ends; -1 when the text is cut off before that is certain. */
export function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first === '{' || first === '[') return endOfCompound(text, at);
  BARE.lastIndex = at;
  return BARE.test(text) && BARE.lastIndex < text.length ? BARE.lastIndex : -1;
}

function endOfScalar(text: string, at: number): number {
  if (text[at] === '"') return Math.max(endOfString(text, at), at);
  BARE.lastIndex = at;
  return BARE.test(text) ? BARE.lastIndex : at;
}

function endOfString(text: string, at: number): number {
  STRING.lastIndex = at;
  return STRING.test(text) ? STRING.lastIndex : -1;
}

function endOfCompound(text: string, start: number): number {
  const interesting = /["{}[\]]/g;
  interesting.lastIndex = start;
  let depth = 0;
  for (let hit = interesting.exec(text); hit !== null; hit = interesting.exec(text)) {
    if (hit[0] === '"') {
      const end = endOfString(text, hit.index);
      if (end < 0) return -1;
      interesting.lastIndex = end;
    } else {
      depth += hit[0] === '{' || hit[0] === '[' ? 1 : -1;
      if (depth === 0) return interesting.lastIndex;
    }
  }
  return -1;
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

function indexOfEither(text: string, from: number, one: string, other: string): number {
  for (let at = from; at < text.length; at++) if (text[at] === one || text[at] === other) return at;
  return -1;
}
