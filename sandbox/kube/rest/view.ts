/**
 * The forms an answer can take: the object, only its metadata, or a table for `kubectl get`; chosen by the Accept
 * header and written straight to text, so that stored JSON is never parsed or cloned again.
 */
import type { Json, JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import { groupVersion } from '../kinds/kind.ts';
import type { Served } from '../registry.ts';
import { StatusError } from '../status.ts';
import type { Entry } from '../storage.ts';

export interface View {
  readonly as: 'object' | 'metadata' | 'table';
  /** For tables: what each row carries. */
  readonly rowObject: 'Metadata' | 'Object' | 'None';
}

export const OBJECT_VIEW: View = { as: 'object', rowObject: 'Metadata' };

/** @throws 406 when none of the accepted forms is ours. */
export function viewOf(accept: string | undefined, includeObject: string | null): View {
  const rowObject = includeObject === 'Object' || includeObject === 'None' ? includeObject : 'Metadata';
  if (accept === undefined || accept.trim() === '') return { as: 'object', rowObject };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const wanted = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (wanted === undefined) return { as: 'object', rowObject };
    if (wanted === 'Table') return { as: 'table', rowObject };
    if (wanted.startsWith('PartialObjectMetadata')) return { as: 'metadata', rowObject };
  }
  throw new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: 'only the following media types are accepted: application/json',
  });
}

/** `{"apiVersion":"v1","kind":"Secret",`: what stands before an entry's body. */
function opening(served: Served): string {
  const apiVersion = groupVersion(served.kind.group, served.version.name);
  return `{"kind":${JSON.stringify(served.kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
}

function metadataText(entry: Entry): string {
  const metadata = JSON.stringify(objectAt(entry.object, 'metadata'));
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${metadata}}`;
}

/** One object. `now`: milliseconds, for the ages of tables. */
export function renderEntry(served: Served, entry: Entry, view: View, now: number): string {
  if (view.as === 'object') return opening(served) + entry.body;
  if (view.as === 'metadata') return metadataText(entry);
  return renderTable(served, [entry], view, now, { resourceVersion: String(entry.version) });
}

/** An object that is not stored, e.g. the result of a dry run. */
export function renderObject(served: Served, object: JsonObject, view: View, now: number): string {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  const entry = { namespace: '', name: '', uid: '', version: 0, object, body: JSON.stringify(rest).slice(1) };
  return renderEntry(served, entry, view, now);
}

export function renderList(
  served: Served,
  entries: readonly Entry[],
  view: View,
  now: number,
  metadata: JsonObject,
): string {
  const { continue: token, ...others } = metadata;
  const typed = token === '' ? others : metadata;
  if (view.as === 'table') return renderTable(served, entries, view, now, typed);
  const partial = view.as === 'metadata';
  const kind = partial ? 'PartialObjectMetadataList' : served.kind.listKind;
  const apiVersion = partial ? 'meta.k8s.io/v1' : groupVersion(served.kind.group, served.version.name);
  const itemOpening = served.kind.custom ? opening(served) : '{';
  const items = entries.map((entry) => (partial ? metadataText(entry) : itemOpening + entry.body));
  const head = JSON.stringify({ kind, apiVersion, metadata: partial ? typed : metadata }).slice(0, -1);
  return `${head},"items":[${items.join(',')}]}`;
}

function renderTable(served: Served, entries: readonly Entry[], view: View, now: number, metadata: JsonObject): string {
  const { columns } = served.version;
  const columnDefinitions = columns.map(({ name, type, format = '', description = '', priority }) => ({
    name,
    type: type === 'date' && !served.kind.custom ? 'string' : type,
    format,
    description,
    priority,
  }));
  const rows = entries.map((entry) => {
    const cells = JSON.stringify(columns.map((column) => column.cell(entry.object, now)));
    return `{"cells":${cells}${rowObject(served, entry, view)}}`;
  });
  const head = JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions,
  } satisfies Json).slice(0, -1);
  return `${head},"rows":[${rows.join(',')}]}`;
}

function rowObject(served: Served, entry: Entry, view: View): string {
  if (view.rowObject === 'None') return ',"object":null';
  return `,"object":${view.rowObject === 'Object' ? opening(served) + entry.body : metadataText(entry)}`;
}
