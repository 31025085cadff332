/** Text functions. Positions and lengths count bytes. */
import { decodeRune, isAscii, runes } from '../bytes.ts';
import { failure, value as hidden, type Failure } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { isSpace } from '../unicode.ts';
import { stringMap, strings, type Value } from '../values.ts';
import { textOf, textsOf } from './text-of.ts';
import { wrap } from './wrap.ts';

function trimBy(text: string, drop: (rune: number) => boolean): string {
  let start = -1;
  let end = 0;
  for (const { rune, size, at } of runes(text)) {
    if (drop(rune)) continue;
    if (start < 0) start = at;
    end = at + size;
  }
  return start < 0 ? '' : text.slice(start, end);
}

/** Without Unicode white space at both ends. */
export function trimSpace(text: string): string {
  return isAscii(text) ? text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '') : trimBy(text, isSpace);
}

function trimCutset(cutset: string, text: string): string {
  const cut = new Set([...runes(cutset)].map(({ rune }) => rune));
  return trimBy(text, (rune) => cut.has(rune));
}

function bounds(range: string): Failure {
  return failure`runtime error: slice bounds out of range ${hidden(range)}`;
}

function substring(start: number, end: number, text: string): string {
  const { length } = text;
  if (start < 0) {
    if (end < 0) throw bounds(`[:${end}]`);
    if (end > length) throw bounds(`[:${end}] with length ${length}`);
    return text.slice(0, end);
  }
  const stop = end < 0 || end > length ? length : end;
  if (start > stop) throw bounds(`[${start}:${stop}]`);
  return text.slice(start, stop);
}

function truncate(count: number, text: string): string {
  if (count >= 0) return text.slice(0, count);
  return text.length + count > 0 ? text.slice(text.length + count) : text;
}

function abbreviate(offset: number, width: number, text: string): string {
  if (text.length <= width) return text;
  const kept = width - 3;
  const from = Math.min(offset, text.length, text.length - offset < kept ? text.length - kept : offset);
  if (from <= 4) return `${text.slice(0, kept)}...`;
  if (from + kept < text.length) return `...${abbreviateRest(text.slice(from), kept)}`;
  return `...${text.slice(text.length - kept)}`;
}

/** Inside an abbreviation from both sides, widths below four leave nothing. */
function abbreviateRest(text: string, width: number): string {
  return width < 4 ? '' : abbreviate(0, width, text);
}

function abbreviateBoth(left: number, width: number, text: string): string {
  return width < 4 || (left > 0 && width < 7) ? text : abbreviate(left, width, text);
}

function repeat(runtime: Runtime, count: number, text: string): string {
  if (count < 0) throw failure`strings: negative Repeat count`;
  runtime.budget.allocate(count * text.length);
  return text === '' ? '' : text.repeat(count);
}

function indent(runtime: Runtime, count: number, text: string): string {
  const lines = text.split('\n');
  const pad = repeat(runtime, count, ' ');
  runtime.budget.allocate(lines.length * count);
  return pad + lines.join(`\n${pad}`);
}

/** Pieces between separators, at most `limit`; an empty separator separates code points. */
export function splitText(text: string, separator: string, limit = Infinity): string[] {
  if (limit === 0) return [];
  const pieces: string[] = [];
  let at = 0;
  while (pieces.length < limit - 1) {
    const end = nextPiece(text, separator, at);
    if (end === undefined) break;
    pieces.push(text.slice(at, end));
    at = end + separator.length;
  }
  if (separator !== '' || at < text.length) pieces.push(text.slice(at));
  return pieces;
}

function nextPiece(text: string, separator: string, at: number): number | undefined {
  if (separator !== '') {
    const found = text.indexOf(separator, at);
    return found < 0 ? undefined : found;
  }
  const end = at + (at < text.length ? decodeRune(text, at).size : 0);
  return end >= text.length ? undefined : end;
}

function numbered(pieces: readonly string[]): Value {
  return stringMap(pieces.map((piece, i) => [`_${i}`, piece] as const));
}

const orAll = (limit: number): number => (limit < 0 ? Infinity : limit);

function replace(runtime: Runtime, old: string, replacement: string, text: string): string {
  runtime.budget.spend(text.length / 8);
  const pieces = old === '' ? ['', ...splitText(text, ''), ''] : text.split(old);
  runtime.budget.allocate(pieces.length * replacement.length);
  return pieces.join(replacement);
}

function quoteAll(runtime: Runtime, values: readonly Value[], write: (text: string) => string): string {
  return values
    .filter((value) => value !== null)
    .map((value) => write(textOf(runtime, value)))
    .join(' ');
}

function shuffle(runtime: Runtime, text: string): string {
  const all = splitText(text, '');
  for (let i = all.length - 1; i > 0; i--) {
    const j = randomBelow(runtime, i + 1);
    [all[i], all[j]] = [all[j] ?? '', all[i] ?? ''];
  }
  return all.join('');
}

/** A uniform random integer from 0 to below `limit` (at most 2^48). */
export function randomBelow(runtime: Runtime, limit: number): number {
  const span = 2 ** 48;
  const fair = span - (span % limit);
  for (;;) {
    const n = Buffer.from(runtime.randomBytes(6)).readUIntBE(0, 6);
    if (n < fair) return n % limit;
  }
}

export const textFunctions = [
  ...define('hello', '', () => 'Hello!'),
  ...define('trim', 'string', trimSpace),
  ...define('trimAll trimall', 'string string', trimCutset),
  ...define('trimSuffix', 'string string', (x, s) => (x !== '' && s.endsWith(x) ? s.slice(0, -x.length) : s)),
  ...define('trimPrefix', 'string string', (x, s) => (s.startsWith(x) ? s.slice(x.length) : s)),
  ...define('substr', 'int int string', substring),
  ...define('trunc', 'int string', truncate),
  ...define('abbrev', 'int string', (width, s) => (width < 4 ? s : abbreviate(0, width, s))),
  ...define('abbrevboth', 'int int string', abbreviateBoth),
  ...define('wrap', 'int string', (width, s) => wrap(s, width, '\n', false)),
  ...define('wrapWith', 'int string string', (width, separator, s) => wrap(s, width, separator || '\n', true)),
  ...defineWith('repeat', 'int string', repeat),
  ...defineWith('indent', 'int string', indent),
  ...defineWith('nindent', 'int string', (runtime, count, s) => `\n${indent(runtime, count, s)}`),
  ...defineWith('replace', 'string string string', replace),
  ...define('contains', 'string string', (x, s) => s.includes(x)),
  ...define('hasPrefix', 'string string', (x, s) => s.startsWith(x)),
  ...define('hasSuffix', 'string string', (x, s) => s.endsWith(x)),
  ...defineWith('quote', '...any', (runtime, ...values) => quoteAll(runtime, values, (text) => quote(text))),
  ...defineWith('squote', '...any', (runtime, ...values) => quoteAll(runtime, values, (text) => `'${text}'`)),
  ...defineWith('cat', '...any', (runtime, ...values) => quoteAll(runtime, values, (text) => text)),
  ...define('plural', 'string string int', (one, many, count) => (count === 1 ? one : many)),
  ...defineWith('join', 'string any', (runtime, separator, v) => textsOf(runtime, v).join(separator)),
  ...define('split', 'string string', (separator, s) => numbered(splitText(s, separator))),
  ...define('splitn', 'string int string', (separator, n, s) => numbered(splitText(s, separator, orAll(n)))),
  ...define('splitList', 'string string', (separator, s) => strings(splitText(s, separator))),
  ...defineWith('toString', 'any', (runtime, v) => textOf(runtime, v)),
  ...defineWith('toStrings', 'any', (runtime, v) => strings(textsOf(runtime, v))),
  ...defineWith('shuffle', 'string', shuffle),
];
