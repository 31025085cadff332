import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aws, fake, vault } from '../../test/builders/objects.ts';
import { destinationOf } from './destination.ts';
import type { StoreIdentity } from './provider.ts';

let uids = 0;
const store = (namespace: string, name = 'store'): StoreIdentity => {
  const kind = namespace === '' ? 'ClusterSecretStore' : 'SecretStore';
  return { kind, namespace, name, uid: `uid-${++uids}`, generation: 1 };
};

const keys = { tokenSecretRef: { name: 'account', key: 'token' } };
const inShop = { tokenSecretRef: { name: 'account', namespace: 'shop', key: 'token' } };

const rows: readonly [what: string, same: boolean, one: [string, object, string], other: [string, object, string]][] = [
  ['two stores that say the same', true, ['shop', aws('a'), 'shop'], ['shop', aws('a'), 'shop']],
  ['another region', false, ['shop', aws('a'), 'shop'], ['shop', aws('a', { region: 'us-east-1' }), 'shop']],
  ['another service', false, ['shop', aws('a'), 'shop'], ['shop', aws('a', { service: 'ParameterStore' }), 'shop']],
  ['another role', false, ['shop', aws('a'), 'shop'], ['shop', aws('a', { role: 'arn:aws:iam::1:role/r' }), 'shop']],
  ['other credentials', false, ['shop', aws('a'), 'shop'], ['shop', aws('b'), 'shop']],
  ['credentials of the same name elsewhere', false, ['shop', aws('a'), 'shop'], ['web', aws('a'), 'web']],
  [
    'how things are deleted',
    true,
    ['shop', aws('a'), 'shop'],
    ['shop', aws('a', { secretsManager: { forceDeleteWithoutRecovery: true } }), 'shop'],
  ],
  ['the operator’s own identity', true, ['shop', own(), 'shop'], ['web', own(), 'web']],
  [
    'tags that tell the namespace',
    false,
    ['', own({ role: 'arn:aws:iam::1:role/r', sessionTagsPolicy: 'Simple' }), 'shop'],
    ['', own({ role: 'arn:aws:iam::1:role/r', sessionTagsPolicy: 'Simple' }), 'web'],
  ],
  [
    'a ClusterSecretStore with the credentials of a namespace',
    true,
    ['shop', vault('https://v', '', { auth: keys }), 'shop'],
    ['', vault('https://v/', '', { auth: inShop }), 'web'],
  ],
  [
    'a ClusterSecretStore with the credentials of each namespace',
    false,
    ['', vault('https://v', '', { auth: keys }), 'shop'],
    ['', vault('https://v', '', { auth: keys }), 'web'],
  ],
  [
    'another mount',
    false,
    ['shop', vault('https://v', 'a', { path: 'one' }), 'shop'],
    ['shop', vault('https://v', 'a', { path: 'two' }), 'shop'],
  ],
  [
    'how consistent reads are',
    true,
    ['shop', vault('https://v', 'a'), 'shop'],
    ['shop', vault('https://v', 'a', { readYourWrites: true, path: '/secret/' }), 'shop'],
  ],
  ['fake stores', false, ['shop', fake({}), 'shop'], ['shop', fake({}), 'shop']],
  ['stores of providers that we do not have', false, ['shop', { x: {} }, 'shop'], ['shop', { x: {} }, 'shop']],
  [
    'a webhook that is told the namespace',
    false,
    ['', webhook('https://w/{{ .remoteRef.namespace }}'), 'shop'],
    ['', webhook('https://w/{{ .remoteRef.namespace }}'), 'web'],
  ],
  ['a webhook that is not', true, ['', webhook('https://w'), 'shop'], ['', webhook('https://w'), 'web']],
];

function own(more: object = {}): object {
  return { aws: { service: 'SecretsManager', region: 'eu-central-1', ...more } };
}

function webhook(url: string): object {
  return { webhook: { url } };
}

for (const [what, same, one, other] of rows) {
  test(`${what}: ${same ? 'one place' : 'two places'}`, () => {
    const [a, b] = [one, other].map(([namespace, provider, consumer]) =>
      destinationOf(store(namespace), provider, consumer),
    );
    assert.equal(a === b, same, `${a}\n${b}`);
  });
}

test('one fake store is one place for all who use it', () => {
  const [shared, provider] = [store(''), fake({})];
  assert.equal(destinationOf(shared, provider, 'shop'), destinationOf(shared, provider, 'web'));
});
