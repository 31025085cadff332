/**
 * Defaulting: absent members get their default, and so do explicit nulls where null is not allowed; other such nulls
 * vanish. Defaults are then part of the stored object.
 */
import type { Json, JsonObject } from '../json.ts';
import { isArray, isObject } from '../json.ts';
import type { Schema } from './schema.ts';

export function applyDefaults(value: Json, schema: Schema): Json {
  if (isArray(value)) return defaultList(value, schema);
  if (!isObject(value)) return value;
  return defaultObject(value, schema);
}

function isUnwantedNull(value: Json, schema: Schema): boolean {
  return value === null && !schema.nullable;
}

function defaultList(value: readonly Json[], schema: Schema): Json {
  const { items } = schema;
  if (items === undefined) return value;
  return value.map((item) => {
    const filled = isUnwantedNull(item, items) && items.default !== undefined ? items.default : item;
    return applyDefaults(filled, items);
  });
}

function defaultObject(value: JsonObject, schema: Schema): JsonObject {
  const filled: [string, Json][] = [];
  for (const [key, member] of Object.entries(value)) {
    const known = schema.properties.get(key) ?? schema.additional;
    if (known === undefined) filled.push([key, member]);
    else if (!isUnwantedNull(member, known)) filled.push([key, applyDefaults(member, known)]);
    else if (known.default !== undefined) filled.push([key, applyDefaults(known.default, known)]);
  }
  for (const [key, known] of schema.properties) {
    if (known.default !== undefined && !Object.hasOwn(value, key))
      filled.push([key, applyDefaults(known.default, known)]);
  }
  return Object.fromEntries(filled);
}
