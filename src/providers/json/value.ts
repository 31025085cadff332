/**
 * JSON as this program holds it: nothing is lost. Numbers keep the literal of the source, objects are Maps (a key may
 * be `__proto__`), and a duplicate key keeps its first place but its last value.
 */

export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

/** A number as written, e.g. `1.50` or `12345678901234567890`. */
export class JsonNumber {
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }

  /** True for digits with an optional minus: such numbers are never passed through floating point (D13). */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.literal);
  }

  toNumber(): number {
    return Number(this.literal);
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The document is not JSON. The message gives the position only: the text around it may be secret. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}
