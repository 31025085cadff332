/**
 * JSON as the API server sees it: plain trees that are never changed once stored. Everything that "changes" a tree
 * builds a new one, so entries, events and watchers can share them without cloning.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** The member as an object; anything else (absent, null, a scalar) reads as an empty one. */
export function objectAt(parent: Json | undefined, ...path: readonly string[]): JsonObject {
  const value = valueAt(parent, ...path);
  return isObject(value) ? value : {};
}

/** The member as a list; anything else reads as an empty one. */
export function listAt(parent: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const value = valueAt(parent, ...path);
  return isArray(value) ? value : [];
}

/** The member as text; anything else reads as undefined. */
export function textAt(parent: Json | undefined, ...path: readonly string[]): string | undefined {
  const value = valueAt(parent, ...path);
  return typeof value === 'string' ? value : undefined;
}

/** The member that `path` leads to, own members only, or undefined. */
export function valueAt(parent: Json | undefined, ...path: readonly string[]): Json | undefined {
  let value = parent;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** A scalar as text, texts as they are, null as ''; lists and objects as JSON. */
export function plainText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A copy of `object` with one member set (`undefined`: removed). Safe for a member named `__proto__`. */
export function withMember(object: JsonObject, key: string, value: Json | undefined): JsonObject {
  const entries = Object.entries(object).filter(([name]) => name !== key);
  if (value === undefined) return Object.fromEntries(entries);
  return Object.hasOwn(object, key)
    ? Object.fromEntries(Object.entries(object).map(([name, old]) => [name, name === key ? value : old]))
    : Object.fromEntries([...entries, [key, value]]);
}

/** A copy of `object` with the value at `path` set (`undefined`: removed), making the objects on the way. */
export function withValueAt(object: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const [head, ...rest] = path;
  if (head === undefined) return object;
  if (rest.length === 0) return withMember(object, head, value);
  if (value === undefined && !isObject(valueAt(object, head))) return object;
  return withMember(object, head, withValueAt(objectAt(object, head), rest, value));
}

/** A copy without the members whose value is undefined: for literals with optional parts. */
export function compact(object: Readonly<Record<string, Json | undefined>>): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(object)) if (value !== undefined) kept.push([key, value]);
  return Object.fromEntries(kept);
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]));
}

/** The text of a value with members in byte order, as Go prints JSON: equal values give equal texts. */
export function canonicalText(value: Json | undefined): string {
  if (isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${members.join(',')}}`;
}
