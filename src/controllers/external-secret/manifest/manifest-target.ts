/**
 * A target that is no Secret (`behaviour.md` 1.13): when it is deleted, kept or written; how it is written is in `apply.ts`.
 */
import { ownsTarget } from '../apply.ts';
import { isThisExternalSecret } from '../build-target.ts';
import type { Deps } from '../deps.ts';
import type { Fetched } from '../fetch.ts';
import type { Gathered } from '../gather.ts';
import { NotFoundError } from '../../../kube/errors.ts';
import { dropPeerFinalizer } from '../peer-finalizer.ts';
import { Problem } from '../problem.ts';
import { RESOURCE_READY, type ReadyState } from '../status.ts';
import type { SyncTarget } from '../sync-target.ts';
import { targetValidity } from '../validity.ts';
import {
  applyManifest,
  deleteManifest,
  lookAtManifest,
  manifestPrint,
  readManifest,
  recordOfManifest,
  releaseManifest,
  type ManifestPlace,
} from './apply.ts';
import { hashOf } from './build.ts';
import { holdForCleanUp, needsCleanUp } from './clean-up.ts';
import type { KindName } from './kind-discovery.ts';
import type { Manifests } from './manifests.ts';
import { renderManifest } from './render.ts';

/** @throws Problem when objects of this kind cannot be written here. */
export async function manifestTarget(
  deps: Deps,
  gathered: Gathered,
  kind: KindName,
  signal: AbortSignal,
): Promise<SyncTarget> {
  const { manifests } = deps;
  if (manifests === undefined) {
    const text =
      'spec.target.manifest is not allowed: the operator writes other objects than Secrets only with --unsafe-allow-generic-targets (chart value genericTargets.enabled)';
    throw new Problem('generic', text, { permanent: true });
  }
  const resource = await manifests.kinds.resourceOf(kind, signal);
  const { owner, object, targetName: name } = gathered;
  const place: ManifestPlace = { client: deps.client, owner, resource, name, view: undefined, signal };
  const at = { namespace: owner.namespace, name };
  const view = await manifests.view(object.key, resource, at, () => lookAtManifest(place));
  return new ManifestTarget(deps, gathered, manifests, kind, { ...place, view });
}

class ManifestTarget implements SyncTarget {
  readonly #deps: Deps;
  readonly #gathered: Gathered;
  readonly #manifests: Manifests;
  readonly #kind: KindName;
  readonly #place: ManifestPlace;

  constructor(deps: Deps, gathered: Gathered, manifests: Manifests, kind: KindName, place: ManifestPlace) {
    this.#deps = deps;
    this.#gathered = gathered;
    this.#manifests = manifests;
    this.#kind = kind;
    this.#place = place;
  }

  get mustRelease(): boolean {
    const { owner, view } = this.#place;
    return (
      owner.creationPolicy !== 'Owner' && view?.controller !== undefined && isThisExternalSecret(owner, view.controller)
    );
  }

  release(): Promise<void> {
    return releaseManifest(this.#place);
  }

  async isInStep(): Promise<boolean> {
    const { record } = this.#gathered;
    const { owner, view } = this.#place;
    const validity = targetValidity(owner.creationPolicy, view, record.target);
    if (validity !== 'unknown') return validity === 'valid';
    const object = await readManifest(this.#place);
    if (object === undefined) return false;
    const found = recordOfManifest(object);
    const known = record.target?.content;
    const isSame = known === undefined ? found.dataHash === hashOf(object) : found.content === known;
    // What metadata we last compared with stays: it may have drifted in the same write.
    if (isSame) record.target = { ...found, metaPrint: record.target?.metaPrint ?? found.metaPrint };
    return isSame;
  }

  async bring(fetched: Fetched): Promise<ReadyState> {
    if (fetched.data.size === 0) {
      const { deletionPolicy } = this.#gathered.spec.target;
      if (deletionPolicy === 'Retain') return RESOURCE_READY.retained;
      if (deletionPolicy === 'Delete') return this.#remove();
    }
    return this.#write(fetched);
  }

  async #write(fetched: Fetched): Promise<ReadyState> {
    const { es, object, record, targetName, dependent } = this.#gathered;
    const { client, engine, events, readTemplate } = this.#deps;
    const { signal } = this.#place;
    const desired = await renderManifest({
      es,
      kind: this.#kind,
      targetName,
      data: fetched.data,
      engine,
      readTemplate: (kind, name, item) => readTemplate(dependent, kind, name, item, signal),
    });
    // Before there is something to clean up.
    if (needsCleanUp(es)) await holdForCleanUp(client, es, signal);
    const { outcome, target } = await this.#apply(desired);
    record.target = target;
    record.desired = manifestPrint(desired);
    if ((outcome === 'created' || outcome === 'updated') && !needsCleanUp(es)) {
      await dropPeerFinalizer(client, es, signal);
    }
    if (outcome === 'created') events.created(object, targetName, this.#kind.kind);
    if (outcome === 'updated') events.updated(object, targetName, this.#kind.kind);
    return outcome === 'missing' ? RESOURCE_READY.missing : RESOURCE_READY.synced;
  }

  async #apply(desired: Parameters<typeof applyManifest>[1]): ReturnType<typeof applyManifest> {
    try {
      return await applyManifest(this.#place, desired, this.#gathered.record);
    } catch (error) {
      // The kind itself may be gone: next time the API server is asked anew.
      if (error instanceof NotFoundError) this.#manifests.kinds.forget(this.#place.resource);
      throw error;
    }
  }

  async #remove(): Promise<ReadyState> {
    const { object, record, spec, targetName } = this.#gathered;
    const { creationPolicy } = spec.target;
    if (creationPolicy !== 'Owner') {
      const text = `spec.target.deletionPolicy Delete needs creationPolicy Owner, not ${creationPolicy}: only an owned object may be deleted`;
      throw new Problem('delete', text, { permanent: true });
    }
    if (await deleteManifest(this.#place, (found) => ownsTarget(this.#place.owner, found.metadata))) {
      this.#deps.events.deleted(object, targetName, this.#kind.kind);
    }
    record.target = undefined;
    return RESOURCE_READY.deleted;
  }
}
