import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStore, providerName, type CheckedProvider, type StoreKind } from './secret-store-checks.ts';
import type { SecretStore, SecretStoreSpec } from './secret-store.ts';

const provider = (name: string, overrides: Partial<CheckedProvider> = {}): CheckedProvider => ({
  name,
  maintenance: 'Maintained',
  check: () => ({ errors: [], warnings: [] }),
  ...overrides,
});

const providers = [
  provider('aws'),
  provider('fake', {
    maintenance: 'NotMaintained',
    check: (_, { kind, namespace }) => ({ errors: [`${kind} in "${namespace}" is bad`], warnings: ['careful'] }),
  }),
  provider('old', { maintenance: 'Deprecated' }),
];

const compile = (pattern: string): unknown => {
  if (pattern.includes('(')) throw new Error(`missing closing ) in ${pattern}`);
  return pattern;
};

function check(spec: Partial<SecretStoreSpec> | undefined, kind: StoreKind = 'SecretStore') {
  const metadata = kind === 'SecretStore' ? { name: 'main', namespace: 'shop' } : { name: 'main' };
  const store: SecretStore = spec === undefined ? { metadata } : { metadata, spec: { provider: { aws: {} }, ...spec } };
  return checkStore(kind, store, { providers, compile });
}

const intervals = ['5m', '0', '0s', 0, 300];
for (const refreshInterval of intervals) {
  test(`accepts ${JSON.stringify(refreshInterval)} as refreshInterval`, () => {
    assert.deepEqual(check({ refreshInterval }), { errors: [], warnings: [] });
  });
}

const badIntervals: readonly (readonly [interval: string | number, error: RegExp])[] = [
  [-1, /spec\.refreshInterval is -1: it must not be negative/],
  ['-5m', /spec\.refreshInterval is "-5m": it must not be negative/],
  ['30', /"30" is not a duration: a unit is missing.*a whole number without quotes means seconds/],
  ['', /"" is not a duration/],
  ['1d', /unknown unit "d"/],
];
for (const [refreshInterval, error] of badIntervals) {
  test(`refuses ${JSON.stringify(refreshInterval)} as refreshInterval`, () => {
    const { errors } = check({ refreshInterval });
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', error);
  });
}

for (const kind of ['SecretStore', 'ClusterSecretStore'] as const) {
  test(`names every namespace expression of a ${kind} that cannot be read, and stops there`, () => {
    const conditions = [{ namespaceRegexes: ['ok', '(a'] }, { namespaces: ['x'] }, { namespaceRegexes: ['(b'] }];
    const { errors } = check({ conditions, refreshInterval: 'never', provider: {} }, kind);
    assert.equal(errors.length, 2);
    assert.match(errors[0] ?? '', /spec\.conditions\[0\]\.namespaceRegexes\[1\].*missing closing \) in \(a/);
    assert.match(errors[1] ?? '', /spec\.conditions\[2\]\.namespaceRegexes\[0\]/);
  });
}

const wrongNumbers: readonly (readonly [spec: Partial<SecretStoreSpec> | undefined, error: RegExp])[] = [
  [undefined, /SecretStore "main" must have exactly one provider, but has none/],
  [{ provider: {} }, /has none/],
  [{ provider: { aws: undefined } }, /has none/],
  [{ provider: { aws: {}, fake: {} } }, /has 2 \(aws, fake\)/],
];
for (const [spec, error] of wrongNumbers) {
  test(`refuses ${JSON.stringify(spec)}, which has not exactly one provider`, () => {
    assert.match(check(spec).errors.join(), error);
  });
}

test('only warns about a provider that is not built, whatever its settings', () => {
  const { errors, warnings } = check({ provider: { gitlab: { ref: { name: 'x', namespace: 'other' } } } });
  assert.deepEqual(errors, []);
  assert.match(warnings.join(), /provider "gitlab" is not available in this build.*will not become ready/);
});

test('asks the provider, and warns about its maintenance also when it refuses', () => {
  assert.deepEqual(check({ provider: { fake: {} } }), {
    errors: ['SecretStore in "shop" is bad'],
    warnings: ['careful', 'provider "fake" is currently not maintained'],
  });
  assert.deepEqual(check({ provider: { fake: {} } }, 'ClusterSecretStore').errors, ['ClusterSecretStore in "" is bad']);
  assert.match(check({ provider: { old: {} } }).warnings.join(), /"old" is deprecated and will stop working/);
});

test('refuses a SecretStore that names a ServiceAccount of another namespace, with both ways out', () => {
  const auth = { jwt: { serviceAccountRef: { name: 'sa', namespace: 'external-secrets' } } };
  const { errors } = check({ provider: { aws: { auth } } });
  assert.equal(errors.length, 1);
  const [error = ''] = errors;
  assert.match(error, /^spec\.provider\.aws\.auth\.jwt\.serviceAccountRef\.namespace is "external-secrets"/);
  assert.match(error, /own namespace "shop"/);
  assert.match(error, /make it a ClusterSecretStore, or create the ServiceAccount in namespace "shop"/);
});

test('finds each Secret and ConfigMap of another namespace, in lists too', () => {
  const aws = {
    caProvider: { type: 'ConfigMap', name: 'ca', namespace: 'a' },
    secrets: [{ name: 'x', secretRef: { key: 'k', namespace: 'b' } }],
  };
  const { errors } = check({ provider: { aws } });
  assert.match(errors[0] ?? '', /caProvider\.namespace is "a".*create the ConfigMap/);
  assert.match(errors[1] ?? '', /secrets\[0\]\.secretRef\.namespace is "b".*create the Secret/);
});

test('accepts the own namespace, settings that are only called namespace, and anything in a ClusterSecretStore', () => {
  const own = { namespace: 'team-a', auth: { namespace: 'root', ref: { name: 'x', namespace: 'shop' } } };
  assert.deepEqual(check({ provider: { aws: own } }).errors, []);
  const other = { ref: { name: 'x', namespace: 'other' } };
  assert.deepEqual(check({ provider: { aws: other } }, 'ClusterSecretStore').errors, []);
});

test('knows the provider of a SecretStore', () => {
  assert.equal(providerName({ metadata: {}, spec: { provider: { vault: {} } } }), 'vault');
  assert.equal(providerName({ metadata: {}, spec: { provider: {} } }), undefined);
  assert.equal(providerName({ metadata: {} }), undefined);
});
