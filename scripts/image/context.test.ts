import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NODE_FLAGS, RUNTIME_ENVIRONMENT } from '../runtime.ts';
import { dockerfile } from './context.ts';

test('the image runs the program with the flags and the environment that are measured', () => {
  const text = dockerfile();
  const entrypoint = /^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? '';
  assert.deepEqual(JSON.parse(entrypoint), ['/usr/bin/node', ...NODE_FLAGS, '/app/external-secrets.mjs']);
  for (const [name, value] of Object.entries(RUNTIME_ENVIRONMENT))
    assert.match(text, new RegExp(`\\b${name}=${value}\\b`));
  assert.doesNotMatch(text, /NODE_FLAGS|RUNTIME_ENVIRONMENT/);
});
