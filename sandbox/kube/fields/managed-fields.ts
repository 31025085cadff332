/**
 * `metadata.managedFields`: who wrote which field last. An Update gives a manager exactly the fields it added or changed
 * and takes removed ones from everybody, as kube-apiserver does; Apply is in `apply.ts`.
 */
import type { Json, JsonObject } from '../json.ts';
import { compact, equalJson, isObject, listAt, textAt, withValueAt } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { compareFields } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { difference, differenceBelow, fromFieldsV1, isEmpty, ofPaths, toFieldsV1, union } from './field-set.ts';

export interface Writer {
  readonly manager: string;
  /** Version the request was made in. */
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  /** RFC 3339, seconds. */
  readonly time: string;
  /** What this endpoint ignores, e.g. `status` for the main resource. */
  readonly ignored: FieldSet;
}

/** One entry of `managedFields`. */
export interface Managed {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Who an entry is about; two entries never share it. */
export function identity(entry: Pick<Managed, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify([entry.manager, entry.operation, entry.apiVersion, entry.subresource ?? '']);
}

/** Paths nobody owns. */
const UNOWNED = ofPaths(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['metadata', name]),
);

export function stripUnowned(fields: FieldSet): FieldSet {
  return difference(fields, UNOWNED);
}

export function withoutManagedFields(object: JsonObject): JsonObject {
  return withValueAt(object, ['metadata', 'managedFields'], undefined);
}

export function decodeManaged(object: JsonObject | undefined): readonly Managed[] {
  return listAt(object, 'metadata', 'managedFields').flatMap((entry) => {
    if (!isObject(entry) || !isObject(entry['fieldsV1'])) return [];
    return {
      manager: textAt(entry, 'manager') ?? '',
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: textAt(entry, 'apiVersion') ?? '',
      subresource: textAt(entry, 'subresource'),
      time: textAt(entry, 'time'),
      fields: fromFieldsV1(entry['fieldsV1']),
    } satisfies Managed;
  });
}

/** The object with these entries, in the API server's order; without the member when there are none. */
export function encodeManaged(object: JsonObject, entries: readonly Managed[]): JsonObject {
  const kept = entries
    .map((entry) => ({ ...entry, fields: stripUnowned(entry.fields) }))
    .filter((entry) => !isEmpty(entry.fields));
  const list = kept.toSorted(order).map(encodeEntry);
  return withValueAt(object, ['metadata', 'managedFields'], list.length === 0 ? undefined : list);
}

function encodeEntry(entry: Managed): Json {
  return compact({
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    time: entry.time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(entry.fields),
    subresource: entry.subresource,
  });
}

function order(a: Managed, b: Managed): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource ?? '', b.subresource ?? '')
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The `managedFields` to go on from: those the request carries (a client may edit them), unless it carries none or is
 * made through a subresource. `[{}]` resets them.
 */
function startingPoint(live: JsonObject | undefined, next: JsonObject, writer: Writer): readonly Managed[] {
  if (writer.subresource !== undefined) return decodeManaged(live);
  const given = listAt(next, 'metadata', 'managedFields');
  if (given.length === 1 && equalJson(given[0], {})) return [];
  const decoded = decodeManaged(next);
  return decoded.length === 0 ? decodeManaged(live) : decoded;
}

/** `next` with the `managedFields` that this write by `writer` leaves. `live` is absent on create. */
export function trackUpdate(
  live: JsonObject | undefined,
  next: JsonObject,
  schema: Schema | undefined,
  writer: Writer,
): JsonObject {
  const start = startingPoint(live, next, writer);
  const after = withoutManagedFields(next);
  if (live !== undefined && start.length === 0 && listAt(live, 'metadata', 'managedFields').length === 0) return after;
  const before =
    live === undefined
      ? { apiVersion: after['apiVersion'] ?? '', kind: after['kind'] ?? '' }
      : withoutManagedFields(live);
  const compared = compareFields(before, after, schema);
  const changed = differenceBelow(compared.changed, writer.ignored);
  const removed = differenceBelow(compared.removed, writer.ignored);
  const others = start.map((entry) => ({ ...entry, fields: difference(difference(entry.fields, changed), removed) }));
  return encodeManaged(after, capped(takeOver(others, stripUnowned(changed), writer)));
}

function takeOver(entries: readonly Managed[], changed: FieldSet, writer: Writer): readonly Managed[] {
  if (isEmpty(changed)) return entries;
  const own = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: writer.apiVersion,
    subresource: writer.subresource,
  } as const;
  const id = identity(own);
  const previous = entries.find((entry) => identity(entry) === id);
  const fields = previous === undefined ? changed : union(previous.fields, changed);
  return [...entries.filter((entry) => entry !== previous), { ...own, time: writer.time, fields }];
}

/** More managers than this by Update are folded into {@link ANCIENT}, oldest first. */
const MOST_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

function capped(entries: readonly Managed[]): readonly Managed[] {
  const updaters = entries.filter((entry) => entry.operation === 'Update' && !isEmpty(stripUnowned(entry.fields)));
  let surplus = updaters.length - MOST_UPDATERS;
  if (surplus <= 0) return entries;
  const oldestFirst = updaters.toSorted(
    (a, b) => compareTexts(a.time ?? '', b.time ?? '') || compareTexts(managerId(a), managerId(b)),
  );
  const buckets = new Map<string, Managed>();
  const gone = new Set<Managed>();
  for (const entry of oldestFirst) {
    if (surplus <= 0) break;
    const first = buckets.get(entry.apiVersion);
    if (first !== undefined) surplus--;
    gone.add(entry);
    const fields = first === undefined ? entry.fields : union(first.fields, entry.fields);
    const folded = { ...entry, manager: ANCIENT, subresource: undefined, fields };
    buckets.set(entry.apiVersion, first === undefined ? entry : folded);
  }
  return [...entries.filter((entry) => !gone.has(entry)), ...buckets.values()];
}

/** The text kube-apiserver sorts managers of the same time by. */
function managerId(entry: Managed): string {
  const { manager, operation, apiVersion, time, subresource } = entry;
  return JSON.stringify({ manager, operation, apiVersion, time, subresource });
}
