/**
 * Which changes of an object are worth a look: everything a person or another controller may want, and not the status that somebody
 * wrote. Pure.
 */
import type { ObjectMeta } from '../kube/types.ts';

interface WithMeta {
  readonly metadata: ObjectMeta;
}

/** Spec (by generation), labels, annotations, finalizers, owners or the beginning of the deletion. */
export function changedBesidesStatus({ metadata: a }: WithMeta, { metadata: b }: WithMeta): boolean {
  return (
    a.uid !== b.uid ||
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    !sameMap(a.labels, b.labels) ||
    !sameMap(a.annotations, b.annotations) ||
    (a.finalizers ?? []).join() !== (b.finalizers ?? []).join() ||
    JSON.stringify(a.ownerReferences ?? []) !== JSON.stringify(b.ownerReferences ?? [])
  );
}

/** From when an object is being deleted, a pass that waits for a backend may take this much longer (D6). */
export const LET_GO_MS = 3_000;

export function isDeletionBegun(previous: WithMeta | undefined, current: WithMeta | undefined): boolean {
  return current?.metadata.deletionTimestamp !== undefined && previous?.metadata.deletionTimestamp === undefined;
}

export function sameMap(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
