/**
 * The functions of CEL that the sandbox knows, by name. Each gets its evaluated target (if it was called as a method)
 * followed by its arguments. A rule that uses any other function is refused when its CRD is loaded.
 */
import { RE2JS } from 're2js';
import type { Json } from '../json.ts';
import { isArray, isObject } from '../json.ts';

/** Evaluation failed; the API server reports the text and the rule. */
export class CelError extends Error {
  override readonly name = 'CelError';
}

export type CelFunction = (...values: readonly Json[]) => Json;

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new CelError('no such overload');
  return value;
}

function size(value: Json | undefined): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw new CelError('no such overload');
}

function toInt(value: Json | undefined): number {
  const number = Number(value);
  if (Number.isNaN(number)) throw new CelError(`cannot convert ${JSON.stringify(value)} to int`);
  return Math.trunc(number);
}

export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ['size', (value) => size(value)],
  ['string', (value) => (typeof value === 'string' ? value : JSON.stringify(value))],
  ['int', (value) => toInt(value)],
  ['double', (value) => Number(value)],
  ['startsWith', (value, prefix) => text(value).startsWith(text(prefix))],
  ['endsWith', (value, suffix) => text(value).endsWith(text(suffix))],
  ['contains', (value, part) => text(value).includes(text(part))],
  ['matches', (value, pattern) => RE2JS.compile(text(pattern)).matcher(text(value)).find()],
  ['lowerAscii', (value) => text(value).toLowerCase()],
  ['upperAscii', (value) => text(value).toUpperCase()],
  ['trim', (value) => text(value).trim()],
  ['split', (value, separator) => text(value).split(text(separator))],
  [
    'join',
    (value, separator) => (isArray(value) ? value.map(text).join(separator === undefined ? '' : text(separator)) : ''),
  ],
  ['replace', (value, from, to) => text(value).replaceAll(text(from), text(to))],
  ['indexOf', (value, part) => text(value).indexOf(text(part))],
]);

/** Macros: their arguments are not evaluated before the call. */
export const MACROS: ReadonlySet<string> = new Set(['has', 'all', 'exists', 'exists_one', 'filter', 'map']);
