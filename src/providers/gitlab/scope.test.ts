import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidRefError } from '../errors.ts';
import { forEnvironment, withoutEnvironment } from './scope.ts';

const scoped = (...scopes: readonly string[]) => scopes.map((scope) => ({ key: 'DB_PASSWORD', scope }));

for (const [environment, scopes, chosen] of [
  ['production', ['*', 'production'], 'production'],
  ['production', ['staging', '*'], '*'],
  ['production', ['staging'], undefined],
  ['review/42', ['*', 'review/*'], 'review/*'],
  ['review/42', ['review/*', 'review/4*', '*'], 'review/4*'],
  ['review/42', ['*/42'], '*/42'],
  ['review/42', ['rev*w/*2'], 'rev*w/*2'],
  ['review/42', ['review/42'], 'review/42'],
  ['review', ['review/*'], undefined],
  ['review/', ['review/*'], 'review/*'],
  ['aba', ['ab*ba'], undefined],
  ['production', ['prod.ction', 'production.*'], undefined],
] as const) {
  test(`of the scopes ${scopes.join(', ')} ${chosen ?? 'none'} is for ${environment}`, () => {
    assert.equal(forEnvironment(scoped(...scopes), environment)?.scope, chosen);
  });
}

test('without an environment the value for all of them is taken', () => {
  assert.equal(withoutEnvironment(scoped('production', '*'))?.scope, '*');
});

test('without an environment the only value is taken, whatever its scope', () => {
  assert.equal(withoutEnvironment(scoped('production'))?.scope, 'production');
});

test('without an environment several values are nobody’s guess', () => {
  assert.throws(
    () => withoutEnvironment(scoped('staging', 'production')),
    (error: unknown) =>
      error instanceof InvalidRefError && /DB_PASSWORD.*production, staging: set environment/.test(error.message),
  );
});
