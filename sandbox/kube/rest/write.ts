/**
 * Create, update and patch. Each reads the stored object, computes the new one, asks the webhooks, and stores it if
 * nobody else wrote meanwhile.
 */
import type { AdmissionRequest, Cluster } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import { applyConfiguration } from '../fields/apply.ts';
import type { Json, JsonObject } from '../json.ts';
import { canonicalText, equalJson, listAt, objectAt, textAt, withValueAt } from '../json.ts';
import { accepted } from '../kinds/custom-resource-definition.ts';
import { groupVersion } from '../kinds/kind.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from '../patch.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, notFound } from '../status.ts';
import type { Entry } from '../storage.ts';
import { complete, decode } from './decode.ts';
import {
  checkObject,
  checkPreconditions,
  prepareCreate,
  prepareUpdate,
  withCreationMetadata,
  writerOf,
} from './prepare.ts';
import type { Target, Terms } from './target.ts';

/** What a write left behind. */
export interface Written {
  readonly object: JsonObject;
  readonly created: boolean;
}

export async function create(cluster: Cluster, target: Target, body: Json, terms: Terms): Promise<Written> {
  const decoded = decode(target, body, terms);
  checkUrlNames(target, decoded);
  return {
    object: await store(cluster, target, prepareCreate(cluster, target, complete(target, decoded), terms), terms),
    created: true,
  };
}

/** The last steps of every creation: namespace, webhooks, rules, uniqueness. */
async function store(cluster: Cluster, target: Target, object: JsonObject, terms: Terms): Promise<JsonObject> {
  const name = textAt(object, 'metadata', 'name') ?? '';
  const named = { ...target, name };
  checkNamespace(cluster, named);
  await cluster.admission.review(admissionOf(named, terms, 'CREATE', object, undefined));
  checkObject(named, object, undefined);
  const table = tableOf(cluster, target.kind);
  if (table.get(target.namespace, name) !== undefined) throw alreadyExists(target.kind, name);
  return terms.dryRun ? object : commit(cluster, named, object);
}

function commit(cluster: Cluster, target: Target, object: JsonObject): JsonObject {
  const { kind } = target;
  const isDefinition = kind.group === 'apiextensions.k8s.io' && target.subresource === '';
  const final = isDefinition ? accepted(object, textAt(object, 'metadata', 'creationTimestamp') ?? '') : object;
  if (isDefinition) cluster.registry.define(final);
  return cluster.storage.put(tableOf(cluster, kind), final).object;
}

/** @throws 404 when the namespace is missing, 403 when it is being deleted. */
function checkNamespace(cluster: Cluster, target: Target): void {
  if (!target.kind.namespaced) return;
  const namespaces = { group: '', plural: 'namespaces' };
  const entry = tableOf(cluster, namespaces).get('', target.namespace);
  if (entry === undefined) throw notFound(namespaces, target.namespace);
  if (textAt(entry.object, 'metadata', 'deletionTimestamp') === undefined) return;
  const why = `unable to create new content in namespace ${target.namespace} because it is being terminated`;
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${target.namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  throw forbidden(target.kind, target.name, why, [cause]);
}

function checkUrlNames(target: Target, object: JsonObject): void {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  if (target.kind.namespaced && namespace !== '' && namespace !== target.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const name = textAt(object, 'metadata', 'name') ?? '';
  if (target.name !== '' && name !== '' && name !== target.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
}

export async function update(cluster: Cluster, target: Target, body: Json, terms: Terms): Promise<Written> {
  const decoded = decode(target, body, terms);
  checkUrlNames(target, decoded);
  if (textAt(decoded, 'metadata', 'name') === undefined)
    throw badRequest('the name of the object (based on URL) was undeterminable: name must be provided');
  const completed = complete(target, decoded);
  const found = tableOf(cluster, target.kind).get(target.namespace, target.name);
  if (found === undefined && target.kind.createOnUpdate && target.subresource === '')
    return {
      object: await store(cluster, target, prepareCreate(cluster, target, completed, terms), terms),
      created: true,
    };
  const compute = (old: JsonObject): JsonObject => {
    checkPreconditions(target, completed, old);
    return completed;
  };
  return { object: await replace(cluster, target, compute, terms, true), created: false };
}

export const PATCH_TYPES = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
} as const;

export type PatchType = (typeof PATCH_TYPES)[keyof typeof PATCH_TYPES];

export async function patch(
  cluster: Cluster,
  target: Target,
  type: PatchType,
  body: Json,
  terms: Terms,
  force: boolean,
): Promise<Written> {
  if (type === 'apply') return apply(cluster, target, body, terms, force);
  const compute = (old: JsonObject): JsonObject => {
    const served = { ...old, apiVersion: groupVersion(target.kind.group, target.version.name) };
    const decoded = decode(target, patched(type, served, body), terms);
    checkPatchedNames(target, decoded, old);
    return complete(target, decoded);
  };
  return { object: await replace(cluster, target, compute, terms, true), created: false };
}

function patched(type: Exclude<PatchType, 'apply'>, object: JsonObject, body: Json): Json {
  switch (type) {
    case 'json':
      return jsonPatch(object, body);
    case 'merge':
      return mergePatch(object, body);
    case 'strategic':
      return strategicMergePatch(object, body);
    default:
      return type satisfies never;
  }
}

function checkPatchedNames(target: Target, next: JsonObject, old: JsonObject): void {
  checkUrlNames(target, next);
  const version = textAt(next, 'metadata', 'resourceVersion') ?? '';
  if (version !== '' && version !== textAt(old, 'metadata', 'resourceVersion'))
    throw conflict(
      target.kind,
      target.name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  const uid = textAt(next, 'metadata', 'uid') ?? '';
  const storedUid = textAt(old, 'metadata', 'uid') ?? '';
  // A patch of a status keeps the stored metadata, whatever it says of them.
  if (target.subresource === 'status' || uid === '' || uid === storedUid) return;
  const text = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
  throw invalid(target.kind.group, target.kind.kind, target.name, [
    { field: 'metadata.uid', reason: 'FieldValueInvalid', text },
  ]);
}

async function apply(cluster: Cluster, target: Target, body: Json, terms: Terms, force: boolean): Promise<Written> {
  const config = decode(target, body, terms);
  checkUrlNames(target, config);
  if (listAt(config, 'metadata', 'managedFields').length > 0) throw badRequest('metadata.managedFields must be nil');
  const { schema } = target.version;
  const writer = writerOf(cluster, target, terms);
  const found = tableOf(cluster, target.kind).get(target.namespace, target.name);
  if (found === undefined) {
    if (target.subresource !== '') throw notFound(target.kind, target.name);
    const named = withValueAt(config, ['metadata', 'name'], target.name);
    const applied = applyConfiguration(undefined, named, schema, writer, force);
    const fresh = withCreationMetadata(cluster, target, complete(target, applied));
    return {
      object: await store(cluster, target, prepareApplied(cluster, target, fresh, terms), terms),
      created: true,
    };
  }
  const compute = (old: JsonObject): JsonObject => {
    checkPatchedNames(target, config, old);
    const served = { ...old, apiVersion: groupVersion(target.kind.group, target.version.name) };
    const merged = applyConfiguration(served, config, schema, writer, force);
    return complete(target, withLastApplied(merged, config, terms));
  };
  return { object: await replace(cluster, target, compute, terms, false), created: false };
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** kubectl's own annotation, where it is already there, follows what kubectl applies server-side. */
function withLastApplied(object: JsonObject, config: JsonObject, terms: Terms): JsonObject {
  const path = ['metadata', 'annotations', LAST_APPLIED];
  if (terms.manager !== 'kubectl' || textAt(object, ...path) === undefined) return object;
  return withValueAt(object, path, `${canonicalText(config)}\n`);
}

/** A creation by Apply: ownership is settled, the rest is as in any creation. */
function prepareApplied(cluster: Cluster, target: Target, object: JsonObject, terms: Terms): JsonObject {
  const managed = objectAt(object, 'metadata')['managedFields'];
  return withValueAt(prepareCreate(cluster, target, object, terms), ['metadata', 'managedFields'], managed);
}

/** Computes and stores until nobody interferes. A write that changes nothing stores nothing. */
export async function replace(
  cluster: Cluster,
  target: Target,
  compute: (old: JsonObject) => JsonObject,
  terms: Terms,
  track: boolean,
): Promise<JsonObject> {
  const table = tableOf(cluster, target.kind);
  for (;;) {
    const entry = table.get(target.namespace, target.name);
    if (entry === undefined) throw notFound(target.kind, target.name);
    const next = prepareUpdate(cluster, target, compute(entry.object), entry.object, terms, track);
    if (equalJson(next, entry.object)) return entry.object;
    checkObject(target, next, entry.object);
    await cluster.admission.review(admissionOf(target, terms, 'UPDATE', next, entry.object));
    if (table.get(target.namespace, target.name) !== entry) continue;
    if (terms.dryRun) return next;
    return isFinished(next) ? finish(cluster, target, entry, next) : commit(cluster, target, next);
  }
}

function isFinished(object: JsonObject): boolean {
  const isNamespace = object['kind'] === 'Namespace' && object['apiVersion'] === 'v1';
  return (
    textAt(object, 'metadata', 'deletionTimestamp') !== undefined &&
    listAt(object, 'metadata', 'finalizers').length === 0 &&
    (!isNamespace || listAt(object, 'spec', 'finalizers').length === 0)
  );
}

/** The last finalizer went: the object goes with it. */
function finish(cluster: Cluster, target: Target, entry: Entry, last: JsonObject): JsonObject {
  return cluster.storage.remove(tableOf(cluster, target.kind), entry, last).object;
}

export function admissionOf(
  target: Target,
  terms: Terms,
  operation: AdmissionRequest['operation'],
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): AdmissionRequest {
  return {
    kind: target.kind,
    version: target.version.name,
    operation,
    subresource: target.subresource,
    namespace: target.namespace,
    name: target.name,
    object,
    oldObject,
    dryRun: terms.dryRun,
    user: terms.user,
    warnings: terms.warnings,
  };
}
