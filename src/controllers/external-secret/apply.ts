/**
 * Brings the target Secret to what is wanted, with as few calls as the cached metadata allows: nothing at all when it proves that
 * nothing changed, otherwise read, compare, and one Update under our field manager with the version that was read (D3, D51).
 */
import { createHash } from 'node:crypto';
import { secrets } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { AlreadyExistsError, NotFoundError } from '../../kube/errors.ts';
import type { Stored } from '../../kube/types.ts';
import {
  buildTarget,
  isThisExternalSecret,
  isUnchanged,
  onlyMetadataDiffers,
  type DesiredSecret,
  type Owner,
} from './build-target.ts';
import { CREATED_BY_LABEL, DATA_HASH_ANNOTATION, fieldManagerOf } from './names.ts';
import { Problem } from './problem.ts';
import { writableMeta, type SecretObject } from './secret-object.ts';
import { controllerOf, viewTarget, type TargetView } from './target-view.ts';
import { targetValidity, type TargetRecord } from './validity.ts';

export type Outcome = 'created' | 'updated' | 'unchanged' | 'missing' | 'none';

export interface Applied {
  readonly outcome: Outcome;
  /** What to remember of the target; undefined when there is none. */
  readonly target: TargetRecord | undefined;
}

export interface Target {
  readonly client: KubeClient;
  readonly owner: Owner;
  /** The target as the cache shows it. */
  readonly view: TargetView | undefined;
  readonly signal: AbortSignal;
}

/** What was applied before, as remembered. */
export interface AppliedBefore {
  readonly target: TargetRecord | undefined;
  readonly desired: string | undefined;
}

export async function applyTarget(target: Target, desired: DesiredSecret, before: AppliedBefore): Promise<Applied> {
  if (target.owner.creationPolicy === 'None') return { outcome: 'none', target: undefined };
  if (isProvenUnchanged(target, desiredPrint(desired), before)) return { outcome: 'unchanged', target: before.target };
  const mustLook = target.view !== undefined || target.owner.creationPolicy === 'Merge';
  const existing = mustLook ? await readSecret(target, desired.name) : undefined;
  return existing === undefined ? create(target, desired) : update(target, desired, existing);
}

/** Fingerprint of everything asked for: two equal ones need no second look at an untouched target. */
export function desiredPrint(desired: DesiredSecret): string {
  const hash = createHash('sha256');
  const { data, ...rest } = desired;
  hash.update(JSON.stringify(rest));
  for (const [key, bytes] of [...data].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\n${key.length}:${key}${bytes.length}:`).update(bytes);
  }
  return hash.digest('base64');
}

export async function readSecret(target: Target, name: string): Promise<Stored<SecretObject> | undefined> {
  const { client, owner, signal } = target;
  try {
    return await client.get<SecretObject>(secrets, { namespace: owner.namespace, name }, { signal });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The target is as we left it, and what is wanted is what was wanted then. */
export function isProvenUnchanged(
  { view, owner }: Pick<Target, 'view' | 'owner'>,
  desired: string,
  before: AppliedBefore,
): boolean {
  if (view === undefined || before.target === undefined || before.desired !== desired) return false;
  return (
    targetValidity(owner.creationPolicy, view, before.target) === 'valid' && view.metaPrint === before.target.metaPrint
  );
}

async function create(target: Target, desired: DesiredSecret): Promise<Applied> {
  const { client, owner, signal } = target;
  if (owner.creationPolicy === 'Merge') return { outcome: 'missing', target: undefined };
  try {
    const options = { fieldManager: fieldManagerOf(owner.name), signal };
    const created = await client.create<SecretObject>(secrets, buildTarget(owner, desired, undefined), options);
    return { outcome: 'created', target: recordOf(created) };
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    // It was there before anybody told us to look for it: adopt it, or find out whose it is.
    const existing = await readSecret(target, desired.name);
    if (existing === undefined) throw error;
    return update(target, desired, existing);
  }
}

async function update(target: Target, desired: DesiredSecret, existing: Stored<SecretObject>): Promise<Applied> {
  const next = buildTarget(target.owner, desired, existing);
  if (isUnchanged(existing, next)) return { outcome: 'unchanged', target: recordOf(existing) };
  if (existing.immutable === true && !onlyMetadataDiffers(existing, next)) {
    await writeMetadataOnly(target, existing, next);
    throw new Problem(
      'immutable',
      `Secret ${target.owner.namespace}/${desired.name} is immutable and its data would have to change; delete it to have it made anew`,
      { permanent: true },
    );
  }
  return { outcome: 'updated', target: recordOf(await replace(target, next)) };
}

/** Labels and annotations of an immutable Secret still follow; its data hash stays that of the data it has. */
async function writeMetadataOnly(target: Target, existing: Stored<SecretObject>, next: SecretObject): Promise<void> {
  const hash = existing.metadata.annotations?.[DATA_HASH_ANNOTATION];
  const annotations = { ...next.metadata.annotations, ...(hash === undefined ? {} : { [DATA_HASH_ANNOTATION]: hash }) };
  const { type: _type, data: _data, ...rest } = next;
  const kept: SecretObject = {
    ...rest,
    ...(existing.type === undefined ? {} : { type: existing.type }),
    data: existing.data ?? {},
    metadata: { ...next.metadata, annotations },
  };
  if (!isUnchanged(existing, kept)) await replace(target, kept);
}

function replace(target: Target, next: SecretObject): Promise<Stored<SecretObject>> {
  const options = { fieldManager: fieldManagerOf(target.owner.name), signal: target.signal };
  return target.client.update<SecretObject>(secrets, next, options);
}

/**
 * Gives up ownership without touching data, before anything is fetched: it must work while the backend is broken, because
 * people rely on it to save a Secret from a broken ExternalSecret (D59).
 */
export async function releaseTarget(target: Target, name: string): Promise<void> {
  const existing = await readSecret(target, name);
  if (existing === undefined) return;
  const { labels = {}, ownerReferences = [] } = existing.metadata;
  const { [CREATED_BY_LABEL]: _createdBy, ...keptLabels } = labels;
  const { ownerReferences: _references, ...metadata } = writableMeta(existing.metadata);
  const kept = ownerReferences.filter((reference) => !isThisExternalSecret(target.owner, reference));
  await replace(target, {
    ...existing,
    metadata: { ...metadata, labels: keptLabels, ...(kept.length === 0 ? {} : { ownerReferences: kept }) },
  });
}

/** True when the target is this ExternalSecret's own: by UID, or by name after a restore (D5). */
export function ownsTarget(
  owner: Owner,
  metadata: { readonly ownerReferences?: Stored['metadata']['ownerReferences'] },
): boolean {
  const controller = controllerOf({ ownerReferences: metadata.ownerReferences ?? [] });
  return controller !== undefined && (controller.uid === owner.uid || isThisExternalSecret(owner, controller));
}

/** Deletes the target if it is ours. @returns whether something was deleted. */
export async function deleteTarget(target: Target, name: string): Promise<boolean> {
  const existing = await readSecret(target, name);
  if (existing === undefined || !ownsTarget(target.owner, existing.metadata)) return false;
  return deleteExactly(target, name, existing.metadata.uid);
}

/** Deletes the Secret `name` only while it is the object with this UID. Gone already is fine. */
export async function deleteExactly(target: Target, name: string, uid: string): Promise<boolean> {
  const { client, owner, signal } = target;
  try {
    await client.delete(secrets, { namespace: owner.namespace, name }, { preconditions: { uid }, signal });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** What to remember of a Secret whose body we know to be in step. */
export function recordOf(secret: Stored<SecretObject>): TargetRecord {
  const view = viewTarget(secret);
  return { uid: view.uid, dataHash: view.dataHash ?? '', dataWriters: view.dataWriters, metaPrint: view.metaPrint };
}
