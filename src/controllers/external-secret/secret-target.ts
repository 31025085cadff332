/**
 * The target of most ExternalSecrets: a Secret. When it is deleted, kept or written; how it is written is in `apply.ts`.
 */
import {
  applyTarget,
  deleteExactly,
  deleteTarget,
  desiredPrint,
  ownsTarget,
  recordOf,
  readSecret,
  releaseTarget,
  type Target,
} from './apply.ts';
import type { Deps } from './deps.ts';
import type { Fetched } from './fetch.ts';
import type { Gathered } from './gather.ts';
import { hashData } from './hash.ts';
import { createdByOf } from './names.ts';
import { dropPeerFinalizer } from './peer-finalizer.ts';
import { Problem } from './problem.ts';
import { renderTarget } from './render.ts';
import { decodedData } from './secret-object.ts';
import { READY, type ReadyState } from './status.ts';
import type { SyncTarget } from './sync-target.ts';
import type { TargetView } from './target-view.ts';
import { targetValidity } from './validity.ts';

export class SecretTarget implements SyncTarget {
  readonly #deps: Deps;
  readonly #gathered: Gathered;
  readonly #target: Target;

  constructor(deps: Deps, gathered: Gathered, signal: AbortSignal) {
    this.#deps = deps;
    this.#gathered = gathered;
    this.#target = { client: deps.client, owner: gathered.owner, view: gathered.view, signal };
  }

  get mustRelease(): boolean {
    return this.#gathered.mustRelease;
  }

  release(): Promise<void> {
    return releaseTarget(this.#target, this.#gathered.targetName);
  }

  /** Reads the body only when the cached metadata cannot tell, and remembers what it said (D51). */
  async isInStep(): Promise<boolean> {
    const { record, targetName } = this.#gathered;
    const { owner, view } = this.#target;
    const validity = targetValidity(owner.creationPolicy, view, record.target);
    if (validity !== 'unknown') return validity === 'valid';
    const secret = await readSecret(this.#target, targetName);
    if (secret === undefined) return false;
    const found = recordOf(secret);
    if (found.dataHash !== hashData(decodedData(secret))) return false;
    // The same data, whoever wrote it. What metadata we last compared with stays: it may have drifted in the same write.
    record.target = { ...found, metaPrint: record.target?.metaPrint ?? found.metaPrint };
    return true;
  }

  async bring(fetched: Fetched): Promise<ReadyState> {
    if (fetched.data.size === 0) {
      const { deletionPolicy } = this.#gathered.spec.target;
      if (deletionPolicy === 'Retain') return READY.retained;
      if (deletionPolicy === 'Delete') return this.#remove();
    }
    return this.#write(fetched);
  }

  async #write(fetched: Fetched): Promise<ReadyState> {
    const { es, object, record, targetName, dependent } = this.#gathered;
    const { client, engine, events, readTemplate } = this.#deps;
    const { signal } = this.#target;
    const desired = await renderTarget({
      es,
      targetName,
      data: fetched.data,
      engine,
      readTemplate: (kind, name, item) => readTemplate(dependent, kind, name, item, signal),
    });
    const applied = await applyTarget(this.#target, desired, record);
    record.target = applied.target;
    record.desired = desiredPrint(desired);
    if (applied.outcome === 'created' || applied.outcome === 'updated') await dropPeerFinalizer(client, es, signal);
    if (applied.outcome === 'created') events.created(object, targetName);
    if (applied.outcome === 'updated') events.updated(object, targetName);
    // Last: the old Secret stays in use until the new one stands.
    await this.#removeOrphans();
    return applied.outcome === 'missing' ? READY.missing : READY.synced;
  }

  async #remove(): Promise<ReadyState> {
    const { object, record, spec, targetName } = this.#gathered;
    const { creationPolicy } = spec.target;
    if (creationPolicy !== 'Owner') {
      throw new Problem(
        'delete',
        `spec.target.deletionPolicy Delete needs creationPolicy Owner, not ${creationPolicy}: only an owned Secret may be deleted`,
        { permanent: true },
      );
    }
    if (await deleteTarget(this.#target, targetName)) this.#deps.events.deleted(object, targetName);
    record.target = undefined;
    return READY.deleted;
  }

  /** After a rename of the target: Secrets that carry our mark under another name go (Owner only). */
  async #removeOrphans(): Promise<void> {
    const { owner } = this.#target;
    if (owner.creationPolicy !== 'Owner') return;
    const mark = createdByOf(owner.namespace, owner.name);
    for (const view of this.#deps.targetsCreatedBy(owner.namespace, mark)) {
      const ownerReferences = view.controller === undefined ? [] : [view.controller];
      if (view.name !== this.#gathered.targetName && ownsTarget(owner, { ownerReferences })) {
        await this.#removeOrphan(view);
      }
    }
  }

  async #removeOrphan(view: TargetView): Promise<void> {
    try {
      if (await deleteExactly(this.#target, view.name, view.uid)) {
        this.#deps.events.deleted(this.#gathered.object, view.name);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown error';
      throw new Problem('orphans', `Secret ${view.namespace}/${view.name}: ${why}`, { cause: error });
    }
  }
}
