/** The fuzzer knows every function of the engine, and its cases do not depend on when and where they are made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUNCTIONS } from '../../src/template/functions/index.ts';
import { CATALOGUE, FORMS, LEFT_OUT } from './catalogue.ts';
import { makeCase } from './cases.ts';

test('every function of the engine is tried or left out with a reason', () => {
  const forms = FORMS.map(([, form]) => form).join(' ');
  const tried = (name: string): boolean =>
    CATALOGUE.some((entry) => entry.name === name) || new RegExp(`\\b${name}\\b`).test(forms);
  const missing = [...FUNCTIONS.keys()].filter((name) => !tried(name) && LEFT_OUT[name] === undefined);
  assert.deepEqual(missing, []);
});

test('nothing is tried or left out that the engine does not have', () => {
  const names = [...CATALOGUE.map(({ name }) => name), ...Object.keys(LEFT_OUT)];
  assert.deepEqual(
    names.filter((name) => !FUNCTIONS.has(name)),
    [],
  );
});

test('a seed and a number always make the same case, and others make others', () => {
  assert.deepEqual(makeCase(7, 12), makeCase(7, 12));
  assert.notDeepEqual(makeCase(7, 12).template, makeCase(7, 13).template);
  assert.notDeepEqual(makeCase(7, 12).template, makeCase(8, 12).template);
});

test('cases name most functions within a few thousand', () => {
  const text = Array.from({ length: 3000 }, (_, i) => makeCase(1, i).template.toString('latin1')).join(' ');
  const unseen = CATALOGUE.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(text)).map(({ name }) => name);
  assert.deepEqual(unseen, []);
});
