import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedFieldsEntry, Stored } from '../../../kube/types.ts';
import { fieldManagerOf } from '../names.ts';
import { isSoleWriter, viewManifest } from './content-fields.ts';

const ours = fieldManagerOf('app');

function entry(manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry {
  return { manager, operation: 'Update', time: '2026-01-01T00:00:00Z', fieldsV1: { ...fieldsV1 }, ...more };
}

function object(...managedFields: readonly ManagedFieldsEntry[]): Stored {
  return { metadata: { name: 'app', namespace: 'shop', uid: 'u', resourceVersion: '1', managedFields } };
}

const spec = { 'f:spec': { 'f:a': {} } };

test('labels and a status that others write do not move the fingerprint of the content', () => {
  const before = viewManifest(object(entry(ours, spec))).dataWriters;
  const beside = [
    entry('kubectl', { 'f:metadata': { 'f:labels': { 'f:x': {} } } }),
    entry('controller', { 'f:status': { 'f:ready': {} } }),
    entry('controller', { 'f:status': {}, 'f:spec': {} }, { subresource: 'status' }),
  ];
  assert.equal(viewManifest(object(entry(ours, spec), ...beside)).dataWriters, before);
  assert.notEqual(viewManifest(object(entry(ours, spec), entry('kubectl', { 'f:rules': {} }))).dataWriters, before);
});

test('a later write of somebody else to the content shows', () => {
  const later = { time: '2026-01-01T00:00:09Z' };
  assert.equal(viewManifest(object(entry(ours, spec))).foreignDataWrite, false);
  assert.equal(viewManifest(object(entry(ours, spec), entry('kubectl', spec, later))).foreignDataWrite, true);
  assert.equal(viewManifest(object(entry(ours, spec, later), entry('kubectl', spec))).foreignDataWrite, false);
});

test('an object is our work while nobody else wrote content', () => {
  assert.equal(isSoleWriter(ours, [entry(ours, spec), entry('x', { 'f:status': {} })]), true);
  assert.equal(isSoleWriter(ours, [entry(ours, spec), entry('x', { 'f:data': { 'f:k': {} } })]), false);
  assert.equal(isSoleWriter(ours, [entry(ours, { 'f:metadata': {} })]), false);
  assert.equal(isSoleWriter(ours, []), false);
});
