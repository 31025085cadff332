/**
 * What the API server does to an object between decoding and storing: system metadata, the split between spec and
 * status, generation, ownership of fields, validation.
 */
import { randomInt } from 'node:crypto';
import type { Cluster } from '../cluster.ts';
import { newUid, timestamp } from '../cluster.ts';
import type { FieldSet } from '../fields/field-set.ts';
import { NOTHING, ofPaths } from '../fields/field-set.ts';
import type { Writer } from '../fields/managed-fields.ts';
import { trackUpdate } from '../fields/managed-fields.ts';
import type { JsonObject } from '../json.ts';
import { compact, equalJson, objectAt, textAt, withMember, withValueAt } from '../json.ts';
import { groupVersion } from '../kinds/kind.ts';
import { validateMetadata, validateMetadataUpdate } from '../kinds/names.ts';
import { checkObjectRules } from '../schema/rules.ts';
import { validateObject, validateStatus } from '../schema/validate.ts';
import { MODIFIED, StatusError, conflict, invalid } from '../status.ts';
import type { Target, Terms } from './target.ts';

export function writerOf(cluster: Cluster, target: Target, terms: Terms): Writer {
  return {
    manager: terms.manager,
    apiVersion: groupVersion(target.kind.group, target.version.name),
    subresource: target.subresource === '' ? undefined : target.subresource,
    time: timestamp(cluster),
    ignored: ignoredFields(target),
  };
}

function ignoredFields(target: Target): FieldSet {
  if (target.subresource === 'status')
    return target.kind.custom ? ofPaths(['apiVersion'], ['kind'], ['metadata'], ['spec']) : ofPaths(['spec']);
  return target.version.hasStatus ? ofPaths(['status']) : NOTHING;
}

const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789';

function generatedName(prefix: string): string {
  const suffix = Array.from({ length: 5 }, () => SUFFIX[randomInt(SUFFIX.length)]).join('');
  return prefix.slice(0, 63 - 5) + suffix;
}

/** A decoded object with what the server fills in on create; apiVersion becomes that of storage. */
export function prepareCreate(cluster: Cluster, target: Target, object: JsonObject, terms: Terms): JsonObject {
  const named = withCreationMetadata(cluster, target, object);
  const { hasStatus } = target.version;
  const withoutStatus = hasStatus && target.kind.custom ? withMember(named, 'status', undefined) : named;
  const tracked = trackUpdate(undefined, withoutStatus, target.version.schema, writerOf(cluster, target, terms));
  const { prepareCreate: prepare } = target.kind.rules;
  const prepared = prepare === undefined ? tracked : prepare(tracked);
  return stored(target, target.kind.hasGeneration ? withValueAt(prepared, ['metadata', 'generation'], 1) : prepared);
}

/** The server's own metadata on a new object; ownership is left to the caller. */
export function withCreationMetadata(cluster: Cluster, target: Target, object: JsonObject): JsonObject {
  const given = objectAt(object, 'metadata');
  if ((textAt(given, 'resourceVersion') ?? '') !== '')
    throw new StatusError({
      code: 500,
      reason: '',
      message: 'resourceVersion should not be set on objects to be created',
    });
  const prefix = textAt(given, 'generateName');
  const name = textAt(given, 'name') || (prefix === undefined ? undefined : generatedName(prefix));
  const {
    deletionTimestamp: _1,
    deletionGracePeriodSeconds: _2,
    selfLink: _3,
    resourceVersion: _4,
    generation: _5,
    ...kept
  } = given;
  const metadata = compact({
    ...kept,
    name,
    namespace: target.kind.namespaced ? target.namespace : undefined,
    uid: newUid(),
    creationTimestamp: timestamp(cluster),
  });
  return { ...object, metadata: tidyMetadata(metadata) };
}

/** Empty maps and lists in metadata are absent, as Go's omitempty makes them. */
function tidyMetadata(metadata: JsonObject): JsonObject {
  const empty = (value: unknown): boolean =>
    value === null || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => !empty(value)));
}

function stored(target: Target, object: JsonObject): JsonObject {
  const apiVersion = groupVersion(target.kind.group, target.kind.storageVersion);
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  return { apiVersion, kind: target.kind.kind, metadata: metadata ?? {}, ...rest };
}

/**
 * The object that replaces `old`.
 * @param track false when ownership was settled by an Apply.
 */
export function prepareUpdate(
  cluster: Cluster,
  target: Target,
  next: JsonObject,
  old: JsonObject,
  terms: Terms,
  track: boolean,
): JsonObject {
  const merged = withSystemMetadata(selectPart(target, next, old), old);
  const tracked = track ? trackUpdate(old, merged, target.version.schema, writerOf(cluster, target, terms)) : merged;
  const { prepareUpdate: prepare } = target.kind.rules;
  const prepared = prepare === undefined || target.subresource !== '' ? tracked : prepare(tracked, old);
  return stored(target, withGeneration(target, prepared, old));
}

/** Main writes keep the stored status, status writes keep everything else. */
function selectPart(target: Target, next: JsonObject, old: JsonObject): JsonObject {
  if (target.subresource === 'status') {
    const metadata = compact({
      ...objectAt(old, 'metadata'),
      managedFields: objectAt(next, 'metadata')['managedFields'],
    });
    const base = { ...next, ...old, apiVersion: next['apiVersion'] ?? '', metadata };
    return withMember(base, 'status', next['status']);
  }
  if (target.subresource === 'finalize')
    return withMember({ ...old, apiVersion: next['apiVersion'] ?? '' }, 'spec', next['spec']);
  return target.version.hasStatus ? withMember(next, 'status', old['status']) : next;
}

function withSystemMetadata(next: JsonObject, old: JsonObject): JsonObject {
  const before = objectAt(old, 'metadata');
  const { selfLink: _selfLink, ...given } = objectAt(next, 'metadata');
  const kept = Object.fromEntries(
    (
      [
        'name',
        'namespace',
        'uid',
        'resourceVersion',
        'generation',
        'creationTimestamp',
        'deletionTimestamp',
        'deletionGracePeriodSeconds',
        'generateName',
      ] as const
    ).map((field) => [field, before[field]] as const),
  );
  return { ...next, metadata: tidyMetadata(compact({ ...given, ...kept })) };
}

function withGeneration(target: Target, next: JsonObject, old: JsonObject): JsonObject {
  if (!target.kind.hasGeneration || target.subresource !== '' || equalJson(specOf(target, next), specOf(target, old)))
    return next;
  const generation = objectAt(old, 'metadata')['generation'];
  return withValueAt(next, ['metadata', 'generation'], (typeof generation === 'number' ? generation : 0) + 1);
}

/** What generation counts: everything but metadata and, where it is a subresource, status. */
function specOf(target: Target, object: JsonObject): JsonObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object;
  return target.version.hasStatus ? withMember(rest, 'status', undefined) : rest;
}

/** @throws 422 with every broken rule. */
export function checkObject(target: Target, object: JsonObject, old: JsonObject | undefined): void {
  const { kind, version } = target;
  const style = kind.kind === 'Namespace' && kind.group === '' ? 'label' : 'subdomain';
  const errors = validateMetadata(object, style, kind.group === '');
  if (old !== undefined)
    errors.push(...validateMetadataUpdate(object, old), ...(kind.rules.validateUpdate?.(object, old) ?? []));
  errors.push(...(kind.rules.validate?.(object) ?? []));
  if (kind.custom) {
    const shape =
      target.subresource === 'status' && old !== undefined
        ? validateStatus(object, version.schema, old)
        : validateObject(object, version.schema, old);
    errors.push(...shape, ...checkObjectRules(object, version.schema, shape, old));
  }
  if (errors.length > 0) throw invalid(kind.group, kind.kind, textAt(object, 'metadata', 'name') ?? '', errors);
}

/** @throws 400 or 409 when the sent metadata names another object or another version than the stored one. */
export function checkPreconditions(target: Target, sent: JsonObject, old: JsonObject): void {
  const metadata = objectAt(sent, 'metadata');
  const version = textAt(metadata, 'resourceVersion') ?? '';
  const uid = textAt(metadata, 'uid') ?? '';
  const storedUid = textAt(old, 'metadata', 'uid') ?? '';
  if (uid !== '' && uid !== storedUid) throw conflict(target.kind, target.name, uidMismatch(target, uid, storedUid));
  if (version === '' && !target.kind.unconditionalUpdate)
    throw invalid(target.kind.group, target.kind.plural, target.name, [
      {
        field: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        text: 'Invalid value: 0: must be specified for an update',
      },
    ]);
  if (version !== '' && version !== textAt(old, 'metadata', 'resourceVersion'))
    throw conflict(target.kind, target.name, MODIFIED);
}

/** The storage's words for a write that was meant for another object of the same name. */
export function uidMismatch(target: Target, wanted: string, actual: string): string {
  const { group, plural } = target.kind;
  const key = ['/registry', ...(target.kind.custom ? [group] : []), plural, target.namespace, target.name];
  return `StorageError: invalid object, Code: 4, Key: ${key.filter((part) => part !== '').join('/')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`;
}
