/**
 * The children of a cluster-wide object: how they are found, told from others', and what they look like. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { apiVersionOf, type KubeObject, type OwnerReference } from '../../kube/types.ts';
import { sameMap } from '../object-change.ts';
import type { Child, FanOutKind, Parent, Wanted } from './kind.ts';

/** Index of child informers: `<Kind>/<name>` of the object that controls them. */
export const childIndexes = {
  parent: (child: KubeObject): readonly string[] => {
    const owner = controllerOf(child);
    return owner === undefined ? [] : [parentKey(owner.kind, owner.name)];
  },
} as const;

/** Index of parent informers: the name of their children. */
export function parentIndexes<P extends Parent>(
  kind: FanOutKind<P>,
): Readonly<Record<'childName', (parent: P) => readonly string[]>> {
  return { childName: (parent) => [kind.wanted(parent).childName] };
}

export function parentKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}

/** Group, kind and name decide, as with the peer; the UID does not, so that children survive a restore of the cluster. */
export function isChildOf(kind: FanOutKind, parent: Parent, child: Child): boolean {
  const owner = controllerOf(child);
  return (
    owner !== undefined &&
    owner.kind === kind.parent.kind &&
    owner.name === parent.metadata.name &&
    owner.apiVersion.split('/')[0] === kind.parent.group
  );
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The child as it should be. What others own of it (status, finalizers, other owners) stays as `existing` has it. */
export function buildChild(
  kind: FanOutKind,
  parent: Parent,
  wanted: Wanted,
  namespace: string,
  existing: Child | undefined,
): KubeObject & { readonly spec: unknown } {
  const { managedFields: _managed, ...kept } = existing?.metadata ?? {};
  const foreign = (existing?.metadata.ownerReferences ?? []).filter((owner) => owner.controller !== true);
  return {
    ...existing,
    apiVersion: apiVersionOf(kind.child),
    kind: kind.child.kind,
    metadata: {
      ...kept,
      namespace,
      name: wanted.childName,
      labels: wanted.labels,
      annotations: { ...wanted.annotations, ...mirrored(kind, parent) },
      ownerReferences: [...foreign, ownerReference(kind, parent)],
    },
    spec: wanted.childSpec,
  };
}

/** Labels and annotations are replaced, so others' count as a difference. */
export function isInStep(existing: Child, next: KubeObject & { readonly spec?: unknown }): boolean {
  return (
    sameMap(existing.metadata.labels, next.metadata.labels) &&
    sameMap(existing.metadata.annotations, next.metadata.annotations) &&
    isDeepStrictEqual(existing.metadata.ownerReferences, next.metadata.ownerReferences) &&
    isDeepStrictEqual(existing.spec, next.spec)
  );
}

function mirrored({ mirrored: name }: FanOutKind, parent: Parent): Readonly<Record<string, string>> {
  const value = name === undefined ? undefined : parent.metadata.annotations?.[name];
  return value === undefined ? {} : { [name!]: value };
}

function ownerReference({ parent: resource }: FanOutKind, { metadata }: Parent): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
