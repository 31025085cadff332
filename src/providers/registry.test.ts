import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProvider, providers, unavailableProviders } from './registry.ts';

test('the single key under spec.provider names the provider, its settings are parsed with defaults', () => {
  const { declaration, spec } = findProvider({ aws: { service: 'SecretsManager', region: 'eu-central-1' } });
  assert.equal(declaration.name, 'aws');
  assert.equal((spec as { sessionTagsPolicy: string }).sessionTagsPolicy, 'None');
});

test('a known key that is not built says so', () => {
  assert.ok(unavailableProviders.includes('azurekv'));
  assert.throws(() => findProvider({ azurekv: {} }), { message: 'provider "azurekv" is not available in this build' });
});

test('none or several keys are refused', () => {
  assert.throws(() => findProvider({}), /exactly one provider, none is/);
  assert.throws(() => findProvider({ aws: {}, fake: {} }), /exactly one provider, found aws, fake/);
  assert.throws(() => findProvider(undefined), /spec\.provider is missing/);
});

test('settings that do not fit the schema are refused by path', () => {
  assert.throws(() => findProvider({ aws: { service: 'parameterstore', region: 'x' } }), {
    name: 'InvalidProviderConfigError',
    message: /spec\.provider\.aws\.service: .*ParameterStore/,
  });
});

test('no provider is listed twice', () => {
  const names = [...providers.map(({ name }) => name), ...unavailableProviders];
  assert.equal(new Set(names).size, names.length);
});
