/**
 * Writing JSON as Go writes it: no spaces, keys in byte order. The two encoders of `providers.md` 1.7.
 */
import { formatJson } from './number.ts';
import { quoteText } from './strings.ts';
import { compareBytes, decodeUtf8 } from './text.ts';
import { isJsonArray, JsonNumber, type JsonValue } from './value.ts';

export interface EncodeOptions {
  /** E2: `<`, `>` and `&` become `\u003c` and so on. E1 leaves them. U+2028 and U+2029 are escaped by both. */
  readonly escapeHtml: boolean;
  /** `verbatim` (default) writes number literals as they came; `float64` rewrites all but integers as Go would. */
  readonly numbers?: 'verbatim' | 'float64';
}

export function encodeJson(value: JsonValue, options: EncodeOptions): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoteText(value, options.escapeHtml);
  if (value instanceof JsonNumber) return encodeNumber(value, options);
  if (isJsonArray(value)) return `[${value.map((item) => encodeJson(item, options)).join(',')}]`;
  const names = [...value.keys()].sort(compareBytes);
  const members = names.map(
    (name) => `${quoteText(name, options.escapeHtml)}:${encodeJson(value.get(name)!, options)}`,
  );
  return `{${members.join(',')}}`;
}

/** E1 over a map of bytes, e.g. all data of a Secret or a secret's tags. What is not UTF-8 becomes U+FFFD. */
export function encodeBytesMap(values: ReadonlyMap<string, Uint8Array>): string {
  const texts = new Map([...values].map(([name, bytes]) => [name, decodeUtf8(bytes)] as const));
  return encodeJson(texts, { escapeHtml: false });
}

function encodeNumber(number: JsonNumber, options: EncodeOptions): string {
  if (options.numbers !== 'float64' || number.isInteger) return number.literal;
  const value = number.toNumber();
  return Number.isFinite(value) ? formatJson(value) : number.literal;
}
