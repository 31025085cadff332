/**
 * `metadata` of a push to Parameter Store (`api.md` 6.5), and what it makes of a value.
 */
import { z } from 'zod';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import { encodeJson } from '../json/index.ts';
import type { PushEntry, PushSource } from '../provider.ts';
import { combinedMetadata, pushMetadata } from '../push-metadata.ts';
import { entryValue } from '../push-values.ts';
import { pushedTags } from './tags.ts';

export const parameterStoreMetadata = z.object({
  tags: pushedTags,
  description: z.string().optional(),
  secretType: z.enum(['String', 'StringList', 'SecureString']).optional(),
  kmsKeyId: z.string().optional(),
  tier: z.object({ type: z.string().optional(), policies: z.unknown().optional() }).optional(),
  encodeAsDecoded: z.boolean().optional(),
});
export type ParameterStoreMetadata = z.infer<typeof parameterStoreMetadata>;

/** The whole Secret has base64 values here, unlike everywhere else, unless `encodeAsDecoded` is true. */
export function parameterValue(source: PushSource, entry: PushEntry): SecretValue {
  const isWhole = entry.secretKey === undefined || entry.secretKey === '';
  if (!isWhole || pushMetadata(parameterStoreMetadata, entry.metadata).encodeAsDecoded === true)
    return entryValue(source, entry);
  const base64 = (value: SecretValue): string => Buffer.from(value.reveal()).toString('base64');
  const encoded = new Map([...source.data].map(([key, value]) => [key, base64(value)]));
  return SecretValue.ofText(encodeJson(encoded, { escapeHtml: false }));
}

/** What `PutParameter` gets of the tier: only Advanced is said, so that nothing that is there is turned back. */
export function tierOf({ tier }: ParameterStoreMetadata): { Tier?: 'Advanced'; Policies?: string } {
  if (tier?.type !== 'Advanced') return {};
  const { policies } = tier;
  if (policies === undefined || policies === null) return { Tier: 'Advanced' };
  return { Tier: 'Advanced', Policies: typeof policies === 'string' ? policies : JSON.stringify(policies) };
}

/** What is needed to write the rest: key and tier. Metadata that is not valid any more does not hinder a removal. */
export function removedMetadata(entries: readonly Pick<PushEntry, 'metadata'>[]): ParameterStoreMetadata {
  try {
    return combinedMetadata(parameterStoreMetadata, entries);
  } catch (error) {
    if (error instanceof InvalidRefError) return {};
    throw error;
  }
}
