/**
 * Brings an object of any kind to what is wanted: read, compare, and one Update under our field manager with the version that was
 * read. What the API server makes of it (defaults) counts as ours; an Update that changes nothing leaves the version as it is.
 */
import { createHash } from 'node:crypto';
import { AlreadyExistsError, DeniedError, InvalidError, NotFoundError } from '../../../kube/errors.ts';
import type { Resource, Stored } from '../../../kube/types.ts';
import { apiVersionOf } from '../../../kube/types.ts';
import { isProvenUnchanged, ownsTarget, type Applied, type AppliedBefore, type Target } from '../apply.ts';
import { isThisExternalSecret } from '../build-target.ts';
import { hashValue } from '../hash.ts';
import { CREATED_BY_LABEL, fieldManagerOf } from '../names.ts';
import { Problem } from '../problem.ts';
import { renderProblem } from '../render-problem.ts';
import type { TargetView } from '../target-view.ts';
import type { TargetRecord } from '../validity.ts';
import { buildManifest, contentOf, isUnchanged, type ManifestObject } from './build.ts';
import { viewManifest } from './content-fields.ts';
import type { DesiredManifest } from './render.ts';

export interface ManifestPlace extends Target {
  readonly resource: Resource;
  readonly name: string;
}

export async function applyManifest(
  place: ManifestPlace,
  desired: DesiredManifest,
  before: AppliedBefore,
): Promise<Applied> {
  if (place.owner.creationPolicy === 'None') return { outcome: 'none', target: undefined };
  if (isProvenUnchanged(place, manifestPrint(desired), before)) return { outcome: 'unchanged', target: before.target };
  const existing = await readManifest(place);
  return existing === undefined ? create(place, desired) : update(place, desired, existing);
}

/** Fingerprint of everything asked for. */
export function manifestPrint(desired: DesiredManifest): string {
  return createHash('sha256').update(JSON.stringify(desired)).digest('base64');
}

export function readManifest(place: ManifestPlace): Promise<Stored<ManifestObject> | undefined> {
  return read(place, false);
}

/** The object's metadata as the cache would hold it. */
export async function lookAtManifest(place: ManifestPlace): Promise<TargetView | undefined> {
  const found = await read(place, true);
  return found === undefined ? undefined : viewManifest(found);
}

/** What to remember of an object whose content we know to be in step. */
export function recordOfManifest(object: Stored<ManifestObject>): TargetRecord {
  const { uid, dataHash = '', dataWriters, metaPrint } = viewManifest(object);
  return { uid, dataHash, dataWriters, metaPrint, content: hashValue(contentOf(object)) };
}

/** Gives up ownership without touching content (D59). */
export async function releaseManifest(place: ManifestPlace): Promise<void> {
  const existing = await read(place, true);
  if (existing === undefined) return;
  const { resourceVersion, ownerReferences = [] } = existing.metadata;
  const kept = ownerReferences.filter((reference) => !isThisExternalSecret(place.owner, reference));
  const metadata = { resourceVersion, ownerReferences: kept, labels: { [CREATED_BY_LABEL]: null } };
  await explained(place, 'patch', () =>
    place.client.patch(place.resource, nameOf(place), { metadata }, { ...writing(place), type: 'merge' }),
  );
}

/** Deletes the object if `isOurs`, by default if it is owned. @returns whether something was deleted */
export async function deleteManifest(
  place: ManifestPlace,
  isOurs: (object: Stored) => boolean = (object) => ownsTarget(place.owner, object.metadata),
): Promise<boolean> {
  const existing = await read(place, true);
  if (existing === undefined || !isOurs(existing)) return false;
  const options = { preconditions: { uid: existing.metadata.uid }, signal: place.signal };
  try {
    await explained(place, 'delete', () => place.client.delete(place.resource, nameOf(place), options));
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

async function read(place: ManifestPlace, metadataOnly: boolean): Promise<Stored<ManifestObject> | undefined> {
  const { client, resource, signal } = place;
  try {
    return await explained(place, 'get', () =>
      client.get<ManifestObject>(resource, nameOf(place), { signal, metadataOnly }),
    );
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function create(place: ManifestPlace, desired: DesiredManifest): Promise<Applied> {
  const { client, owner, resource } = place;
  if (owner.creationPolicy === 'Merge') return { outcome: 'missing', target: undefined };
  const object = built(place, desired, undefined);
  try {
    const created = await explained(place, 'create', () => client.create(resource, object, writing(place)));
    return { outcome: 'created', target: recordOfManifest(created) };
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    const existing = await readManifest(place);
    if (existing === undefined) throw error;
    return update(place, desired, existing);
  }
}

async function update(
  place: ManifestPlace,
  desired: DesiredManifest,
  existing: Stored<ManifestObject>,
): Promise<Applied> {
  const next = built(place, desired, existing);
  if (isUnchanged(existing, next)) return { outcome: 'unchanged', target: recordOfManifest(existing) };
  const written = await explained(place, 'update', () => place.client.update(place.resource, next, writing(place)));
  const isSame = written.metadata.resourceVersion === existing.metadata.resourceVersion;
  return { outcome: isSame ? 'unchanged' : 'updated', target: recordOfManifest(written) };
}

/** Where the template's places and the object do not fit together, it is the template's problem. */
function built(
  { owner }: ManifestPlace,
  desired: DesiredManifest,
  existing: Stored<ManifestObject> | undefined,
): ManifestObject {
  try {
    return buildManifest(owner, desired, existing);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw renderProblem(error);
  }
}

function nameOf({ owner, name }: ManifestPlace): { readonly namespace: string; readonly name: string } {
  return { namespace: owner.namespace, name };
}

function writing({ owner, signal }: ManifestPlace): { readonly fieldManager: string; readonly signal: AbortSignal } {
  return { fieldManager: fieldManagerOf(owner.name), signal };
}

/**
 * What the API server says about content it refuses may quote the content, which is secret: only the fields and what is to be
 * done are told.
 */
async function explained<T>(place: ManifestPlace, verb: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const what = `${place.resource.kind} ${place.owner.namespace}/${place.name}`;
    if (error instanceof DeniedError) {
      throw new Problem('update', `${what}: the operator was denied to ${verb} it; ${remedy(place, verb)}`, {
        cause: error,
      });
    }
    if (error instanceof InvalidError) {
      throw new Problem('update', `${what}: the API server refuses it as it is rendered${fieldsOf(error)}`);
    }
    throw error;
  }
}

function remedy({ resource }: ManifestPlace, verb: string): string {
  const plural = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
  return `give its role the verbs get, list, watch, create, update, patch and delete on ${plural} (chart value genericTargets.resources), or see which admission policy refuses to ${verb} ${apiVersionOf(resource)} ${resource.kind}`;
}

function fieldsOf({ details }: InvalidError): string {
  const fields = (details?.causes ?? []).map(({ field, reason }) =>
    [field, reason].filter((part) => part !== undefined && part !== '').join(' '),
  );
  const named = [...new Set(fields.filter((field) => field !== ''))];
  return named.length === 0 ? '' : `: ${named.join(', ')}`;
}
