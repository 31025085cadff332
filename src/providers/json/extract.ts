/**
 * One JSON object made into many keys: algorithms A and B of `providers.md` 1.7.
 */
import { encodeJson } from './encode.ts';
import { numberText } from './number.ts';
import { parseJson, rawMembers } from './parse.ts';
import { isJsonObject, JsonNumber, JsonSyntaxError, type JsonValue } from './value.ts';

/** The document is JSON, but no object (or no JSON at all). Never holds a part of the document. */
export class NotAnObjectError extends Error {
  override readonly name = 'NotAnObjectError';
}

/**
 * Algorithm A: strings are decoded, `null` is empty, everything else keeps its source bytes.
 * @throws NotAnObjectError
 */
export function extractRaw(document: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const members = strict(() => rawMembers(document));
  if (members === undefined) throw new NotAnObjectError('the value is JSON but not a JSON object');
  return new Map([...members].map(([name, raw]) => [name, rawText(raw)]));
}

/**
 * Algorithm B over a whole document. `numbers` as in {@link valueBytes}.
 * @throws NotAnObjectError
 */
export function extractTyped(
  document: Uint8Array,
  numbers: 'verbatim' | 'float64' = 'float64',
): ReadonlyMap<string, Uint8Array> {
  const value = strict(() => parseJson(document));
  if (!isJsonObject(value)) throw new NotAnObjectError('the value is JSON but not a JSON object');
  return new Map([...value].map(([name, member]) => [name, valueBytes(member, numbers)]));
}

/**
 * Algorithm B for one value: text as it is, null empty, compounds as JSON of encoder E2. `float64` prints numbers that
 * are not integers as the peer does where it decodes them; `verbatim` keeps them. Integers always keep every digit.
 */
export function valueBytes(value: JsonValue, numbers: 'verbatim' | 'float64'): Uint8Array {
  return Buffer.from(valueText(value, numbers), 'utf8');
}

function valueText(value: JsonValue, numbers: 'verbatim' | 'float64'): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof JsonNumber) return numbers === 'verbatim' ? value.literal : numberText(value);
  return encodeJson(value, { escapeHtml: true, numbers });
}

function rawText(raw: Uint8Array): Uint8Array {
  const isNull = raw.length === 4 && raw[0] === 0x6e;
  if (isNull) return new Uint8Array(0);
  if (raw[0] !== 0x22) return raw;
  return Buffer.from(parseJson(raw) as string, 'utf8');
}

function strict<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new NotAnObjectError('the value is not a JSON object');
    throw error;
  }
}
