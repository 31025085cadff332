/**
 * The three patch formats that change an object without knowing who owns what: JSON merge patch (RFC 7386), JSON patch
 * (RFC 6902) and Kubernetes' strategic merge patch, reduced to lists with a merge key (see {@link MergeKeys}).
 */
import type { Json, JsonObject } from './json.ts';
import { equalJson, isArray, isObject, textAt, withMember } from './json.ts';
import { StatusError, badRequest } from './status.ts';

/** RFC 7386: null removes, objects merge, anything else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  let result: JsonObject = isObject(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    const old = Object.hasOwn(result, key) ? result[key] : undefined;
    result = withMember(result, key, value === null ? undefined : mergePatch(old, value));
  }
  return result;
}

/** Merge key of a list by its path with indexes left out, e.g. `metadata.ownerReferences` → `uid`; '' for sets of scalars. */
export type MergeKeys = ReadonlyMap<string, string>;

const METADATA_MERGE_KEYS: MergeKeys = new Map([
  ['metadata.ownerReferences', 'uid'],
  ['metadata.finalizers', ''],
]);

/** Strategic merge patch: as {@link mergePatch}, but lists with a merge key are merged, and `$patch`/`$deleteFromPrimitiveList` obeyed. */
export function strategicMergePatch(target: Json | undefined, patch: Json, keys: MergeKeys = new Map()): Json {
  return strategic(target, patch, '', new Map([...METADATA_MERGE_KEYS, ...keys]));
}

function strategic(target: Json | undefined, patch: Json, path: string, keys: MergeKeys): Json {
  if (isArray(patch)) return strategicList(target, patch, path, keys);
  if (!isObject(patch)) return patch;
  const { $patch: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  let result: JsonObject = isObject(target) ? target : {};
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith('$setElementOrder/') || key === '$retainKeys') continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const list = key.slice('$deleteFromPrimitiveList/'.length);
      result = withMember(result, list, without(result[list], isArray(value) ? value : []));
      continue;
    }
    const old = Object.hasOwn(result, key) ? result[key] : undefined;
    const at = path === '' ? key : `${path}.${key}`;
    result = withMember(result, key, value === null ? undefined : strategic(old, value, at, keys));
  }
  return result;
}

function without(list: Json | undefined, gone: readonly Json[]): Json {
  return isArray(list) ? list.filter((item) => !gone.some((other) => equalJson(item, other))) : [];
}

function strategicList(target: Json | undefined, patch: readonly Json[], path: string, keys: MergeKeys): Json {
  const key = keys.get(path);
  if (key === undefined || !isArray(target))
    return patch.filter((item) => !isObject(item) || item['$patch'] === undefined);
  if (key === '') return [...patch.filter((item) => !target.some((old) => equalJson(old, item))), ...target];
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace'))
    return patch.filter((item) => isObject(item) && item['$patch'] === undefined);
  let result = [...target];
  for (const item of patch) result = mergeItem(result, item, key, path, keys);
  return result;
}

function mergeItem(list: Json[], item: Json, key: string, path: string, keys: MergeKeys): Json[] {
  const id = textAt(item, key);
  if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  const index = list.findIndex((old) => textAt(old, key) === id);
  if (isObject(item) && item['$patch'] === 'delete') return list.filter((_, at) => at !== index);
  if (index < 0) return [item, ...list];
  return list.map((old, at) => (at === index ? strategic(old, item, path, keys) : old));
}

/** RFC 6902. @throws 422 when an operation does not apply, 400 when it is malformed. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!isArray(operations)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  let result = target;
  for (const operation of operations) {
    if (!isObject(operation)) throw badRequest('error decoding patch: an operation is an object');
    result = applyOperation(result, operation);
  }
  return result;
}

function applyOperation(target: Json, operation: JsonObject): Json {
  const path = pointer(textAt(operation, 'path') ?? '');
  const value = operation['value'] ?? null;
  switch (operation['op']) {
    case 'add':
      return edit(target, path, 'add', value);
    case 'replace':
      return edit(target, path, 'replace', value);
    case 'remove':
      return edit(target, path, 'remove', null);
    case 'test':
      return testValue(target, path, value);
    case 'copy':
      return edit(target, path, 'add', lookup(target, pointer(textAt(operation, 'from') ?? '')));
    case 'move': {
      const from = pointer(textAt(operation, 'from') ?? '');
      return edit(edit(target, from, 'remove', null), path, 'add', lookup(target, from));
    }
    default:
      throw badRequest(`Unexpected kind: ${JSON.stringify(operation['op'] ?? '')}`);
  }
}

function unprocessable(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError({ code: 422, reason: 'Invalid', message, details: {} });
}

function testValue(target: Json, path: readonly string[], value: Json): Json {
  if (!equalJson(lookup(target, path), value)) throw unprocessable();
  return target;
}

function pointer(text: string): readonly string[] {
  if (text === '') return [];
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function lookup(target: Json, path: readonly string[]): Json {
  let value: Json | undefined = target;
  for (const part of path) value = member(value, part);
  if (value === undefined) throw unprocessable();
  return value;
}

function member(value: Json | undefined, part: string): Json | undefined {
  if (isArray(value)) return value[Number(part)];
  return isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}

type Edit = 'add' | 'replace' | 'remove';

function edit(target: Json | undefined, path: readonly string[], how: Edit, value: Json): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (isArray(target)) return editList(target, head, rest, how, value);
  if (!isObject(target)) throw unprocessable();
  if (rest.length > 0) return withMember(target, head, edit(member(target, head), rest, how, value));
  if (how !== 'add' && !Object.hasOwn(target, head)) throw unprocessable();
  return withMember(target, head, how === 'remove' ? undefined : value);
}

function editList(list: readonly Json[], head: string, rest: readonly string[], how: Edit, value: Json): Json {
  const index = head === '-' ? list.length : Number(head);
  const last = how === 'add' && rest.length === 0 ? list.length : list.length - 1;
  if (!Number.isInteger(index) || index < 0 || index > last) throw unprocessable();
  if (rest.length > 0) return list.with(index, edit(list[index], rest, how, value));
  if (how === 'add') return list.toSpliced(index, 0, value);
  return how === 'remove' ? list.toSpliced(index, 1) : list.with(index, value);
}
