import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../real-parts/audit.ts';
import { describeRight, refusals, rightsOf, unusedRights } from './rights-used.ts';

const objects = [
  {
    kind: 'Role',
    metadata: { name: 'writer', namespace: 'ours' },
    rules: [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'update'], resourceNames: ['cert'] },
      { apiGroups: ['external-secrets.io'], resources: ['externalsecrets/status'], verbs: ['patch'] },
    ],
  },
  {
    kind: 'RoleBinding',
    metadata: { name: 'writer', namespace: 'ours' },
    roleRef: { kind: 'Role', name: 'writer' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'ours', name: 'operator' }],
  },
];
const user = { username: 'system:serviceaccount:ours:operator' };

function request(verb: string, resource: string, more: AuditEvent['objectRef'] = {}): AuditEvent {
  return { user, verb, objectRef: { resource, namespace: 'ours', ...more } };
}

function unused(...events: readonly AuditEvent[]): readonly string[] {
  return unusedRights(rightsOf(objects), events).map(describeRight);
}

test('a right is used by a request of its account on its resource and name, and by no other', () => {
  const all = [
    'operator: get secrets (cert)',
    'operator: update secrets (cert)',
    'operator: patch externalsecrets/status.external-secrets.io',
  ];
  assert.deepEqual(unused(), all);
  assert.deepEqual(unused(request('get', 'secrets', { name: 'cert' })), all.slice(1));
  assert.deepEqual(unused(request('get', 'secrets', { name: 'other' })), all);
  const status = { apiGroup: 'external-secrets.io', name: 'db' };
  assert.deepEqual(unused(request('patch', 'externalsecrets', status)), all);
  assert.deepEqual(unused(request('patch', 'externalsecrets', { ...status, subresource: 'status' })), all.slice(0, 2));
});

test('a right that another one covers is not needed', () => {
  const twice = [...rightsOf(objects), ...rightsOf(objects)];
  assert.equal(unusedRights(twice, [request('get', 'secrets', { name: 'cert' })]).length, twice.length);
});

test('refused requests are told once each', () => {
  const refused = { ...request('list', 'pods'), annotations: { 'authorization.k8s.io/decision': 'forbid' } };
  assert.deepEqual(refusals([refused, refused, request('get', 'secrets')]), ['operator: list pods']);
});
