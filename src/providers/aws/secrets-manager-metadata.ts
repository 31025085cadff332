/**
 * `metadata` of a push to Secrets Manager (`api.md` 6.5), and what of it needs the cluster or a comparison.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { InvalidRefError } from '../errors.ts';
import type { Push } from '../provider.ts';
import { pushMetadata } from '../push-metadata.ts';
import { pushedTags } from './tags.ts';

export const secretsManagerMetadata = z.object({
  secretPushFormat: z.enum(['binary', 'string']).optional(),
  kmsKeyId: z.string().optional(),
  description: z.string().optional(),
  tags: pushedTags,
  resourcePolicy: z
    .object({
      blockPublicPolicy: z.boolean().optional(),
      policySourceRef: z
        .object({ kind: z.enum(['ConfigMap', 'Secret']), name: z.string().min(1), key: z.string().min(1) })
        .optional(),
    })
    .optional(),
  replicationLocations: z.array(z.string().min(1)).optional(),
});
export type SecretsManagerMetadata = z.infer<typeof secretsManagerMetadata>;

/** The policy document that the metadata asks for; empty: none may be attached; undefined: not ours to touch. */
export async function wantedPolicy(
  { resourcePolicy }: SecretsManagerMetadata,
  readReference: Push['readReference'],
): Promise<string | undefined> {
  const source = resourcePolicy?.policySourceRef;
  if (source === undefined) return undefined;
  const document = (await readReference(source)).trim();
  if (document !== '' && parsed(document) === undefined)
    throw new InvalidRefError(
      `metadata.resourcePolicy: key "${source.key}" of ${source.kind} "${source.name}" is not JSON`,
    );
  return document;
}

/** Did the metadata of an earlier push ask for a policy? What cannot be read any more did not. */
export function askedForPolicy(metadata: unknown): boolean {
  try {
    return pushMetadata(secretsManagerMetadata, metadata).resourcePolicy?.policySourceRef !== undefined;
  } catch (error) {
    if (error instanceof InvalidRefError) return false;
    throw error;
  }
}

/**
 * Do both documents say the same? AWS shows them in a form of its own: lists of one as the one, accounts as the ARN of their root, lists in
 * another order.
 */
export function samePolicy(left: string | undefined, right: string): boolean {
  const [one, other] = [parsed(left ?? ''), parsed(right)];
  return one !== undefined && other !== undefined && isDeepStrictEqual(canonical(one), canonical(other));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(canonical);
    return parts.length === 1 ? parts[0] : parts.sort(byText);
  }
  if (typeof value === 'string') return value.replace(/^\d{12}$/, 'arn:aws:iam::$&:root');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, canonical(member)] as const)
      .sort(byText),
  );
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}

/**
 * Must the key be changed? Only where that can be told: an alias is shown by AWS in more than one way, so a changed alias
 * counts for new secrets only.
 */
export function isOtherKey(current: string | undefined, wanted: string | undefined): boolean {
  const key = keyIdOf(wanted);
  if (key === undefined) return false;
  return current === undefined || (keyIdOf(current) !== undefined && keyIdOf(current) !== key);
}

/** The id in a key's ARN, or a bare id. */
function keyIdOf(text: string | undefined): string | undefined {
  return /^(?:arn:[^:]*:kms:[^:]*:\d*:key\/)?((?:mrk-)?[0-9a-f-]{32,})$/.exec(text ?? '')?.[1];
}
