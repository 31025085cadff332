import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../json.ts';
import { compileSchema } from '../schema/schema.ts';
import { withObjectMembers } from '../schema/metadata.ts';
import { applyConfiguration } from './apply.ts';
import { NOTHING, toFieldsV1 } from './field-set.ts';
import { decodeManaged, trackUpdate } from './managed-fields.ts';

const texts = { type: 'object', additionalProperties: { type: 'string' } };
const schema = compileSchema(withObjectMembers({ properties: { data: texts, type: { type: 'string' } } }));
const writer = (manager: string, time = '2030-01-01T00:00:00Z') => ({
  manager,
  apiVersion: 'v1',
  subresource: undefined,
  time,
  ignored: NOTHING,
});
const secret = (data: Record<string, string>, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  data,
  ...more,
});

const update = (live: JsonObject | undefined, next: JsonObject, manager: string): JsonObject =>
  trackUpdate(live, next, schema, writer(manager));

/** `manager → fieldsV1` of an object. */
function owners(object: JsonObject): Record<string, unknown> {
  return Object.fromEntries(decodeManaged(object).map((entry) => [entry.manager, toFieldsV1(entry.fields)]));
}

test('a creation gives everything but system metadata to its maker', () => {
  assert.deepEqual(owners(update(undefined, secret({ a: '1' }, { type: 'Opaque' }), 'one')), {
    one: { 'f:data': { '.': {}, 'f:a': {} }, 'f:type': {} },
  });
});

test('an update takes only what it changed, and from whom it changed it', () => {
  const live = update(undefined, secret({ a: '1', b: '1' }), 'one');
  const next = update(live, { ...live, data: { a: '1', b: '2', c: '3' } }, 'two');
  assert.deepEqual(owners(next), {
    one: { 'f:data': { '.': {}, 'f:a': {} } },
    two: { 'f:data': { 'f:b': {}, 'f:c': {} } },
  });
});

test('a removed key belongs to nobody, and a manager without fields has no entry', () => {
  const live = update(update(undefined, secret({ a: '1' }), 'one'), secret({ a: '1', b: '2' }), 'two');
  assert.deepEqual(owners(update(live, { ...live, data: { a: '1' } }, 'one')), {
    one: { 'f:data': { '.': {}, 'f:a': {} } },
  });
});

test('an update that changes nothing leaves no trace', () => {
  const live = update(undefined, secret({ a: '1' }), 'one');
  assert.deepEqual(update(live, live, 'two'), live);
});

test('labels and annotations are owned one by one', () => {
  const live = update(undefined, secret({}), 'one');
  const next = update(live, { ...live, metadata: { name: 's', labels: { l: '1' }, annotations: { x: 'y' } } }, 'two');
  assert.deepEqual(owners(next)['two'], {
    'f:metadata': { 'f:annotations': { '.': {}, 'f:x': {} }, 'f:labels': { '.': {}, 'f:l': {} } },
  });
});

test('an apply is refused with the field and its owner, unless forced', () => {
  const live = update(undefined, secret({ a: '1' }), 'one');
  const apply = (force: boolean) => applyConfiguration(live, secret({ a: '2' }), schema, writer('two'), force);
  assert.throws(() => apply(false), {
    code: 409,
    message: 'Apply failed with 1 conflict: conflict with "one" using v1: .data.a',
  });
  assert.deepEqual(owners(apply(true)), { one: { 'f:data': {} }, two: { 'f:data': { 'f:a': {} } } });
});

test('what an apply no longer mentions goes, unless somebody else owns it', () => {
  const first = applyConfiguration(undefined, secret({ a: '1', b: '1' }), schema, writer('one'), false);
  const shared = applyConfiguration(first, secret({ b: '1' }), schema, writer('two'), false);
  const next = applyConfiguration(shared, secret({ c: '1' }), schema, writer('one'), false);
  assert.deepEqual(next['data'], { b: '1', c: '1' });
});
