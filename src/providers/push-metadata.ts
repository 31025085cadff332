/**
 * Reads the `spec` of a pushed entry's metadata envelope (`providers.md` 1.10) by a provider's schema: unknown fields are
 * errors, and names of fields are matched whatever their case (`kmsKeyID`, `kmsKeyId`). Keys of maps (tags, labels) are the
 * user's and stay as they are.
 */
import { z } from 'zod';
import { InvalidRefError } from './errors.ts';
import type { PushEntry } from './provider.ts';

/**
 * What `metadata` says, `{}` read when it is absent.
 * @throws InvalidRefError naming the field, e.g. `metadata.resourcePolicy.policySourceRef.kind`
 */
export function pushMetadata<Schema extends z.ZodObject>(schema: Schema, metadata: unknown): z.infer<Schema> {
  const result = schema.safeParse(renamed(schema, metadata ?? {}, 'metadata'));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = ['metadata', ...(issue?.path ?? [])].map(String).join('.');
  throw new InvalidRefError(`${path}: ${issue?.message ?? 'not valid'}`);
}

/**
 * One remote key has one set of settings: those of all its entries, where a field is given more than once the last one
 * counts. The fields themselves are not merged.
 */
export function combinedMetadata<Schema extends z.ZodObject>(
  schema: Schema,
  entries: readonly Pick<PushEntry, 'metadata'>[],
): z.infer<Schema> {
  const parts = entries.map(({ metadata }) => pushMetadata(schema, metadata));
  const given = parts.flatMap((part) => Object.entries(part).filter(([, value]) => value !== undefined));
  return schema.parse(Object.fromEntries(given));
}

/** Tags or labels of the user's own, without the one that says whose it is. */
export function ownTags(reserved: string) {
  return z.record(z.string(), z.string()).refine((tags) => !Object.hasOwn(tags, reserved), {
    error: `"${reserved}" is set by this operator and cannot be given`,
  });
}

/** `value` with the names of the schema's fields; nulls count as absent. */
function renamed(schema: unknown, value: unknown, path: string): unknown {
  const plain = unwrapped(schema);
  if (!(plain instanceof z.ZodObject) || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const known = new Map(Object.keys(plain.shape).map((name) => [name.toLowerCase(), name]));
  const members: [string, unknown][] = [];
  for (const [given, member] of Object.entries(value)) {
    const name = known.get(given.toLowerCase());
    if (name === undefined)
      throw new InvalidRefError(
        `${path}: unknown field "${given}"; known are ${Object.keys(plain.shape).sort().join(', ')}`,
      );
    if (member !== null) members.push([name, renamed(plain.shape[name], member, `${path}.${name}`)]);
  }
  return Object.fromEntries(members);
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap()) : schema;
}
