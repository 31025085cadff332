/**
 * A structural schema, compiled once from a CRD's `openAPIV3Schema` (or written by hand for core kinds): what pruning,
 * defaulting, validation and field ownership all read.
 */
import { RE2JS } from 're2js';
import type { CelRule } from '../cel/rule.ts';
import { compileRule } from '../cel/rule.ts';
import type { Json, JsonObject } from '../json.ts';
import { isArray, isObject, listAt, objectAt } from '../json.ts';

export type ListType = 'atomic' | 'set' | 'map';

export interface Schema {
  readonly type: string | undefined;
  readonly format: string | undefined;
  readonly properties: ReadonlyMap<string, Schema>;
  /** Schema of the values of a map; undefined when the object is no map. */
  readonly additional: Schema | undefined;
  readonly items: Schema | undefined;
  readonly required: readonly string[];
  readonly enum: readonly Json[] | undefined;
  readonly pattern: { readonly text: string; readonly regexp: RE2JS } | undefined;
  /** `minimum`, `maxLength`, `minItems`, `maxProperties` …, by their JSON schema names. */
  readonly limits: ReadonlyMap<string, number>;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly uniqueItems: boolean;
  readonly nullable: boolean;
  readonly default: Json | undefined;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  /** Core kinds only: a struct that is always present, whose presence nobody owns. */
  readonly struct: boolean;
  readonly listType: ListType;
  readonly mapKeys: readonly string[];
  /** An object or map that is owned as a whole. */
  readonly atomic: boolean;
  readonly rules: readonly CelRule[];
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

const LIMITS = [
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'multipleOf',
] as const;

/**
 * @param path where in the CRD we are, for messages.
 * @throws UnsupportedRule when a CEL rule uses something the sandbox's CEL does not know; the rule is named.
 */
export function compileSchema(source: JsonObject, path = ''): Schema {
  const sub = (key: string): Schema[] =>
    listAt(source, key).map((item, index) => compileSchema(item as JsonObject, `${path}.${key}[${index}]`));
  const pattern = source['pattern'];
  return {
    type: source['type'] as string | undefined,
    format: source['format'] as string | undefined,
    properties: compileProperties(objectAt(source, 'properties'), path),
    additional: compileAdditional(source['additionalProperties'], path),
    items: isObject(source['items']) ? compileSchema(source['items'], `${path}[]`) : undefined,
    required: listAt(source, 'required') as readonly string[],
    enum: isArray(source['enum']) ? source['enum'] : undefined,
    pattern: typeof pattern === 'string' ? { text: pattern, regexp: RE2JS.compile(pattern) } : undefined,
    limits: new Map(LIMITS.flatMap((key) => (typeof source[key] === 'number' ? [[key, source[key]] as const] : []))),
    exclusiveMinimum: source['exclusiveMinimum'] === true,
    exclusiveMaximum: source['exclusiveMaximum'] === true,
    uniqueItems: source['uniqueItems'] === true,
    nullable: source['nullable'] === true,
    default: source['default'],
    intOrString: source['x-kubernetes-int-or-string'] === true,
    preserveUnknown: source['x-kubernetes-preserve-unknown-fields'] === true,
    struct: source['x-sandbox-struct'] === true,
    embedded: source['x-kubernetes-embedded-resource'] === true,
    listType: (source['x-kubernetes-list-type'] ?? 'atomic') as ListType,
    mapKeys: listAt(source, 'x-kubernetes-list-map-keys') as readonly string[],
    atomic: source['x-kubernetes-map-type'] === 'atomic',
    rules: (listAt(source, 'x-kubernetes-validations') as readonly JsonObject[]).map((rule) => compileRule(rule, path)),
    allOf: sub('allOf'),
    anyOf: sub('anyOf'),
    oneOf: sub('oneOf'),
    not: isObject(source['not']) ? compileSchema(source['not'], `${path}.not`) : undefined,
  };
}

function compileProperties(properties: JsonObject, path: string): ReadonlyMap<string, Schema> {
  return new Map(
    Object.entries(properties).map(([name, schema]) => [name, compileSchema(schema as JsonObject, `${path}.${name}`)]),
  );
}

function compileAdditional(additional: Json | undefined, path: string): Schema | undefined {
  if (additional === true) return compileSchema({ 'x-kubernetes-preserve-unknown-fields': true }, path);
  return isObject(additional) ? compileSchema(additional, `${path}.*`) : undefined;
}

/** The schema of one member of an object, if it is known. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  return schema.properties.get(name) ?? schema.additional;
}
