/** JSON as Go's encoding/json reads and writes it. */
import { decodeText, encodeText, runes } from '../bytes.ts';
import { failure, Failure, word } from '../errors.ts';
import { formatFloat } from '../format/float.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { dict, GoInt, GoMap, GoSlice, list, type GoObject, type Value } from '../values.ts';

/** Levels of nesting that Go's decoder accepts. */
const DEEPEST = 10_000;

/**
 * A JSON text as values; every number is a float64.
 * @throws Failure with no more than the fact, because the text may be a secret
 */
export function parseJson(text: string): Value {
  let parsed: unknown;
  try {
    parsed = JSON.parse(decodeText(text));
  } catch {
    throw failure`invalid JSON`;
  }
  return fromParsed(parsed, 0);
}

function fromParsed(parsed: unknown, depth: number): Value {
  if (depth > DEEPEST) throw failure`exceeded max depth`;
  if (typeof parsed === 'string') return encodeText(parsed);
  if (typeof parsed === 'number') {
    if (!Number.isFinite(parsed)) throw failure`json: cannot unmarshal number into Go value of type float64`;
    return parsed;
  }
  if (typeof parsed === 'boolean') return parsed;
  if (Array.isArray(parsed)) return list(parsed.map((item) => fromParsed(item, depth + 1)));
  if (parsed === null || typeof parsed !== 'object') return null;
  return dict(Object.entries(parsed).map(([key, item]) => [encodeText(key), fromParsed(item, depth + 1)] as const));
}

interface Style {
  readonly escapeHtml: boolean;
  readonly pretty: boolean;
}

/** Writes values as JSON bytes, keys sorted. @throws Failure for NaN and infinities */
class Writer {
  private readonly runtime: Runtime;
  private readonly style: Style;

  constructor(runtime: Runtime, style: Style) {
    this.runtime = runtime;
    this.style = style;
  }

  write(value: Value, indent: string): string {
    this.runtime.budget.spend(2);
    if (typeof value === 'string') return quoteJson(value, this.style.escapeHtml);
    if (typeof value === 'number') return jsonNumber(value);
    if (value === null || typeof value === 'boolean') return String(value);
    if (value instanceof GoInt) return String(value.value);
    if (value instanceof GoSlice) return value.isNil ? 'null' : this.list(value.items, indent);
    if (value instanceof GoMap) return value.isNil ? 'null' : this.object(sortedEntries(value), indent);
    return this.struct(value, indent);
  }

  private struct(value: GoObject, indent: string): string {
    const own = value.json();
    return own === undefined ? this.object(value.fields(), indent) : quoteJson(own, this.style.escapeHtml);
  }

  private list(items: readonly Value[], indent: string): string {
    const inner = `${indent}  `;
    return this.enclose(
      '[',
      items.map((item) => this.write(item, inner)),
      ']',
      indent,
    );
  }

  private object(entries: readonly (readonly [string, Value])[], indent: string): string {
    const colon = this.style.pretty ? ': ' : ':';
    const inner = `${indent}  `;
    const members = entries.map(([key, item]) => {
      return quoteJson(key, this.style.escapeHtml) + colon + this.write(item, inner);
    });
    return this.enclose('{', members, '}', indent);
  }

  private enclose(open: string, parts: readonly string[], close: string, indent: string): string {
    if (parts.length === 0 || !this.style.pretty) return open + parts.join(',') + close;
    const inner = `\n${indent}  `;
    return open + inner + parts.join(`,${inner}`) + `\n${indent}${close}`;
  }
}

const sortedEntries = (map: GoMap): (readonly [string, Value])[] =>
  map.sortedKeys().map((key) => [key, map.entries.get(key) ?? null] as const);

/** The shortest number, with an exponent below 1e-6 and from 1e21 on. */
export function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw failure`json: unsupported value: ${word(formatFloat(value, 'g', -1))}`;
  return Object.is(value, -0) ? '-0' : String(value);
}

const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

const PLAIN_TEXT = /^[ !#-%'-;=?-[\]-~\x7f]*$/;

/** A JSON string of bytes; invalid UTF-8 becomes the escape of U+FFFD. */
export function quoteJson(text: string, escapeHtml: boolean): string {
  if (PLAIN_TEXT.test(text)) return `"${text}"`;
  let out = '"';
  for (const { rune, size, at } of runes(text)) {
    const escaped = escapeRune(rune, size, escapeHtml);
    out += escaped ?? text.slice(at, at + size);
  }
  return `${out}"`;
}

function escapeRune(rune: number, size: number, escapeHtml: boolean): string | undefined {
  const short = SHORT_ESCAPES.get(rune);
  if (short !== undefined) return short;
  const html = escapeHtml && (rune === 0x3c || rune === 0x3e || rune === 0x26);
  const line = rune === 0x2028 || rune === 0x2029;
  const invalid = rune === 0xfffd && size === 1;
  return rune < 0x20 || html || line || invalid ? `\\u${rune.toString(16).padStart(4, '0')}` : undefined;
}

/** JSON of a value. @throws Failure when it has none */
export function toJson(runtime: Runtime, value: Value, style: Style): string {
  return new Writer(runtime, style).write(value, '');
}

/** The result, or the default instead of a failure. */
function quietly<T>(attempt: () => T, otherwise: T): T {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Failure) return otherwise;
    throw error;
  }
}

const COMPACT: Style = { escapeHtml: true, pretty: false };
const PRETTY: Style = { escapeHtml: true, pretty: true };
const RAW: Style = { escapeHtml: false, pretty: false };

export const jsonFunctions = [
  ...define('fromJson', 'string', (text) => quietly<Value>(() => parseJson(text), null)),
  ...define('mustFromJson', 'string', parseJson),
  ...defineWith('toJson', 'any', (runtime, v) => quietly(() => toJson(runtime, v, COMPACT), '')),
  ...defineWith('mustToJson', 'any', (runtime, v) => toJson(runtime, v, COMPACT)),
  ...defineWith('toPrettyJson', 'any', (runtime, v) => quietly(() => toJson(runtime, v, PRETTY), '')),
  ...defineWith('mustToPrettyJson', 'any', (runtime, v) => toJson(runtime, v, PRETTY)),
  ...defineWith('toRawJson mustToRawJson', 'any', (runtime, v) => toJson(runtime, v, RAW)),
];
