/** Who wrote what inside an object of any kind, as far as `managedFields` tell. Pure. */
import { createHash } from 'node:crypto';
import type { ManagedFieldsEntry } from '../../../kube/types.ts';
import { viewTarget, type ContentFields } from '../target-view.ts';
import type { Stored } from '../../../kube/types.ts';
import type { TargetView } from '../target-view.ts';

/** Metadata is compared by itself, and a status is no content. */
const NO_CONTENT: ReadonlySet<string> = new Set(['f:apiVersion', 'f:kind', 'f:metadata', 'f:status']);

/** A fingerprint of all the fields that an entry has written, below whatever names the kind uses. */
const contentFields: ContentFields = (entry) => {
  const written = contentEntries(entry);
  if (written.length === 0) return [];
  return [createHash('sha1').update(JSON.stringify(written)).digest('base64')];
};

export function viewManifest(object: Stored): TargetView {
  return viewTarget(object, contentFields);
}

/** True when `manager` wrote something of the content and nobody else did: the object is its work. */
export function isSoleWriter(manager: string, entries: readonly ManagedFieldsEntry[]): boolean {
  const writers = entries.filter((entry) => contentEntries(entry).length > 0);
  return writers.length > 0 && writers.every((entry) => entry.manager === manager);
}

function contentEntries(entry: ManagedFieldsEntry): readonly (readonly [string, unknown])[] {
  if (entry.subresource !== undefined && entry.subresource !== '') return [];
  return Object.entries(entry.fieldsV1 ?? {}).filter(([field]) => field.startsWith('f:') && !NO_CONTENT.has(field));
}
