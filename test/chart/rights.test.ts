import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../real-parts/audit.ts';
import { describe, refusals, rightsOf, withRightsOf } from './rights.ts';

const user = { username: 'system:serviceaccount:ours:operator' };
const rules = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'update'], resourceNames: ['cert', 'ca'] },
  { apiGroups: ['external-secrets.io'], resources: ['externalsecrets/status'], verbs: ['patch'] },
];

function role(name: string, ...given: typeof rules): Parameters<typeof rightsOf>[0] {
  const metadata = { name, namespace: 'ours' };
  const subjects = [{ kind: 'ServiceAccount', namespace: 'ours', name: 'operator' }];
  return [
    { kind: 'Role', metadata, rules: given } as never,
    { kind: 'RoleBinding', metadata, roleRef: { kind: 'Role', name }, subjects } as never,
  ];
}

test('a right is one verb on one thing, by name where names are given', () => {
  assert.deepEqual(rightsOf(role('writer', ...rules)).map(describe), [
    'operator: get secrets (cert)',
    'operator: get secrets (ca)',
    'operator: update secrets (cert)',
    'operator: update secrets (ca)',
    'operator: patch externalsecrets/status.external-secrets.io',
  ]);
});

test('of two renderings a right that is in both counts once, and one that the second gives twice counts twice', () => {
  const [first] = rules;
  const [once, twice] = [rightsOf(role('a', first!)), rightsOf(role('a', first!, first!))];
  assert.deepEqual(withRightsOf(once, once), once);
  assert.deepEqual(withRightsOf(once, twice).length, 2 * once.length);
});

test('refused requests are told once each', () => {
  const list = (decision: string, resource: string): AuditEvent => ({
    user,
    verb: 'list',
    objectRef: { resource, namespace: 'ours' },
    annotations: { 'authorization.k8s.io/decision': decision },
  });
  const events = [list('forbid', 'pods'), list('forbid', 'pods'), list('allow', 'secrets')];
  assert.deepEqual(refusals(events), ['operator: list pods']);
});
