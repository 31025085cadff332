import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { customResourceDefinition, structuralSchema, type StructuralSchema } from './crd.ts';
import { anyJson, bytes, dateTime, exactlyOneOf, int32, int64, intOrString, openObject, stringMap } from './fields.ts';
import { kindDefinitions } from './kinds.ts';
import { PROVIDER_KEYS } from './provider-keys.ts';

const fields: Readonly<Record<string, readonly [schema: z.ZodType, expected: StructuralSchema]>> = {
  'a text with limits': [
    z
      .string()
      .min(1)
      .max(9)
      .regex(/^a\/b$/),
    { type: 'string', minLength: 1, maxLength: 9, pattern: '^a/b$' },
  ],
  'a whole number without limits': [z.int(), { type: 'integer' }],
  'a whole number of 32 bits': [int32, { type: 'integer', format: 'int32' }],
  'a whole number with limits of its own': [
    int64.min(256).max(8192),
    { type: 'integer', format: 'int64', minimum: 256, maximum: 8192 },
  ],
  'a number or text': [
    intOrString.describe('either'),
    {
      description: 'either',
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
    },
  ],
  bytes: [bytes, { type: 'string', format: 'byte' }],
  'a time that may be null': [dateTime.nullable(), { type: 'string', format: 'date-time', nullable: true }],
  'a choice with a default': [z.enum(['a', 'b']).default('a'), { type: 'string', enum: ['a', 'b'], default: 'a' }],
  'a map': [stringMap, { type: 'object', additionalProperties: { type: 'string' } }],
  'a list with a minimum': [z.array(z.boolean()).min(1), { type: 'array', minItems: 1, items: { type: 'boolean' } }],
  'any value': [anyJson, { 'x-kubernetes-preserve-unknown-fields': true }],
  'an open object': [openObject, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
  'an empty object': [z.object({}), { type: 'object' }],
  'an object, members and required ones sorted': [
    z.object({ b: z.string().describe('the b'), a: z.string().optional(), aa: z.string() }),
    {
      type: 'object',
      properties: { a: { type: 'string' }, aa: { type: 'string' }, b: { type: 'string', description: 'the b' } },
      required: ['aa', 'b'],
    },
  ],
  'members that exclude each other': [
    exactlyOneOf({ a: z.string().optional() }),
    { type: 'object', properties: { a: { type: 'string' } }, minProperties: 1, maxProperties: 1 },
  ],
};

for (const [name, [schema, expected]] of Object.entries(fields)) {
  test(`says in a CRD: ${name}`, () => assert.deepEqual(structuralSchema(schema), expected));
}

test('refuses what a structural schema cannot say', () => {
  assert.throws(() => structuralSchema(z.union([z.string(), z.object({})])), /a CRD cannot say "anyOf"/);
});

const crds = kindDefinitions([]).map(customResourceDefinition);

/** Every schema in a tree of schemas, with its path. */
function* nodes(schema: StructuralSchema, path: string): Iterable<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* nodes(child, `${path}.${name}`);
  if (schema.items !== undefined) yield* nodes(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* nodes(schema.additionalProperties, `${path}.*`);
}

for (const { metadata, spec } of crds) {
  for (const { name, schema } of spec.versions) {
    const all = [...nodes(schema.openAPIV3Schema, '')];

    test(`${metadata.name} ${name} is a structural schema`, () => {
      for (const [path, node] of all) {
        const typed = node.type !== undefined || node['x-kubernetes-int-or-string'] === true;
        assert.ok(typed || node['x-kubernetes-preserve-unknown-fields'] === true, `${path} has no type`);
        assert.ok(
          node.properties === undefined || node.additionalProperties === undefined,
          `${path} is object and map`,
        );
      }
    });

    test(`${metadata.name} ${name} describes every field`, () => {
      const undescribed = all.filter(([path, node]) => {
        const isField = !path.endsWith('[]') && !path.endsWith('.*') && path !== '.metadata';
        return isField && (node.description ?? '').length < 8;
      });
      assert.deepEqual(
        undescribed.map(([path]) => path),
        [],
      );
    });
  }
}

test('every key of spec.provider is there, and one that is not built keeps its content', () => {
  const store = crds.find(({ spec }) => spec.names.kind === 'ClusterSecretStore');
  const provider = store?.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']?.properties?.['provider'];
  assert.equal(PROVIDER_KEYS.length, 43);
  assert.deepEqual(Object.keys(provider?.properties ?? {}), PROVIDER_KEYS.toSorted());
  assert.equal(provider?.properties?.['gitlab']?.['x-kubernetes-preserve-unknown-fields'], true);
  assert.deepEqual([provider?.minProperties, provider?.maxProperties], [1, 1]);
});

test('a provider that is built brings its own schema', () => {
  const spec = z.object({ region: z.string().describe('The region of the backend.') });
  const [store] = kindDefinitions([{ name: 'gitlab', spec }]).filter(({ resource }) => resource.kind === 'SecretStore');
  assert.ok(store);
  const provider = structuralSchema(store.schema).properties?.['spec']?.properties?.['provider'];
  assert.deepEqual(provider?.properties?.['gitlab']?.required, ['region']);
});
