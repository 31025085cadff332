import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { dependsOnNamespace, checkGitlab } from './check.ts';
import { gitlabSpec } from './spec.ts';

type Input = z.input<typeof gitlabSpec>;
const spec = (more: Partial<Input> = {}, token: Record<string, string> = {}) =>
  gitlabSpec.parse({
    auth: { SecretRef: { accessToken: { name: 'gitlab', key: 'token', ...token } } },
    projectID: '12',
    ...more,
  });
const inShop = { kind: 'SecretStore', namespace: 'shop' } as const;
const cluster = { kind: 'ClusterSecretStore', namespace: '' } as const;

for (const [what, checked, store, error] of [
  ['a project', spec(), inShop, undefined],
  ['groups alone', spec({ projectID: undefined, groupIDs: ['shop'] }), inShop, undefined],
  ['nothing to read', spec({ projectID: undefined }), inShop, /neither projectID nor groupIDs/],
  ['groups twice', spec({ inheritFromGroups: true, groupIDs: ['shop'] }), inShop, /exclude each other/],
  ['groups of no project', spec({ inheritFromGroups: true, projectID: '' }), inShop, /nothing to read/],
  ['an empty group', spec({ groupIDs: [''] }), inShop, /empty text/],
  [
    'a token without key',
    gitlabSpec.parse({ auth: { SecretRef: { accessToken: { name: 'g' } } }, projectID: '1' }),
    inShop,
    /accessToken\.key must not be empty/,
  ],
  ['no token at all', gitlabSpec.parse({ auth: { SecretRef: {} }, projectID: '1' }), inShop, /accessToken\.name must/],
  ['the own namespace', spec({}, { namespace: 'shop' }), inShop, undefined],
  ['a foreign namespace', spec({}, { namespace: 'bank' }), inShop, /must be empty or match.*"shop".*"bank"/],
  ['a ClusterSecretStore that says where', spec({}, { namespace: 'bank' }), cluster, undefined],
  ['a ClusterSecretStore that leaves it to the consumer', spec(), cluster, undefined],
] as const) {
  test(`${what}: ${error === undefined ? 'accepted' : 'refused'}`, () => {
    const { errors } = checkGitlab(checked, store);
    if (error === undefined) assert.deepEqual(errors, []);
    else assert.match(errors.join('; '), error);
  });
}

test('a ca of a ClusterSecretStore must say in which namespace it is', () => {
  const caProvider = { type: 'Secret', name: 'ca', key: 'ca.crt' } as const;
  assert.match(checkGitlab(spec({ caProvider }), cluster).errors.join(), /caProvider\.namespace is missing/);
  assert.deepEqual(checkGitlab(spec({ caProvider }), inShop).errors, []);
  assert.match(checkGitlab(spec({ caProvider: { ...caProvider, namespace: 'bank' } }), inShop).errors.join(), /"shop"/);
});

test('plain http is warned of', () => {
  assert.match(checkGitlab(spec({ url: 'http://gitlab.example.com' }), inShop).warnings.join(), /without encryption/);
  assert.deepEqual(checkGitlab(spec({ url: 'https://gitlab.example.com' }), inShop).warnings, []);
});

test('the token’s namespace decides whether each consumer is an identity of its own', () => {
  assert.equal(dependsOnNamespace(spec()), true);
  assert.equal(dependsOnNamespace(spec({}, { namespace: 'bank' })), false);
});
