import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionPath, listQuery, objectPath, writeQuery } from './paths.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
const stores = { group: 'external-secrets.io', version: 'v1', plural: 'clustersecretstores', namespaced: false };

test('core kinds live under /api, the others under /apis', () => {
  assert.equal(collectionPath(secrets, undefined), '/api/v1/secrets');
  assert.equal(collectionPath(secrets, 'team'), '/api/v1/namespaces/team/secrets');
  assert.equal(collectionPath(stores, 'team'), '/apis/external-secrets.io/v1/clustersecretstores');
});

test('an object has its name and perhaps a subresource at the end', () => {
  assert.equal(objectPath(secrets, { namespace: 'team', name: 'db' }), '/api/v1/namespaces/team/secrets/db');
  assert.equal(objectPath(stores, { name: 'aws' }, 'status').endsWith('/clustersecretstores/aws/status'), true);
});

test('a name cannot climb out of its place', () => {
  assert.equal(objectPath(stores, { name: 'a/../../x' }).endsWith('/a%2F..%2F..%2Fx'), true);
  for (const name of ['', '.', '..']) assert.throws(() => objectPath(stores, { name }), TypeError);
  assert.throws(() => objectPath(secrets, { namespace: '..', name: 'db' }), TypeError);
  assert.throws(() => objectPath(secrets, { name: 'db' }), TypeError, 'no namespace: would be another kind of URL');
});

test('options become a query, and no option no question mark', () => {
  assert.equal(listQuery({}), '');
  assert.equal(listQuery({ labelSelector: 'a=b,c', limit: 500 }), '?labelSelector=a%3Db%2Cc&limit=500');
  assert.equal(writeQuery({ fieldManager: 'x/y', dryRun: true }), '?fieldManager=x%2Fy&dryRun=All');
});
