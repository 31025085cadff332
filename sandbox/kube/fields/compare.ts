/**
 * Which fields an update added, changed and removed, split as ownership splits them.
 */
import type { Json } from '../json.ts';
import { equalJson } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import type { FieldSet } from './field-set.ts';
import { ITSELF, NOTHING, below, union } from './field-set.ts';
import { isNamedMember, isSplit, partSchema, partsOf } from './typed.ts';

export interface Comparison {
  /** Added or modified: what the writer takes over. */
  readonly changed: FieldSet;
  /** Nobody owns these any more. */
  readonly removed: FieldSet;
}

const SAME: Comparison = { changed: NOTHING, removed: NOTHING };

export function compareFields(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema | undefined,
): Comparison {
  if (before === undefined && after === undefined) return SAME;
  const split = isSplit(before ?? null, schema) || isSplit(after ?? null, schema);
  const oldParts = partsOf(before, schema);
  const newParts = partsOf(after, schema);
  if (!split || (oldParts === undefined && newParts === undefined)) return compareWhole(before, after);
  const kindChanged = before !== undefined && after !== undefined && !bothSplit(before, after, schema);
  const inside = compareParts(oldParts ?? new Map(), newParts ?? new Map(), schema);
  return kindChanged
    ? join(inside, compareWhole(before, after))
    : join(inside, schema?.struct === true ? SAME : presence(before, after));
}

function bothSplit(before: Json, after: Json, schema: Schema | undefined): boolean {
  const empty = (value: Json): boolean => value === null;
  return (empty(before) || isSplit(before, schema)) && (empty(after) || isSplit(after, schema));
}

function compareWhole(before: Json | undefined, after: Json | undefined): Comparison {
  if (before === undefined || after === undefined) return presence(before, after);
  return equalJson(before, after) ? SAME : { changed: ITSELF, removed: NOTHING };
}

function presence(before: Json | undefined, after: Json | undefined): Comparison {
  if (before === undefined) return { changed: ITSELF, removed: NOTHING };
  return after === undefined ? { changed: NOTHING, removed: ITSELF } : SAME;
}

function join(a: Comparison, b: Comparison): Comparison {
  return { changed: union(a.changed, b.changed), removed: union(a.removed, b.removed) };
}

function compareParts(
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
  schema: Schema | undefined,
): Comparison {
  let result = SAME;
  for (const step of new Set([...before.keys(), ...after.keys()])) {
    const { changed, removed } = compareFields(before.get(step), after.get(step), partSchema(schema, step));
    result = join(result, { changed: below(step, changed), removed: below(step, removed) });
  }
  return result;
}

/** All fields of an applied configuration: what an Apply owns. */
export function fieldsOf(value: Json, schema: Schema | undefined): FieldSet {
  const parts = partsOf(value, schema);
  if (parts === undefined) return ITSELF;
  let set = NOTHING;
  for (const [step, part] of parts) {
    const inside = fieldsOf(part, partSchema(schema, step));
    const own = inside.own || !isNamedMember(schema, step);
    set = union(set, below(step, { own, children: inside.children }));
  }
  return set;
}
