import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedInDefinitions } from './definitions.ts';
import { customKind } from './kinds/custom.ts';

test('every rule of every checked-in definition can be judged', () => {
  const definitions = checkedInDefinitions();
  assert.ok(definitions.length > 0);
  for (const definition of definitions)
    for (const version of customKind(definition).versions) assert.ok(version.schema.properties.has('spec'));
});
