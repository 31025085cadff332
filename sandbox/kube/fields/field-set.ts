/**
 * Sets of field paths as the API server keeps them in `managedFields`: a tree whose steps are written `f:name` (member),
 * `k:{"type":"Ready"}` (item of a keyed list) and `v:"x"` (item of a set), with `.` marking a node that is itself owned.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

/** `own`: the path that ends here is in the set. Never changed once built. */
export interface FieldSet {
  readonly own: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const NOTHING: FieldSet = { own: false, children: new Map() };
export const ITSELF: FieldSet = { own: true, children: new Map() };

export function isEmpty(set: FieldSet): boolean {
  return !set.own && set.children.size === 0;
}

function build(own: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  return { own, children: new Map([...children].filter(([, child]) => !isEmpty(child))) };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const children = new Map(a.children);
  for (const [step, child] of b.children) children.set(step, union(children.get(step) ?? NOTHING, child));
  return { own: a.own || b.own, children };
}

/** The paths of `a` that are not in `b`, path by path: a parent in `b` does not take its children along. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  return build(
    a.own && !b.own,
    [...a.children].map(([step, child]) => [step, difference(child, b.children.get(step) ?? NOTHING)]),
  );
}

/** As {@link difference}, but a path in `b` takes everything below it along. */
export function differenceBelow(a: FieldSet, b: FieldSet): FieldSet {
  if (b.own) return NOTHING;
  return build(
    a.own,
    [...a.children].map(([step, child]) => [step, differenceBelow(child, b.children.get(step) ?? NOTHING)]),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return build(
    a.own && b.own,
    [...a.children].map(([step, child]) => [step, intersection(child, b.children.get(step) ?? NOTHING)]),
  );
}

/** The set that holds just what `set` holds, one step further down. */
export function below(step: string, set: FieldSet): FieldSet {
  return build(false, [[step, set]]);
}

/** A set of whole paths of members, e.g. `['metadata', 'uid']`. */
export function ofPaths(...paths: readonly (readonly string[])[]): FieldSet {
  return paths
    .map((path) => path.reduceRight((set, name) => below(`f:${name}`, set), ITSELF))
    .reduce((all, set) => union(all, set), NOTHING);
}

/** The `fieldsV1` form. Steps are in byte order, so equal sets give equal texts. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const members: [string, Json][] = set.own && set.children.size > 0 ? [['.', {}]] : [];
  for (const step of [...set.children.keys()].sort())
    members.push([step, toFieldsV1(set.children.get(step) ?? NOTHING)]);
  return Object.fromEntries(members);
}

/** Reads `fieldsV1`; the root is never a member of the set. */
export function fromFieldsV1(fields: Json | undefined): FieldSet {
  return { ...read(fields), own: false };
}

function read(fields: Json | undefined): FieldSet {
  if (!isObject(fields)) return NOTHING;
  const steps = Object.entries(fields).filter(([step]) => step !== '.');
  const own = steps.length === 0 || Object.hasOwn(fields, '.');
  return { own, children: new Map(steps.map(([step, child]) => [step, read(child)])) };
}

/** Every path of the set, as lists of steps. */
export function* pathsOf(set: FieldSet, at: readonly string[] = []): Generator<readonly string[]> {
  if (set.own) yield at;
  for (const [step, child] of set.children) yield* pathsOf(child, [...at, step]);
}

/** `.data.foo`, `.status.conditions[type="Ready"].reason`: as conflicts name fields. */
export function shownPath(path: readonly string[]): string {
  return path.map(shownStep).join('');
}

function shownStep(step: string): string {
  if (step.startsWith('f:')) return `.${step.slice(2)}`;
  if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
  const keys = Object.entries(JSON.parse(step.slice(2)) as JsonObject);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}
