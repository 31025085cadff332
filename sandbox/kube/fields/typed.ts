/**
 * How a value is split into fields that can be owned one by one: maps and structs member by member, keyed lists and
 * sets item by item, everything else as a whole. What the schema does not describe is split by its shape.
 */
import type { Json } from '../json.ts';
import { canonicalText, compact, isArray, isObject, valueAt } from '../json.ts';
import type { Schema } from '../schema/schema.ts';

/** The parts of `value` by step, or undefined when it is owned as a whole (scalars, atomic lists and maps, empty ones). */
export function partsOf(value: Json | undefined, schema: Schema | undefined): ReadonlyMap<string, Json> | undefined {
  if (isObject(value)) return schema?.atomic === true ? undefined : membersOf(value);
  if (isArray(value)) return itemsOf(value, schema);
  return undefined;
}

function membersOf(value: { readonly [key: string]: Json }): ReadonlyMap<string, Json> | undefined {
  const members = Object.entries(value);
  return members.length === 0 ? undefined : new Map(members.map(([name, member]) => [`f:${name}`, member]));
}

function itemsOf(value: readonly Json[], schema: Schema | undefined): ReadonlyMap<string, Json> | undefined {
  if (schema === undefined || schema.listType === 'atomic' || value.length === 0) return undefined;
  return new Map(value.map((item) => [stepOfItem(item, schema), item]));
}

/** `v:…` for an item of a set, `k:{…}` for one of a keyed list (absent keys count with their default). */
export function stepOfItem(item: Json, schema: Schema): string {
  if (schema.listType === 'set') return `v:${canonicalText(item)}`;
  const keys = schema.mapKeys.map(
    (key) => [key, valueAt(item, key) ?? schema.items?.properties.get(key)?.default] as const,
  );
  return `k:${canonicalText(compact(Object.fromEntries(keys)))}`;
}

/** The schema of the part that `step` leads to. */
export function partSchema(schema: Schema | undefined, step: string): Schema | undefined {
  if (schema === undefined) return undefined;
  return step.startsWith('f:') ? (schema.properties.get(step.slice(2)) ?? schema.additional) : schema.items;
}

/** Whether `step` is a named member of a struct (as opposed to a key of a map or an item of a list). */
export function isNamedMember(schema: Schema | undefined, step: string): boolean {
  return step.startsWith('f:') && schema?.properties.has(step.slice(2)) === true;
}

/** Whether the value is split at all, i.e. changes inside it are not changes of the whole. */
export function isSplit(value: Json | undefined, schema: Schema | undefined): boolean {
  if (isObject(value)) return schema?.atomic !== true;
  return isArray(value) && schema !== undefined && schema.listType !== 'atomic';
}
