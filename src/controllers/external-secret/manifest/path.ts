/**
 * Places inside an object that a template may write to, e.g. `spec.rules[0].host` (`api.md` 3.8): how they are read, and how a value is
 * put there. Knows nothing of templates or kinds.
 */
import type { YamlData } from '../../../template/index.ts';

/** Names of members and indexes of lists, from the top of the object. */
export type Path = readonly [string, ...(string | number)[]];

/** What an object may hold where a template writes; a map, to begin with. */
export type Tree = { [key: string]: YamlData };

/** The peer's bound: a typing error must not make a list of millions. */
const HIGHEST_INDEX = 10_000;

const SEGMENT = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/** @throws Error saying what is wrong with the text. */
export function parsePath(text: string): Path {
  const parts = text.split('.').flatMap((segment) => parseSegment(segment, text));
  const [first, ...rest] = parts;
  if (typeof first !== 'string') throw new Error(`target ${JSON.stringify(text)} must begin with the name of a field`);
  return [first, ...rest];
}

function parseSegment(segment: string, text: string): readonly (string | number)[] {
  const bad = (why: string): Error => new Error(`target ${JSON.stringify(text)} is no path: ${why}`);
  if (segment === '') throw bad('a name is missing between two dots');
  const [, name, indexes = ''] = SEGMENT.exec(segment) ?? [];
  if (name === undefined) throw bad(`"${segment}" is not a name with indexes like "rules[0]"`);
  const numbers = [...indexes.matchAll(/\[([^\]]*)\]/g)].map(([, digits = '']) => {
    if (!/^\d+$/.test(digits)) throw bad(`"${digits}" is not an index`);
    if (Number(digits) > HIGHEST_INDEX) throw bad(`index ${digits} exceeds ${HIGHEST_INDEX}`);
    return Number(digits);
  });
  return [name, ...numbers];
}

export function pathText(path: Path): string {
  const [first, ...rest] = path;
  return rest.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${step}`),
    first,
  );
}

/**
 * Puts `value` at `path` in `tree`, in place. Missing maps and lists are made; a list is filled up with nulls.
 * @param merge a map that is there already takes over the members of `value` instead of being replaced by it
 * @throws Error naming the place, and never a value, where the object has something else than the path says
 */
export function writeAt(tree: Tree, path: Path, value: YamlData, merge: boolean): void {
  const last = path.length - 1;
  let holder: YamlData = tree;
  for (let depth = 0; depth < last; depth++) {
    const isList: boolean = typeof path[depth + 1] === 'number';
    const child: YamlData = memberOf(holder, path, depth) ?? (isList ? [] : {});
    setMember(holder, path, depth, child);
    holder = child;
  }
  const present = memberOf(holder, path, last);
  if (merge && isMap(present) && isMap(value)) {
    for (const [key, member] of Object.entries(value)) define(present, key, member);
  } else {
    setMember(holder, path, last, value);
  }
}

export function isMap(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a member even when it is called `__proto__`, which plain assignment would not. */
export function define(map: object, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

function memberOf(holder: YamlData, path: Path, depth: number): YamlData | undefined {
  const step = path[depth]!;
  if (typeof step === 'number') {
    if (Array.isArray(holder)) return holder[step] ?? undefined;
    throw clash(path, depth, 'a list', holder);
  }
  if (!isMap(holder)) throw clash(path, depth, 'a map', holder);
  return Object.hasOwn(holder, step) ? (holder[step] ?? undefined) : undefined;
}

/** `memberOf` has looked at the holder before. */
function setMember(holder: YamlData, path: Path, depth: number, value: YamlData): void {
  const step = path[depth]!;
  if (Array.isArray(holder)) {
    while (holder.length < Number(step)) holder.push(null);
    holder[Number(step)] = value;
  } else if (isMap(holder)) {
    define(holder, String(step), value);
  }
}

function clash(path: Path, depth: number, wanted: string, found: YamlData): Error {
  const [first, ...rest] = path;
  const place = depth === 0 ? '' : pathText([first, ...rest.slice(0, depth - 1)]);
  const what = Array.isArray(found) ? 'a list' : isMap(found) ? 'a map' : 'a single value';
  return new Error(`target "${pathText(path)}" wants ${wanted} at "${place}", but there is ${what}`);
}
