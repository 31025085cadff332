/**
 * Drops what the schema does not know and says what that was; what `fieldValidation` then makes of it is the caller's.
 */
import type { Json, JsonObject } from '../json.ts';
import { isArray, isObject } from '../json.ts';
import type { Schema } from './schema.ts';

/** @param unknown receives the path of each member that was dropped, e.g. `spec.data[0].foo`. */
export function prune(value: Json, schema: Schema, unknown: string[], path = ''): Json {
  if (isArray(value)) return pruneList(value, schema, unknown, path);
  if (!isObject(value)) return value;
  return pruneObject(value, schema, unknown, path);
}

function pruneList(value: readonly Json[], schema: Schema, unknown: string[], path: string): Json {
  const { items } = schema;
  if (items === undefined) return value;
  return value.map((item, index) => prune(item, items, unknown, `${path}[${index}]`));
}

const OBJECT_MEMBERS = new Set(['apiVersion', 'kind', 'metadata']);

function pruneObject(value: JsonObject, schema: Schema, unknown: string[], path: string): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, member] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const known = schema.properties.get(key) ?? schema.additional;
    if (known !== undefined) kept.push([key, prune(member, known, unknown, at)]);
    else if (schema.preserveUnknown || (schema.embedded && OBJECT_MEMBERS.has(key))) kept.push([key, member]);
    else unknown.push(at);
  }
  return Object.fromEntries(kept);
}
