/**
 * Tags on what we push. `managed-by=external-secrets` says that it is ours; without it nothing is overwritten or deleted.
 */
import { InvalidRefError } from '../errors.ts';
import { ownTags } from '../push-metadata.ts';

export interface AwsTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export const OWNER_TAG = 'managed-by';
const OWNER = 'external-secrets';

export const DEFAULT_DESCRIPTION = "secret 'managed-by:external-secrets'";

/** `metadata.tags`. */
export const pushedTags = ownTags(OWNER_TAG).optional();

export function isOurs(tags: readonly AwsTag[] | undefined): boolean {
  return (tags ?? []).some(({ Key, Value }) => Key === OWNER_TAG && Value === OWNER);
}

/** @throws InvalidRefError */
export function refuseForeign(key: string, tags: readonly AwsTag[] | undefined): void {
  if (isOurs(tags)) return;
  throw new InvalidRefError(
    `key "${key}": secret not managed by external-secrets: it has no tag ${OWNER_TAG}=${OWNER}, so somebody else made it; ` +
      'use another remote key, or set that tag on it to hand it over',
  );
}

/** All tags of something we make. */
export function allTags(wanted: Readonly<Record<string, string>> | undefined): readonly Required<AwsTag>[] {
  return Object.entries({ ...wanted, [OWNER_TAG]: OWNER }).map(([Key, Value]) => ({ Key, Value }));
}

export interface TagChange {
  readonly add: { readonly Key: string; readonly Value: string }[];
  readonly remove: string[];
}

/**
 * What to do so that the tags are as wanted. `metadata.tags`, where it is given, is the whole set: others go, except AWS's
 * own (`aws:…`), which nobody may touch. Without it tags are left alone.
 */
export function tagChange(
  there: readonly AwsTag[] | undefined,
  wanted: Readonly<Record<string, string>> | undefined,
): TagChange {
  if (wanted === undefined || Object.keys(wanted).length === 0) return { add: [], remove: [] };
  const current = new Map((there ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const add = Object.entries(wanted).filter(([key, value]) => current.get(key) !== value);
  const remove = [...current.keys()].filter(
    (key) => !Object.hasOwn(wanted, key) && key !== OWNER_TAG && !/^aws:/i.test(key),
  );
  return { add: add.map(([Key, Value]) => ({ Key, Value })), remove };
}
