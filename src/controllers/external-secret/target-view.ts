/**
 * What we keep of each target, mostly a Secret: enough to tell whether it is still what we wrote, without its body and without
 * its `managedFields` (D51). Made in the watch's transform, so the full metadata never stays in memory.
 */
import { hash } from 'node:crypto';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference, Stored } from '../../kube/types.ts';
import { CREATED_BY_LABEL, DATA_HASH_ANNOTATION, FIELD_MANAGER_PREFIX, MANAGED_LABEL } from './names.ts';

export interface TargetView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Carries the managed label. */
  readonly managed: boolean;
  /** Hash of its data as of the last write by an operator; undefined when nobody left one. */
  readonly dataHash: string | undefined;
  readonly createdBy: string | undefined;
  readonly controller: OwnerReference | undefined;
  /** Fingerprint of who wrote which data key when. Moves with every foreign write to data. */
  readonly dataWriters: string;
  /** Somebody other than an operator wrote data after (or in the same second as) the operator's last write. */
  readonly foreignDataWrite: boolean;
  /** Fingerprint of labels, annotations and owner references. */
  readonly metaPrint: string;
}

/** Which fields of an entry of `managedFields` are the object's content; empty: none. */
export type ContentFields = (entry: ManagedFieldsEntry) => readonly string[];

export function viewTarget(secret: Stored, contentFields: ContentFields = dataKeys): TargetView {
  const { metadata } = secret;
  const writers = writersOf(metadata.managedFields ?? [], contentFields);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    managed: metadata.labels?.[MANAGED_LABEL] === 'true',
    dataHash: metadata.annotations?.[DATA_HASH_ANNOTATION],
    createdBy: metadata.labels?.[CREATED_BY_LABEL],
    controller: controllerOf(metadata),
    dataWriters: fingerprint(writers.map((writer) => `${writer.manager}@${writer.time}:${writer.keys.join(',')}`)),
    foreignDataWrite: wroteAfterUs(writers),
    metaPrint: metaPrintOf(metadata),
  };
}

export function controllerOf(metadata: ObjectMeta): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** Fingerprint of everything in metadata that an ExternalSecret may manage. */
export function metaPrintOf(metadata: ObjectMeta): string {
  return fingerprint([
    ...sortedEntries(metadata.labels),
    '|',
    ...sortedEntries(metadata.annotations),
    '|',
    ...(metadata.ownerReferences ?? []).map((owner) => `${owner.kind}/${owner.name}/${owner.uid}/${owner.controller}`),
  ]);
}

interface DataWriter {
  readonly manager: string;
  readonly time: string;
  readonly keys: readonly string[];
}

function writersOf(entries: readonly ManagedFieldsEntry[], contentFields: ContentFields): readonly DataWriter[] {
  return entries.flatMap((entry) => {
    const keys = contentFields(entry);
    return keys.length === 0 ? [] : [{ manager: entry.manager ?? '', time: entry.time ?? '', keys }];
  });
}

/** Of a Secret: its keys. */
function dataKeys(entry: ManagedFieldsEntry): readonly string[] {
  const data = entry.fieldsV1?.['f:data'];
  return typeof data !== 'object' || data === null ? [] : Object.keys(data).sort();
}

/** Times have second precision: a write in the same second as ours may have come after it. */
function wroteAfterUs(writers: readonly DataWriter[]): boolean {
  const isOurs = (writer: DataWriter): boolean => writer.manager.startsWith(FIELD_MANAGER_PREFIX);
  const ourLast = writers.filter(isOurs).reduce((latest, writer) => (writer.time > latest ? writer.time : latest), '');
  return writers.some((writer) => !isOurs(writer) && writer.time >= ourLast);
}

function sortedEntries(map: Readonly<Record<string, string>> | undefined): readonly string[] {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
}

function fingerprint(parts: readonly string[]): string {
  return hash('sha1', parts.join('\n'), 'base64').slice(0, 16);
}
