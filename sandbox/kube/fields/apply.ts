/**
 * Server-side apply: merges a configuration into the live object, refuses to take fields from other managers unless
 * forced, and drops what this manager applied before and no longer mentions.
 */
import type { Json, JsonObject } from '../json.ts';
import { isArray, isObject, withMember } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { StatusError } from '../status.ts';
import { compareFields, fieldsOf } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { NOTHING, difference, differenceBelow, intersection, isEmpty, pathsOf, shownPath, union } from './field-set.ts';
import type { Managed, Writer } from './managed-fields.ts';
import { decodeManaged, encodeManaged, identity, stripUnowned, withoutManagedFields } from './managed-fields.ts';
import { isNamedMember, isSplit, partSchema, partsOf, stepOfItem } from './typed.ts';

/**
 * @param live absent when the apply creates the object.
 * @throws 409 with one cause per field when others own what would change and `force` is not set.
 */
export function applyConfiguration(
  live: JsonObject | undefined,
  config: JsonObject,
  schema: Schema | undefined,
  writer: Writer,
  force: boolean,
): JsonObject {
  const before = live === undefined ? emptyLike(config) : withoutManagedFields(live);
  const managed = decodeManaged(live);
  const own = {
    manager: writer.manager,
    operation: 'Apply',
    apiVersion: writer.apiVersion,
    subresource: writer.subresource,
  } as const;
  const previous = managed.find((entry) => identity(entry) === identity(own));
  const others = managed.filter((entry) => entry !== previous);
  const fields = stripUnowned(differenceBelow(fieldsOf(withoutManagedFields(config), schema), writer.ignored));
  const merged = merge(before, withoutManagedFields(config), schema) as JsonObject;
  const after = dropUnclaimed(merged, previous?.fields ?? NOTHING, fields, others, schema);
  const { changed, removed } = compareFields(before, after, schema);
  const taken = differenceBelow(changed, writer.ignored);
  if (!force) refuseConflicts(others, taken);
  const left = others.map((entry) => ({ ...entry, fields: difference(difference(entry.fields, taken), removed) }));
  const same = live !== undefined && isEmpty(stripUnowned(union(changed, removed)));
  return encodeManaged(after, [...left, { ...own, time: same ? previous?.time : writer.time, fields }]);
}

function emptyLike(config: JsonObject): JsonObject {
  return { apiVersion: config['apiVersion'] ?? '', kind: config['kind'] ?? '' };
}

function refuseConflicts(others: readonly Managed[], taken: FieldSet): void {
  const causes = others.flatMap((entry) => {
    const using = `conflict with ${JSON.stringify(entry.manager)}${entry.subresource === undefined ? '' : ` with subresource ${JSON.stringify(entry.subresource)}`}`;
    const message = entry.operation === 'Update' ? `${using} using ${entry.apiVersion}` : using;
    return [...pathsOf(intersection(entry.fields, taken))].map((path) => ({
      reason: 'FieldManagerConflict',
      message,
      field: shownPath(path),
    }));
  });
  if (causes.length === 0) return;
  throw new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${conflictText(causes)}`,
    details: { causes },
  });
}

interface ConflictCause {
  readonly message: string;
  readonly field: string;
}

function conflictText(causes: readonly ConflictCause[]): string {
  const groups = Map.groupBy(causes, (cause) => cause.message);
  if (causes.length === 1) return `${causes[0]?.message ?? ''}: ${causes[0]?.field ?? ''}`;
  return [...groups]
    .map(([message, group]) =>
      `${message}s:\n${group.map((cause) => `- ${cause.field}`).join('\n')}`.replace(/^conflict /, 'conflicts '),
    )
    .map((text) => text.replace(/s:\n/, ':\n'))
    .join('\n');
}

function merge(live: Json | undefined, config: Json, schema: Schema | undefined): Json {
  if (!isSplit(config, schema) || !isSplit(live, schema)) return config;
  if (isObject(config) && isObject(live)) {
    let result = live;
    for (const [name, value] of Object.entries(config)) {
      const old = Object.hasOwn(live, name) ? live[name] : undefined;
      result = withMember(result, name, merge(old, value, partSchema(schema, `f:${name}`)));
    }
    return result;
  }
  return isArray(config) && isArray(live) && schema !== undefined ? mergeLists(live, config, schema) : config;
}

function mergeLists(live: readonly Json[], config: readonly Json[], schema: Schema): Json {
  const applied = new Map(config.map((item) => [stepOfItem(item, schema), item]));
  const kept = live.map((item) => {
    const step = stepOfItem(item, schema);
    const wanted = applied.get(step);
    applied.delete(step);
    return wanted === undefined ? item : merge(item, wanted, schema.items);
  });
  return [...kept, ...applied.values()];
}

/** Takes out what `last` claimed and neither the new configuration nor another manager claims. */
function dropUnclaimed(
  merged: JsonObject,
  last: FieldSet,
  fields: FieldSet,
  others: readonly Managed[],
  schema: Schema | undefined,
): JsonObject {
  const claimed = others.reduce((all, entry) => union(all, entry.fields), fields);
  return drop(merged, withNamedMembers(last, schema), withNamedMembers(claimed, schema), schema) as JsonObject;
}

/** A named member counts as claimed when something inside it is. */
function withNamedMembers(set: FieldSet, schema: Schema | undefined): FieldSet {
  const children = [...set.children].map(([step, child]) => {
    const inside = withNamedMembers(child, partSchema(schema, step));
    return [step, { ...inside, own: inside.own || isNamedMember(schema, step) }] as const;
  });
  return { own: set.own, children: new Map(children) };
}

function drop(value: Json, last: FieldSet, claimed: FieldSet, schema: Schema | undefined): Json {
  const parts = partsOf(value, schema);
  if (parts === undefined) return value;
  const kept = [...parts].flatMap(([step, part]) => {
    const was = last.children.get(step) ?? NOTHING;
    const is = claimed.children.get(step) ?? NOTHING;
    if (was.own && isEmpty(is)) return [];
    return [[step, drop(part, was, is, partSchema(schema, step))] as const];
  });
  if (isArray(value)) return kept.map(([, part]) => part);
  return Object.fromEntries(kept.map(([step, part]) => [step.slice(2), part]));
}
