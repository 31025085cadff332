/**
 * Which Secrets, ConfigMaps and ServiceAccounts an object's settings refer to. Told by the schema, not by how a value looks: a reference is
 * what one of the selectors of `selectors.ts` describes.
 */
import { z } from 'zod';
import { caProvider, secretKeySelector, serviceAccountSelector } from './selectors.ts';

export interface ObjectReference {
  /** Where it stands, e.g. `spec.provider.aws.auth.secretRef.accessKeyIDSecretRef`. */
  readonly field: string;
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount';
  readonly name: string;
  readonly namespace: string | undefined;
  /** Undefined: none is named, the field has a default or needs none. */
  readonly key: string | undefined;
}

/** In the order of the schema; what names nothing, or does not fit the schema, is left out. Pure. */
export function objectReferences(schema: z.core.$ZodType, value: unknown, field: string): readonly ObjectReference[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, index) => objectReferences(inner.element, item, `${field}[${index}]`));
  }
  if (inner instanceof z.ZodRecord) {
    return Object.entries(value).flatMap(([name, item]) => objectReferences(inner.valueType, item, `${field}.${name}`));
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const kind = kindOf(inner, value);
  if (kind !== undefined) return reference(kind, value, field);
  return Object.entries(inner.shape).flatMap(([name, member]) =>
    objectReferences(member, (value as Readonly<Record<string, unknown>>)[name], `${field}.${name}`),
  );
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}

/** A description makes another schema, but with the same members. */
function kindOf(schema: z.ZodObject, value: object): ObjectReference['kind'] | undefined {
  const { shape } = schema;
  if (shape === secretKeySelector.shape) return 'Secret';
  if (shape === serviceAccountSelector.shape) return 'ServiceAccount';
  if (shape !== caProvider.shape) return undefined;
  return (value as { readonly type?: unknown }).type === 'ConfigMap' ? 'ConfigMap' : 'Secret';
}

function reference(kind: ObjectReference['kind'], value: object, field: string): readonly ObjectReference[] {
  const { name, namespace, key } = value as Partial<Record<'name' | 'namespace' | 'key', unknown>>;
  if (typeof name !== 'string' || name === '') return [];
  return [{ field, kind, name, namespace: textOf(namespace), key: textOf(key) }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
