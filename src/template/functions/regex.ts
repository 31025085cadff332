/**
 * Regular expressions: RE2 syntax and linear time by re2js, with Go's rules for empty matches, `$` templates and
 * splitting. Matching runs on bytes, so positions are Go's.
 */
import { RE2JS, RE2JSSyntaxException, type Matcher } from 're2js';
import type { Budget } from '../budget.ts';
import { decodeRune, decodeText, encodeText, isAscii, isValidUtf8, toBytes } from '../bytes.ts';
import { failure, value as hidden, word, type Message, message } from '../errors.ts';
import { canBackquote, quote } from '../format/quote.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { nilList, strings, type Value } from '../values.ts';
import { GroupNames } from './regex-names.ts';

/** Start and end of the match and of each group; -1 where a group took no part. */
type Match = readonly (readonly [number, number])[];

/** A pattern, compiled, with the names of its groups. */
class Regex {
  readonly names: GroupNames;
  private readonly compiled: RE2JS;
  private readonly cost: number;

  constructor(pattern: string) {
    const rest = fromInvalidByte(pattern);
    if (rest !== '') throw invalidUtf8(pattern.slice(0, -rest.length), rest);
    this.names = new GroupNames(decodeText(pattern));
    this.compiled = RE2JS.compile(this.names.pattern);
    this.cost = this.compiled.matcher('').programSize();
  }

  /** Finds matches in `text` from a position on, one at a time. */
  finder(text: string, budget: Budget): (from: number) => Match | undefined {
    const matcher = this.compiled.matcher(isAscii(text) ? text : toBytes(text));
    const groups = this.compiled.groupCount();
    budget.spend(text.length * (1 + this.cost / 16));
    return (from) => {
      budget.spend(this.cost + (text.length - from) / 8);
      return matcher.find(from) ? groupsOf(matcher, groups) : undefined;
    };
  }
}

function groupsOf(matcher: Matcher, count: number): Match {
  return Array.from({ length: count + 1 }, (_, i) => [matcher.start(i), matcher.end(i)] as const);
}

/** The first fault of a pattern: one before the byte that is no UTF-8, or that byte. */
function invalidUtf8(before: string, rest: string): RE2JSSyntaxException {
  try {
    RE2JS.compile(new GroupNames(decodeText(before)).pattern);
  } catch (error) {
    const isCutOff =
      error instanceof RE2JSSyntaxException &&
      /missing (?:closing|arg)|trailing|invalid named|unexpected/.test(error.getDescription());
    if (error instanceof RE2JSSyntaxException && !isCutOff) return error;
  }
  return new RE2JSSyntaxException('invalid UTF-8', decodeText(rest));
}

/** What begins at the first byte that is no UTF-8; empty when there is none. */
function fromInvalidByte(pattern: string): string {
  if (isValidUtf8(pattern)) return '';
  for (let at = 0; at < pattern.length;) {
    const { rune, size } = decodeRune(pattern, at);
    if (rune === 0xfffd && size === 1) return pattern.slice(at);
    at += size;
  }
  return '';
}

const CACHE_SIZE = 200;
const cache = new Map<string, Regex>();

/** The compiled pattern, from a cache of those used last. */
function compile(runtime: Runtime, pattern: string): Regex {
  const known = cache.get(pattern);
  if (known !== undefined) {
    cache.delete(pattern);
    cache.set(pattern, known);
    return known;
  }
  runtime.budget.spend(500 + pattern.length * 50);
  const fresh = new Regex(pattern);
  cache.set(pattern, fresh);
  const [oldest] = cache.keys();
  if (cache.size > CACHE_SIZE && oldest !== undefined) cache.delete(oldest);
  return fresh;
}

function syntaxMessage(error: RE2JSSyntaxException): Message {
  const part = encodeText(error.getPattern() ?? '');
  return message`error parsing regexp: ${word(error.getDescription())}: \`${hidden(part)}\``;
}

/** Compiles or fails; functions without "must" name the whole pattern, as a Go panic does. */
function compileOrFail(runtime: Runtime, pattern: string, must: boolean): Regex {
  try {
    return compile(runtime, pattern);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const reason = syntaxMessage(error);
    if (must) throw failure`${reason}`;
    const quoted = canBackquote(pattern) ? `\`${pattern}\`` : quote(pattern);
    throw failure`regexp: Compile(${hidden(quoted)}): ${reason}`;
  }
}

function matches(runtime: Runtime, must: boolean, pattern: string, text: string): boolean {
  try {
    return compile(runtime, pattern).finder(text, runtime.budget)(0) !== undefined;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    if (must) throw failure`${syntaxMessage(error)}`;
    return false;
  }
}

const whole = (match: Match): readonly [number, number] => match[0] ?? [0, 0];

function widthAt(text: string, at: number): number {
  return at < text.length ? decodeRune(text, at).size : 1;
}

/** All matches, at most `limit`; an empty one right after the one before does not count. */
function findAll(runtime: Runtime, regex: Regex, text: string, limit: number): (readonly [number, number])[] {
  const find = regex.finder(text, runtime.budget);
  const found: (readonly [number, number])[] = [];
  let previousEnd = -1;
  for (let at = 0; found.length < limit && at <= text.length;) {
    const match = find(at);
    if (match === undefined) break;
    const [start, end] = whole(match);
    const empty = end === at;
    if (!empty || start !== previousEnd) found.push([start, end]);
    at = empty ? at + widthAt(text, at) : end;
    previousEnd = end;
  }
  return found;
}

const unlimited = (limit: number): number => (limit < 0 ? Infinity : limit);

function findAllTexts(runtime: Runtime, must: boolean, pattern: string, text: string, limit: number): Value {
  const found = findAll(runtime, compileOrFail(runtime, pattern, must), text, unlimited(limit));
  return found.length === 0 ? nilList('[]string') : strings(found.map(([start, end]) => text.slice(start, end)));
}

function findFirst(runtime: Runtime, must: boolean, pattern: string, text: string): string {
  const match = compileOrFail(runtime, pattern, must).finder(text, runtime.budget)(0);
  return match === undefined ? '' : text.slice(...whole(match));
}

function replaceAll(runtime: Runtime, regex: Regex, text: string, replacement: (match: Match) => string): string {
  const find = regex.finder(text, runtime.budget);
  const out: string[] = [];
  let lastEnd = 0;
  for (let at = 0; at <= text.length;) {
    const match = find(at);
    if (match === undefined) break;
    const [start, end] = whole(match);
    out.push(text.slice(lastEnd, start));
    if (end > lastEnd || start === 0) out.push(allocated(runtime, replacement(match)));
    lastEnd = end;
    at = Math.max(end, at + widthAt(text, at));
  }
  return out.join('') + text.slice(lastEnd);
}

function allocated(runtime: Runtime, text: string): string {
  runtime.budget.allocate(text.length);
  return text;
}

const REFERENCE = /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;
/** The same where the template is no text and its characters are bytes. */
const REFERENCE_IN_BYTES = /\$(?:\$|(\w+)|\{(\w+)\})/g;

/** Fills `$1`, `${name}` and `$$` of a replacement template; the bytes of groups stay as they are. */
function expand(regex: Regex, template: string, text: string, match: Match): string {
  if (!template.includes('$')) return template;
  const isText = isValidUtf8(template);
  const readable = isText ? decodeText(template) : template;
  const bytesOf = isText ? encodeText : (raw: string): string => raw;
  let out = '';
  let end = 0;
  for (const found of readable.matchAll(isText ? REFERENCE : REFERENCE_IN_BYTES)) {
    const name = found[1] ?? found[2];
    out += bytesOf(readable.slice(end, found.index)) + (name === undefined ? '$' : groupText(regex, name, text, match));
    end = found.index + found[0].length;
  }
  return out + bytesOf(readable.slice(end));
}

function groupText(regex: Regex, name: string, text: string, match: Match): string {
  const group = regex.names.groupsOf(name).find((each) => (match[each]?.[0] ?? -1) >= 0);
  return group === undefined ? '' : text.slice(...(match[group] ?? [0, 0]));
}

function replaceExpanded(runtime: Runtime, must: boolean, pattern: string, text: string, template: string): string {
  const regex = compileOrFail(runtime, pattern, must);
  return replaceAll(runtime, regex, text, (match) => expand(regex, template, text, match));
}

function replaceLiteral(runtime: Runtime, must: boolean, pattern: string, text: string, literal: string): string {
  return replaceAll(runtime, compileOrFail(runtime, pattern, must), text, () => literal);
}

function split(runtime: Runtime, must: boolean, pattern: string, text: string, limit: number): Value {
  const regex = compileOrFail(runtime, pattern, must);
  if (limit === 0) return nilList('[]string');
  if (pattern !== '' && text === '') return strings(['']);
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const [start, stop] of findAll(runtime, regex, text, unlimited(limit))) {
    if (limit > 0 && parts.length === limit - 1) break;
    end = start;
    if (stop !== 0) parts.push(text.slice(begin, end));
    begin = stop;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return strings(parts);
}

/** A function and its "must" twin, which differ in what a bad pattern does. */
const both = [
  ['regexFind', 'regexFindAll', 'regexReplaceAll', 'regexReplaceAllLiteral', 'regexSplit', 'regexMatch', false],
  [
    'mustRegexFind',
    'mustRegexFindAll',
    'mustRegexReplaceAll',
    'mustRegexReplaceAllLiteral',
    'mustRegexSplit',
    'mustRegexMatch',
    true,
  ],
] as const;

export const regexFunctions = [
  ...both.flatMap(([find, all, replace, literal, splitter, match, must]) => [
    ...defineWith(find, 'string string', (runtime, re, s) => findFirst(runtime, must, re, s)),
    ...defineWith(all, 'string string int', (runtime, re, s, n) => findAllTexts(runtime, must, re, s, n)),
    ...defineWith(replace, 'string string string', (runtime, re, s, t) => replaceExpanded(runtime, must, re, s, t)),
    ...defineWith(literal, 'string string string', (runtime, re, s, t) => replaceLiteral(runtime, must, re, s, t)),
    ...defineWith(splitter, 'string string int', (runtime, re, s, n) => split(runtime, must, re, s, n)),
    ...defineWith(match, 'string string', (runtime, re, s) => matches(runtime, must, re, s)),
  ]),
  ...define('regexQuoteMeta', 'string', (s) => s.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
];
