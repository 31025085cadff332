/** Dictionaries. `set`, `unset` and the merges change their first argument, as users of Go's templates rely on. */
import { failure, word, type Failure } from '../errors.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { dict, GoMap, GoSlice, isTrue, list, strings, typeOf, type Value } from '../values.ts';
import { textOf } from './text-of.ts';

function dictOf(runtime: Runtime, pairs: readonly Value[]): Value {
  const made = dict();
  for (let i = 0; i < pairs.length; i += 2) {
    made.entries.set(textOf(runtime, pairs[i] ?? null), i + 1 < pairs.length ? (pairs[i + 1] ?? null) : '');
  }
  return made;
}

function writable(target: GoMap): Map<string, Value> {
  if (target.isNil) throw failure`assignment to entry in nil map`;
  return target.entries;
}

/** A value that is present, be it nil; `get` on the Map itself would confuse nil and absent. */
function entry(source: GoMap, key: string): Value | undefined {
  return source.entries.has(key) ? (source.entries.get(key) ?? null) : undefined;
}

function select(source: GoMap, keep: (key: string) => boolean): Value {
  return dict([...source.entries].filter(([key]) => keep(key)));
}

function wrongInterface(value: Value, wanted: string): Failure {
  const type = value === null ? 'nil' : typeOf(value);
  return failure`interface conversion: interface {} is ${word(type)}, not ${word(wanted)}`;
}

function asDict(value: Value): GoMap {
  if (value instanceof GoMap && value.type === 'map[string]interface {}') return value;
  throw wrongInterface(value, 'map[string]interface {}');
}

function asKey(value: Value): string {
  if (typeof value === 'string') return value;
  throw wrongInterface(value, 'string');
}

/** The value at a path of keys, or the default where the path ends early. */
function dig(args: readonly Value[]): Value {
  if (args.length < 3) throw failure`dig needs at least three arguments`;
  const root = asDict(args.at(-1) ?? null);
  const fallback = args.at(-2) ?? null;
  const keys = args.slice(0, -2).map(asKey);
  let current = root;
  for (const [i, key] of keys.entries()) {
    const found = entry(current, key);
    if (found === undefined) return fallback;
    if (i === keys.length - 1) return found;
    current = asDict(found);
  }
  return fallback;
}

function put(target: GoMap, key: string, value: Value, elem: string): void {
  if (target.elem !== 'interface {}' && typeOf(value) !== target.elem) {
    const type = value instanceof GoSlice ? value.type : elem;
    throw failure`reflect.Value.SetMapIndex: value of type ${word(type)} is not assignable to type ${word(target.elem)}`;
  }
  writable(target).set(key, value);
}

/** Merges `source` into `target`: without `overwrite` only what is absent or empty there, and nothing that is nil. */
function mergeInto(runtime: Runtime, target: GoMap, source: GoMap, overwrite: boolean): void {
  for (const [key, value] of source.entries) {
    runtime.budget.spend(1);
    const present = target.entries.get(key);
    if (value === null && !overwrite) continue;
    if (present instanceof GoMap && value instanceof GoMap) mergeInto(runtime, present, value, overwrite);
    else if (overwrite || !target.entries.has(key) || !isTrue(present)) put(target, key, value, source.elem);
  }
}

function merge(runtime: Runtime, target: GoMap, sources: readonly GoMap[], overwrite: boolean): Value {
  const into = target.isNil && sources.some((source) => !source.isNil) ? dict() : target;
  for (const source of sources) mergeInto(runtime, into, source, overwrite);
  return into;
}

function deepCopy(runtime: Runtime, value: Value): Value {
  runtime.budget.allocate(64);
  if (value instanceof GoSlice) {
    return new GoSlice(
      value.type,
      value.items.map((item) => deepCopy(runtime, item)),
      value.isNil,
    );
  }
  if (!(value instanceof GoMap)) return value;
  const entries = [...value.entries].map(([key, item]) => [key, deepCopy(runtime, item)] as const);
  return new GoMap(value.type, new Map(entries), value.isNil);
}

export const dictFunctions = [
  ...defineWith('dict', '...any', (runtime, ...pairs) => dictOf(runtime, pairs)),
  ...define('get', 'dict string', (d, key) => entry(d, key) ?? (d.entries.has(key) ? null : '')),
  ...define('set', 'dict string any', (d, key, v) => {
    writable(d).set(key, v);
    return d;
  }),
  ...define('unset', 'dict string', (d, key) => {
    d.entries.delete(key);
    return d;
  }),
  ...define('hasKey', 'dict string', (d, key) => d.entries.has(key)),
  ...define('pick', 'dict ...string', (d, ...keys) => select(d, (key) => keys.includes(key))),
  ...define('omit', 'dict ...string', (d, ...keys) => select(d, (key) => !keys.includes(key))),
  ...define('pluck', 'string ...dict', (key, ...all) =>
    list(all.map((each) => entry(each, key)).filter((found) => found !== undefined)),
  ),
  ...define('keys', '...dict', (...all) => strings(all.flatMap((each) => each.sortedKeys()))),
  ...define('values', 'dict', (d) => list(d.sortedKeys().map((key) => d.entries.get(key) ?? null))),
  ...define('dig', '...any', (...args) => dig(args)),
  ...defineWith('merge mustMerge', 'dict ...dict', (runtime, d, ...all) => merge(runtime, d, all, false)),
  ...defineWith('mergeOverwrite mustMergeOverwrite', 'dict ...dict', (runtime, d, ...all) =>
    merge(runtime, d, all, true),
  ),
  ...defineWith('deepCopy mustDeepCopy', 'any', (runtime, v) => {
    if (v === null) throw failure`reflect: call of reflect.Value.Type on zero Value`;
    return deepCopy(runtime, v);
  }),
];
