import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWebhook, dependsOnNamespace } from './check.ts';
import { webhookSpec } from './spec.ts';

const OWN = { kind: 'SecretStore', namespace: 'shop' } as const;
const CLUSTER = { kind: 'ClusterSecretStore', namespace: '' } as const;
const parse = (spec: object) => webhookSpec.parse({ url: 'https://h/', ...spec });

test('whatever the peer admits is admitted', () => {
  assert.deepEqual(checkWebhook(parse({ url: '{{ broken' }), OWN), { errors: [], warnings: [] });
});

test('what will not work is a warning', () => {
  const ntlm = { usernameSecret: { name: 'a', key: 'u' }, passwordSecret: { name: 'a', key: 'p' } };
  const { errors, warnings } = checkWebhook(parse({ timeout: 'soon', auth: { ntlm } }), OWN);
  assert.deepEqual(errors, []);
  assert.equal(warnings.length, 2);
  assert.match(warnings.join('; '), /timeout.*auth\.ntlm is not available in this build/);
});

test('a namespace of NTLM credentials obeys the same rules', () => {
  const ntlm = { usernameSecret: { name: 'a', namespace: 'blue' }, passwordSecret: { name: 'a', namespace: 'shop' } };
  const { errors } = checkWebhook(parse({ auth: { ntlm } }), OWN);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /auth\.ntlm\.usernameSecret.*"blue"/);
  assert.equal(
    checkWebhook(parse({ auth: { ntlm: { usernameSecret: {}, passwordSecret: {} } } }), CLUSTER).warnings.length,
    3,
  );
});

test('exactly one method under auth', () => {
  assert.equal(webhookSpec.safeParse({ url: 'x', auth: {} }).success, false);
});

test('a ClusterSecretStore is one identity per namespace only when a template names it', () => {
  assert.equal(dependsOnNamespace(parse({ url: 'https://h/{{ .remoteRef.key }}' })), false);
  assert.equal(dependsOnNamespace(parse({ body: '{{ .remoteRef.namespace }}' })), true);
});
