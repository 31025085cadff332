/**
 * Makes CustomResourceDefinitions of zod schemas. zod writes JSON Schema; the API server wants the narrower "structural
 * schema", and this is the way from one to the other.
 */
import { z } from 'zod';
import type { KindDefinition, KindVersion } from './kinds.ts';

/** A structural schema: the subset of OpenAPI v3 that the API server takes. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  format?: string;
  pattern?: string;
  default?: unknown;
  nullable?: boolean;
  enum?: readonly string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  anyOf?: readonly { readonly type: string }[];
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** The structural schema of what users write. @throws Error when zod or this file cannot say it */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }));
}

/** Members that go into the CRD as they stand. */
const PLAIN = new Set([
  'type',
  'description',
  'format',
  'default',
  'nullable',
  'enum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
]);

function structural(schema: JsonSchema): StructuralSchema {
  if (schema['x-kubernetes-int-or-string'] === true) return intOrString(schema);
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    const kept = member(name, value);
    if (kept !== undefined) result[name] = kept;
  }
  return preserving(result, schema);
}

function member(name: string, value: unknown): unknown {
  if (PLAIN.has(name) || name.startsWith('x-kubernetes-')) return value;
  switch (name) {
    case '$schema':
      return undefined;
    case 'required':
      return (value as readonly string[]).toSorted();
    case 'pattern':
      return (value as string).replaceAll('\\/', '/');
    case 'minimum':
    case 'maximum':
      return isTypeLimit(value as number) ? undefined : value;
    case 'properties':
      return structuralMembers(value as Readonly<Record<string, JsonSchema>>);
    case 'items':
      return structural(value as JsonSchema);
    case 'additionalProperties':
      return isAnything(value) ? undefined : structural(value as JsonSchema);
    default:
      throw new Error(`a CRD cannot say "${name}": ${JSON.stringify(value)}`);
  }
}

/** zod writes the range of its integer types as limits; `format` says the same to the API server. */
function isTypeLimit(limit: number): boolean {
  return Math.abs(limit) === Number.MAX_SAFE_INTEGER || limit === -(2 ** 31) || limit === 2 ** 31 - 1;
}

function isAnything(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

function structuralMembers(
  members: Readonly<Record<string, JsonSchema>>,
): Record<string, StructuralSchema> | undefined {
  const names = Object.keys(members).sort();
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, structural(members[name] ?? {})]));
}

/** What is open in zod (an object with unknown members, or any value) keeps everything in the cluster too. */
function preserving(result: StructuralSchema, source: JsonSchema): StructuralSchema {
  const open = source['additionalProperties'];
  const isOpenObject = open !== undefined && open !== false && isAnything(open);
  const isAnyValue = source['type'] === undefined;
  return isOpenObject || isAnyValue ? { ...result, 'x-kubernetes-preserve-unknown-fields': true } : result;
}

function intOrString(schema: JsonSchema): StructuralSchema {
  const { description, default: value } = schema;
  return {
    ...(typeof description === 'string' ? { description } : {}),
    ...(value === undefined ? {} : { default: value }),
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
  };
}

const API_VERSION = 'The group and version of this description of the object, e.g. external-secrets.io/v1.';
const KIND = 'The kind of the object.';

function rootSchema(kind: KindDefinition): StructuralSchema {
  const { properties, ...root } = structuralSchema(kind.schema);
  return {
    ...root,
    properties: {
      apiVersion: { type: 'string', description: API_VERSION },
      kind: { type: 'string', description: KIND },
      metadata: { type: 'object' },
      ...properties,
    },
  };
}

/**
 * A deprecated version says so in its description too. That also keeps its schema different from the stored version's:
 * the API server (1.36) folds equal schemas of all versions into one and then refuses `selectableFields` of one version.
 */
function versionSchema(it: KindVersion, schema: StructuralSchema): StructuralSchema {
  if (it.deprecation === undefined) return schema;
  return { ...schema, description: `Deprecated version: ${it.deprecation}. ${schema.description ?? ''}` };
}

function version(kind: KindDefinition, it: KindVersion, schema: StructuralSchema) {
  return {
    name: it.name,
    served: true,
    storage: it.storage,
    ...(it.deprecation === undefined ? {} : { deprecated: true, deprecationWarning: it.deprecation }),
    ...(it.columns.length === 0 ? {} : { additionalPrinterColumns: it.columns }),
    ...(it.selectableFields.length === 0
      ? {}
      : { selectableFields: it.selectableFields.map((jsonPath) => ({ jsonPath })) }),
    subresources: kind.statusSubresource ? { status: {} } : {},
    schema: { openAPIV3Schema: versionSchema(it, schema) },
  };
}

/** The CustomResourceDefinition of a kind, ready to be written as YAML or JSON. */
export function customResourceDefinition(kind: KindDefinition) {
  const { group, plural, kind: name, namespaced } = kind.resource;
  const schema = rootSchema(kind);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { 'external-secrets.io/component': 'controller' },
    },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: name.toLowerCase(),
        ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
        categories: kind.categories,
      },
      versions: kind.versions.map((it) => version(kind, it, schema)),
    },
  };
}
export type CustomResourceDefinition = ReturnType<typeof customResourceDefinition>;
