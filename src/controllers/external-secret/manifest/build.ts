/**
 * From what is there and what is rendered to the object to be written (`behaviour.md` 1.13). Pure. As with Secrets, labels and annotations of
 * others stay, and ours go when they are no longer wanted; what is inside the object is ours alone, except under Merge and
 * CreateOrMerge.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ManagedFieldsEntry, Stored } from '../../../kube/types.ts';
import type { YamlData } from '../../../template/index.ts';
import { mark, refuseForeignOwner, type Owner } from '../build-target.ts';
import { hashValue } from '../hash.ts';
import { fieldManagerOf } from '../names.ts';
import { ownedBy, without, writableMeta } from '../secret-object.ts';
import { isMap, writeAt, type Tree } from './path.ts';
import type { DesiredManifest } from './render.ts';

/** An object of any kind. */
export interface ManifestObject extends KubeObject {
  readonly [field: string]: unknown;
}

/** Top-level fields that are not the object's content. `status` belongs to others. */
const NO_CONTENT: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/**
 * The object to create, or to update `existing` to.
 * @throws Problem when it belongs to somebody else; Error when a place holds something else than the template expects
 */
export function buildManifest(
  owner: Owner,
  desired: DesiredManifest,
  existing: Stored<ManifestObject> | undefined,
): ManifestObject {
  if (existing !== undefined) refuseForeignOwner(owner, existing.metadata, desired.kind.kind);
  const body = { metadata: {}, ...baseOf(owner, desired, existing) };
  writeAt(body, ['metadata', 'labels'], { ...desired.labels }, false);
  writeAt(body, ['metadata', 'annotations'], { ...desired.annotations }, false);
  for (const { path, value, merge } of desired.writes) writeAt(body, path, structuredClone(value), merge);
  const { metadata: written, ...content } = body;
  const { labels, annotations } = written as { labels: Texts; annotations: Texts };
  const owned = ownedBy(fieldManagerOf(owner.name), existing?.metadata.managedFields);
  const metadata = {
    ...(existing === undefined ? { namespace: owner.namespace, name: desired.name } : writableMeta(existing.metadata)),
    labels: { ...without(existing?.metadata.labels, owned.labels), ...labels },
    annotations: { ...without(existing?.metadata.annotations, owned.annotations), ...annotations },
  };
  return {
    ...desired.kind,
    metadata: mark(owner, metadata, hashOf(content)),
    ...content,
    ...(existing?.['status'] === undefined ? {} : { status: existing['status'] }),
  };
}

type Texts = Readonly<Record<string, string>>;

/** Hash of what the peer looks at: `spec`, else `data`. */
export function hashOf(object: Readonly<Record<string, unknown>>): string {
  return hashValue(object['spec'] ?? object['data'] ?? {});
}

/** Everything of an object but what it is called and what others report of it. */
export function contentOf(object: Readonly<Record<string, unknown>>): Tree {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !NO_CONTENT.has(field))) as Tree;
}

export function isUnchanged(existing: Stored<ManifestObject>, next: ManifestObject): boolean {
  return isDeepStrictEqual(comparable(existing), comparable(next));
}

function comparable(object: ManifestObject): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  return { content: contentOf(object), labels, annotations, ownerReferences };
}

function baseOf(owner: Owner, { kind }: DesiredManifest, existing: Stored<ManifestObject> | undefined): Tree {
  const isShared = owner.creationPolicy === 'Merge' || owner.creationPolicy === 'CreateOrMerge';
  if (existing !== undefined && isShared) {
    const content = structuredClone(contentOf(existing));
    for (const fields of fieldsOf(fieldManagerOf(owner.name), existing.metadata.managedFields)) {
      removeOwned(content, fields);
    }
    return content;
  }
  const holdsData = kind.kind === 'ConfigMap' || kind.kind === 'Secret';
  return holdsData ? { data: {} } : { spec: {} };
}

function fieldsOf(manager: string, entries: readonly ManagedFieldsEntry[] = []): readonly Tree[] {
  const ours = entries.filter((entry) => entry.manager === manager && entry.subresource === undefined);
  return ours.map((entry) => {
    const fields = Object.entries(entry.fieldsV1 ?? {}).filter(([field]) => !NO_CONTENT.has(field.slice(2)));
    return Object.fromEntries(fields) as Tree;
  });
}

/**
 * Takes away what we wrote before, so that what is no longer wanted goes and the rest is written anew. Members of lists
 * have no names to find them by; they stay where others have written to the list too.
 */
function removeOwned(content: Tree, fields: Tree): void {
  for (const [field, inner] of Object.entries(fields)) {
    if (!field.startsWith('f:')) continue;
    const name = field.slice(2);
    const member: YamlData | undefined = content[name];
    const isLeaf = !isMap(inner) || Object.keys(inner).length === 0;
    if (isLeaf) delete content[name];
    else if (isMap(member)) removeOwned(member, inner);
  }
}
