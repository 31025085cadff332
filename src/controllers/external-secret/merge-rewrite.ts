/**
 * The `merge` rewrite: several values that are JSON objects become one object (`behaviour.md` 1.6). Pure. Errors name keys and
 * members, never values. Integers keep every digit (D13).
 */
import { encodeJson } from '../../providers/json/encode.ts';
import { valueBytes } from '../../providers/json/extract.ts';
import { parseJson } from '../../providers/json/parse.ts';
import { isJsonObject, JsonSyntaxError, type JsonObject, type JsonValue } from '../../providers/json/value.ts';
import { SecretValue } from '../../secret-value.ts';
import { sortedKeys, type Entries } from './keys.ts';

export interface MergeRewrite {
  readonly strategy: 'Extract' | 'JSON';
  readonly into: string;
  readonly priority?: readonly string[] | undefined;
  readonly priorityPolicy: 'IgnoreNotFound' | 'Strict';
  readonly conflictPolicy: 'Ignore' | 'Error';
}

/** @throws Error when a value is no object, a priority key is missing or members collide. */
export function mergeValues(entries: Entries, rewrite: MergeRewrite): Entries {
  if (rewrite.strategy === 'JSON' && rewrite.into === '') {
    throw new Error('merge.into is empty; strategy JSON needs the key that receives the merged object');
  }
  const merged = mergeObjects(orderOf(entries, rewrite), entries, rewrite.conflictPolicy);
  if (rewrite.strategy === 'Extract') return textValues(merged);
  const text = encodeJson(merged, { escapeHtml: false, numbers: 'float64' });
  return new Map([...entries, [rewrite.into, SecretValue.ofText(text)]]);
}

/** Other keys in byte order, then the priority keys in theirs, so that the last of them wins. */
function orderOf(entries: Entries, { priority = [], priorityPolicy }: MergeRewrite): readonly string[] {
  const absent = priority.filter((key) => !entries.has(key));
  if (absent.length > 0 && priorityPolicy === 'Strict') {
    throw new Error(
      `merge.priority names ${quoted(absent)}, which was not fetched; correct it or set priorityPolicy IgnoreNotFound`,
    );
  }
  return [
    ...sortedKeys(entries).filter((key) => !priority.includes(key)),
    ...priority.filter((key) => entries.has(key)),
  ];
}

function mergeObjects(order: readonly string[], entries: Entries, conflictPolicy: 'Ignore' | 'Error'): JsonObject {
  const merged = new Map<string, JsonValue>();
  const conflicts = new Set<string>();
  for (const key of order) {
    for (const [member, value] of objectOf(key, entries.get(key)!)) {
      if (merged.has(member)) conflicts.add(member);
      merged.set(member, value);
    }
  }
  if (conflicts.size > 0 && conflictPolicy === 'Error') {
    throw new Error(
      `merge: more than one value has the member ${quoted([...conflicts])}; set conflictPolicy Ignore to let the later one win`,
    );
  }
  return merged;
}

function textValues(merged: JsonObject): Entries {
  return new Map([...merged].map(([member, value]) => [member, SecretValue.ofBytes(valueBytes(value, 'float64'))]));
}

function objectOf(key: string, value: SecretValue): JsonObject {
  const parsed = parse(key, value);
  if (isJsonObject(parsed)) return parsed;
  throw new Error(`merge: the value of "${key}" is not a JSON object`);
}

function parse(key: string, value: SecretValue): JsonValue {
  try {
    return parseJson(value.reveal());
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new Error(`merge: the value of "${key}" is not JSON (${error.message})`, { cause: error });
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
