/**
 * Brings one namespace to what the cluster-wide object wants there: a child, or none. Writes only what differs, and touches nobody
 * else's objects.
 */
import { AlreadyExistsError, ConflictError, DeniedError, InvalidError, NotFoundError } from '../../kube/errors.ts';
import { objectKey } from '../../kube/types.ts';
import { isRefusedByLeaving } from '../leaving-namespace.ts';
import { buildChild, controllerOf, isChildOf, isInStep, parentKey } from './children.ts';
import type { FanOutDeps, Outcome } from './deps.ts';
import type { Child, Parent, Wanted } from './kind.ts';
import { dropNamespaceFinalizers } from './namespace-finalizers.ts';
import { selects } from './selection.ts';

export interface Settling {
  readonly deps: FanOutDeps;
  readonly parent: Parent;
  readonly wanted: Wanted;
  readonly signal: AbortSignal;
}

/** @throws KubeError for what may pass: conflicts, an API server that cannot be reached. */
export async function settle(settling: Settling, namespace: string): Promise<Outcome> {
  try {
    await removeOthers(settling, namespace);
    return await settleChild(settling, namespace);
  } catch (error) {
    if (!(error instanceof InvalidError || error instanceof DeniedError)) throw error;
    // The cache does not show it yet; when it does, we are woken.
    if (isRefusedByLeaving(error)) return { state: 'none' };
    return { state: 'failed', reason: error.message };
  }
}

/** Children of ours in that namespace under a name they have no longer. */
async function removeOthers(settling: Settling, namespace: string): Promise<void> {
  const { deps, parent, wanted } = settling;
  for (const child of childrenOf(deps, parent)) {
    if (child.metadata.namespace === namespace && child.metadata.name !== wanted.childName)
      await removeChild(settling, namespace, child);
  }
}

/** All children as the cache shows them. */
export function childrenOf({ kind, children }: FanOutDeps, parent: Parent): readonly Child[] {
  const owned = children.byIndex('parent', parentKey(kind.parent.kind, parent.metadata.name));
  return owned.filter((child) => isChildOf(kind, parent, child));
}

async function settleChild(settling: Settling, namespace: string): Promise<Outcome> {
  const { deps, parent, wanted } = settling;
  const child = deps.children.get(objectKey(namespace, wanted.childName));
  if (!isWanted(settling, namespace)) {
    const isGoing = deps.namespaces.get(namespace)?.terminating ?? true;
    if (child !== undefined && !isGoing && isChildOf(deps.kind, parent, child))
      await removeChild(settling, namespace, child);
    return { state: 'none' };
  }
  return child === undefined ? create(settling, namespace) : update(settling, namespace, child);
}

function isWanted({ deps, wanted }: Settling, namespace: string): boolean {
  const view = deps.namespaces.get(namespace);
  if (view === undefined || view.terminating) return false;
  return (deps.onlyNamespace ?? namespace) === namespace && selects(wanted, view);
}

async function create(settling: Settling, namespace: string): Promise<Outcome> {
  const { deps, parent, wanted, signal } = settling;
  const { kind, client } = deps;
  await releaseNamespace(settling, namespace);
  try {
    await client.create(kind.child, buildChild(kind, parent, wanted, namespace, undefined), { signal });
    return { state: 'provisioned' };
  } catch (error) {
    if (error instanceof NotFoundError) return { state: 'none' };
    if (!(error instanceof AlreadyExistsError)) throw error;
    // Made by us a moment ago, or by somebody whom the cache does not show yet.
    return update(settling, namespace, await client.get(kind.child, { namespace, name: wanted.childName }, { signal }));
  }
}

async function update(settling: Settling, namespace: string, child: Child): Promise<Outcome> {
  const { deps, parent, wanted, signal } = settling;
  const { kind, client } = deps;
  if (!isChildOf(kind, parent, child)) return { state: 'failed', reason: obstacle(settling, child) };
  // It is on its way out; its end wakes us.
  if (child.metadata.deletionTimestamp !== undefined) return { state: 'none' };
  const next = buildChild(kind, parent, wanted, namespace, child);
  if (isInStep(child, next)) return { state: 'provisioned' };
  await releaseNamespace(settling, namespace);
  try {
    await client.update(kind.child, next, { signal });
  } catch (error) {
    if (error instanceof NotFoundError) throw new ConflictError(error.message, { status: 409, cause: error });
    throw error;
  }
  return { state: 'provisioned' };
}

function obstacle({ deps: { kind }, parent, wanted }: Settling, child: Child): string {
  const owner = controllerOf(child);
  const whose =
    owner === undefined
      ? `does not belong to ${kind.parent.kind} "${parent.metadata.name}"`
      : `belongs to ${owner.kind} "${owner.name}"`;
  const remedy = `delete it, or set spec.${kind.nameField} to a name that is free`;
  return `${kind.child.kind} "${wanted.childName}" already exists and ${whose}; ${remedy}`;
}

/** The peer's finalizers on the namespace go with our next write in it (D2). */
async function releaseNamespace({ deps, signal }: Settling, namespace: string): Promise<void> {
  const isHeld = (deps.namespaces.get(namespace)?.heldFor.length ?? 0) > 0;
  if (isHeld) await dropNamespaceFinalizers(deps.client, namespace, () => true, signal);
}

async function removeChild(settling: Settling, namespace: string, child: Child): Promise<void> {
  const { deps, signal } = settling;
  const { kind, client } = deps;
  const { name, uid, deletionTimestamp } = child.metadata;
  if (deletionTimestamp !== undefined) return;
  await releaseNamespace(settling, namespace);
  try {
    await client.delete(kind.child, { namespace, name }, { preconditions: { uid }, signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
