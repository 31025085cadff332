/**
 * Get and list: selection, resource version semantics, paging.
 */
import type { Cluster } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import type { JsonObject } from '../json.ts';
import { compact, textAt } from '../json.ts';
import type { Served } from '../registry.ts';
import type { FieldReader, Predicate } from '../selectors.ts';
import { fieldSelector, labelSelector } from '../selectors.ts';
import { StatusError, badRequest, expired } from '../status.ts';
import type { Entry, Table } from '../storage.ts';
import { sortKey } from '../storage.ts';

export interface Selection {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly matches: Predicate;
  /** Neither a label nor a field selector was given. */
  readonly everything: boolean;
}

/** @param name restricts to one object, as `GET …/name?watch=true` does. */
export function selectionOf(
  served: Served,
  namespace: string | undefined,
  query: URLSearchParams,
  name?: string,
): Selection {
  const fields = fieldSelector(query.get('fieldSelector') ?? undefined, selectableFields(served));
  const labels = labelSelector(query.get('labelSelector') ?? undefined);
  const named: Predicate | undefined =
    name === undefined ? undefined : (object) => textAt(object, 'metadata', 'name') === name;
  const tests = [fields, labels, named].filter((test) => test !== undefined);
  return { namespace, matches: (object) => tests.every((test) => test(object)), everything: tests.length === 0 };
}

function selectableFields(served: Served): ReadonlyMap<string, FieldReader> {
  return new Map([
    ...served.version.selectable,
    ['metadata.name', (object: JsonObject) => textAt(object, 'metadata', 'name') ?? ''] as const,
    ['metadata.namespace', (object: JsonObject) => textAt(object, 'metadata', 'namespace') ?? ''] as const,
  ]);
}

export interface Page {
  readonly entries: readonly Entry[];
  readonly metadata: JsonObject;
}

interface Cursor {
  readonly version: number;
  readonly after: string;
}

export function list(cluster: Cluster, served: Served, selection: Selection, query: URLSearchParams): Page {
  const table = tableOf(cluster, served.kind);
  const cursor = cursorOf(query.get('continue'));
  const version = cursor?.version ?? exactVersion(cluster, query) ?? cluster.storage.version;
  const state = entriesAt(cluster, table, version, selection.namespace, cursor !== undefined);
  const all = state
    .filter((entry) => selection.matches(entry.object))
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const rest = cursor === undefined ? all : all.filter((entry) => sortKey(entry) > cursor.after);
  const limit = Number(query.get('limit') ?? 0);
  const entries = limit > 0 ? rest.slice(0, limit) : rest;
  return {
    entries,
    metadata: pageMetadata(version, entries, rest.length - entries.length, selection, served.kind.custom),
  };
}

function pageMetadata(
  version: number,
  entries: readonly Entry[],
  remaining: number,
  selection: Selection,
  custom: boolean,
): JsonObject {
  const last = entries.at(-1);
  const more = remaining > 0 && last !== undefined;
  const cursor: Cursor = { version, after: last === undefined ? '' : sortKey(last) };
  return compact({
    resourceVersion: String(version),
    continue: more ? Buffer.from(JSON.stringify(cursor)).toString('base64url') : custom ? '' : undefined,
    remainingItemCount: more && selection.everything ? remaining : undefined,
  });
}

function cursorOf(token: string | null): Cursor | undefined {
  if (token === null || token === '') return undefined;
  try {
    const cursor = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Cursor;
    if (typeof cursor.version === 'number' && typeof cursor.after === 'string') return cursor;
  } catch {
    // falls through to the refusal: the token is not one of ours
  }
  throw badRequest('continue key is not valid: illegal base64 data');
}

/** The version a list must be of (`resourceVersionMatch=Exact`); others are served the newest state. */
function exactVersion(cluster: Cluster, query: URLSearchParams): number | undefined {
  const wanted = versionOf(query.get('resourceVersion'));
  if (wanted === undefined || wanted === 0) return undefined;
  if (wanted > cluster.storage.version) throw tooLarge(wanted, cluster.storage.version);
  const exact = query.get('resourceVersionMatch') === 'Exact';
  return exact ? wanted : undefined;
}

/** @throws 400 when it is no number. */
export function versionOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function tooLarge(wanted: number, current: number): StatusError {
  const message = `Too large resource version: ${wanted}, current: ${current}`;
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

function entriesAt(
  cluster: Cluster,
  table: Table,
  version: number,
  namespace: string | undefined,
  paging: boolean,
): Entry[] {
  if (version === cluster.storage.version) return [...table.entries(namespace)];
  const entries = table.at(version, namespace);
  if (entries !== undefined) return entries;
  throw expired(
    paging
      ? 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
      : `The resourceVersion for the provided list is too old.`,
  );
}
