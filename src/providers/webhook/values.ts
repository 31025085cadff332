/**
 * Values out of a webhook's answer (`providers.md` 6.3). The answer was cut by the JSONPath already, because the path
 * belongs to the read; what a raw value holds is said by its first byte: the answer as it came, or a piece of JSON.
 */
import { SecretValue } from '../../secret-value.ts';
import { PropertyNotFoundError } from '../errors.ts';
import {
  encodeJson,
  isJsonArray,
  isJsonObject,
  JsonSyntaxError,
  parseJson,
  valueBytes,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts';
import type { RemoteRef, ValueReader } from '../provider.ts';

const WHOLE = 0;
const PIECE = 1;

/** The answer itself is the value. */
export function wholeAnswer(body: Uint8Array): SecretValue {
  return SecretValue.ofBytes(Buffer.concat([Uint8Array.of(WHOLE), body]));
}

/** What the JSONPath found. */
export function pieceOfAnswer(value: JsonValue): SecretValue {
  const text = encodeJson(value, { escapeHtml: false });
  return SecretValue.ofBytes(Buffer.concat([Uint8Array.of(PIECE), Buffer.from(text, 'utf8')]));
}

export const webhookValues: ValueReader = {
  /** Text as it is, numbers with their digits, null empty, of an array the first item, an object as JSON. */
  select(raw: SecretValue, ref: RemoteRef): SecretValue {
    const bytes = raw.reveal();
    const content = bytes.subarray(1);
    if (bytes[0] === WHOLE) return SecretValue.ofBytes(content);
    return SecretValue.ofBytes(valueBytes(firstOf(parseJson(content), ref.key), 'float64'));
  },

  /** The members of an object, or of an object inside a text. */
  entries(raw: SecretValue, ref: RemoteRef): ReadonlyMap<string, SecretValue> {
    const members = objectIn(raw.reveal().subarray(1));
    if (members === undefined)
      throw new PropertyNotFoundError(
        `the answer${ref.key === '' ? '' : ` for key "${ref.key}"`} is not a JSON object where one is needed: use data for a single value, or ` +
          'set result.jsonPath to where the object is',
      );
    return new Map([...members].map(([name, value]) => [name, SecretValue.ofBytes(valueBytes(value, 'float64'))]));
  },
};

function firstOf(value: JsonValue, key: string): JsonValue {
  if (!isJsonArray(value)) return value;
  const [first] = value;
  if (first === undefined)
    throw new PropertyNotFoundError(`result.jsonPath finds nothing in the answer for key "${key}"`);
  return firstOf(first, key);
}

function objectIn(document: Uint8Array): JsonObject | undefined {
  const value = parsed(document);
  const inner = typeof value === 'string' ? parsed(Buffer.from(value, 'utf8')) : value;
  return isJsonObject(inner) ? inner : undefined;
}

function parsed(document: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(document);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
