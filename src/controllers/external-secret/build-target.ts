/**
 * From what is there and what is wanted to the Secret to be written (`behaviour.md` 1.7, 1.8). Pure: no clock, no API server.
 * Comparing the result with what was there is the whole write decision.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta, OwnerReference, Stored } from '../../kube/types.ts';
import { hashData } from './hash.ts';
import { createdByOf, CREATED_BY_LABEL, DATA_HASH_ANNOTATION, fieldManagerOf, MANAGED_LABEL } from './names.ts';
import { Problem } from './problem.ts';
import { decodedData, encodedData, ownedBy, without, writableMeta, type SecretObject } from './secret-object.ts';
import { controllerOf } from './target-view.ts';

export type CreationPolicy = 'Owner' | 'Orphan' | 'Merge' | 'CreateOrMerge' | 'None';

/** The ExternalSecret as far as its target must know it. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly creationPolicy: CreationPolicy;
}

/** What the ExternalSecret asks for, after fetching and rendering. */
export interface DesiredSecret {
  readonly name: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  /** Undefined: keep what is there. */
  readonly type: string | undefined;
  readonly immutable: boolean;
}

const API_GROUP = 'external-secrets.io';
const API_VERSION = `${API_GROUP}/v1`;
const KIND = 'ExternalSecret';

/** The Secret to create or to update `existing` to. @throws Problem when it belongs to somebody else. */
export function buildTarget(
  owner: Owner,
  desired: DesiredSecret,
  existing: Stored<SecretObject> | undefined,
): SecretObject {
  if (existing !== undefined) refuseForeignOwner(owner, existing.metadata);
  const frozen = desired.immutable && existing !== undefined;
  const body = frozen ? existing : fill(owner, desired, existing);
  const data = body.data ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    ...(body.type === undefined ? {} : { type: body.type }),
    ...(desired.immutable || existing?.immutable === true ? { immutable: true } : {}),
    metadata: mark(owner, body.metadata, hashData(decodedData({ metadata: {}, data }))),
    data,
  };
}

/** True when writing `next` over `existing` would change nothing. */
export function isUnchanged(existing: Stored<SecretObject>, next: SecretObject): boolean {
  return isDeepStrictEqual(comparable(existing), comparable(next));
}

/** True when only metadata differs: all that an immutable Secret accepts. */
export function onlyMetadataDiffers(existing: Stored<SecretObject>, next: SecretObject): boolean {
  const before = comparable(existing);
  const after = comparable(next);
  return isDeepStrictEqual(before.data, after.data) && before.type === after.type;
}

function fill(owner: Owner, desired: DesiredSecret, existing: Stored<SecretObject> | undefined): SecretObject {
  const owned = ownedBy(fieldManagerOf(owner.name), existing?.metadata.managedFields);
  const keepsForeignKeys = owner.creationPolicy === 'Merge' || owner.creationPolicy === 'CreateOrMerge';
  const kept = keepsForeignKeys ? without(existing?.data, owned.data) : {};
  const metadata =
    existing === undefined ? { namespace: owner.namespace, name: desired.name } : writableMeta(existing.metadata);
  const type = desired.type ?? existing?.type;
  return {
    ...(type === undefined ? {} : { type }),
    metadata: {
      ...metadata,
      labels: { ...without(existing?.metadata.labels, owned.labels), ...desired.labels },
      annotations: { ...without(existing?.metadata.annotations, owned.annotations), ...desired.annotations },
      ...finalizersOf(existing?.metadata, desired.finalizers),
    },
    data: { ...kept, ...encodedData(desired.data) },
  };
}

function finalizersOf(existing: ObjectMeta | undefined, wanted: readonly string[]): { finalizers?: readonly string[] } {
  const present = existing?.finalizers ?? [];
  const added = existing?.deletionTimestamp === undefined ? wanted.filter((each) => !present.includes(each)) : [];
  return present.length + added.length === 0 ? {} : { finalizers: [...present, ...added] };
}

/** Ownership, managed label and data hash: set last, after owned labels and annotations were purged. */
export function mark(owner: Owner, metadata: ObjectMeta, dataHash: string): ObjectMeta {
  const isOwner = owner.creationPolicy === 'Owner';
  const { [CREATED_BY_LABEL]: _createdBy, ...labels } = metadata.labels ?? {};
  const { ownerReferences: references = [], ...rest } = metadata;
  const owners = isOwner
    ? withOwner(owner, references)
    : references.filter((each) => !isThisExternalSecret(owner, each));
  return {
    ...rest,
    labels: {
      ...labels,
      [MANAGED_LABEL]: 'true',
      ...(isOwner ? { [CREATED_BY_LABEL]: createdByOf(owner.namespace, owner.name) } : {}),
    },
    annotations: { ...metadata.annotations, [DATA_HASH_ANNOTATION]: dataHash },
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
  };
}

/** Keeps the order and an equal reference as it is: a takeover must not rewrite what already says the same. */
function withOwner(owner: Owner, references: readonly OwnerReference[]): readonly OwnerReference[] {
  const present = references.findIndex((each) => isThisExternalSecret(owner, each));
  if (present < 0) return [...references, ownerReference(owner)];
  const { uid, controller } = references[present]!;
  return uid === owner.uid && controller === true ? references : references.with(present, ownerReference(owner));
}

export function ownerReference(owner: Owner): OwnerReference {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    name: owner.name,
    uid: owner.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Same kind and name, whatever UID: after a restore from backup the new object takes its Secret back. */
export function isThisExternalSecret(owner: Pick<Owner, 'name'>, reference: OwnerReference): boolean {
  return isExternalSecret(reference) && reference.name === owner.name;
}

function isExternalSecret(reference: OwnerReference): boolean {
  return reference.kind === KIND && reference.apiVersion.split('/')[0] === API_GROUP;
}

/** @throws Problem when somebody else controls the target, which is of this kind. */
export function refuseForeignOwner(owner: Owner, metadata: ObjectMeta, kind = 'Secret'): void {
  const controller = controllerOf(metadata);
  if (controller === undefined || isThisExternalSecret(owner, controller)) return;
  const target = `${kind} ${metadata.namespace}/${metadata.name}`;
  if (isExternalSecret(controller)) {
    throw new Problem(
      'ownedByOther',
      `${target} belongs to ExternalSecret "${controller.name}"; choose another spec.target.name or remove one of the two`,
      { permanent: true },
    );
  }
  if (owner.creationPolicy === 'Owner') {
    throw new Problem(
      'owner',
      `${target} is controlled by ${controller.kind} "${controller.name}"; choose another spec.target.name, or creationPolicy Merge to add keys to it`,
      { permanent: true },
    );
  }
}

function comparable(secret: SecretObject): Record<string, unknown> {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = secret.metadata;
  return {
    type: secret.type ?? 'Opaque',
    immutable: secret.immutable ?? false,
    data: { ...secret.data },
    labels,
    annotations,
    ownerReferences: ownerReferences.map((each) => ({ ...each })),
    finalizers: [...finalizers],
  };
}
