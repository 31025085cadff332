import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PropertyNotFoundError } from '../errors.ts';
import { parseJson } from '../json/index.ts';
import type { SecretValue } from '../../secret-value.ts';
import { pieceOfAnswer, webhookValues, wholeAnswer } from './values.ts';

const ref = { key: 'db' };
const piece = (json: string): SecretValue => pieceOfAnswer(parseJson(Buffer.from(json)));
const texts = (entries: ReadonlyMap<string, SecretValue>): Record<string, string> =>
  Object.fromEntries([...entries].map(([name, value]) => [name, value.revealText()]));

test('without a JSONPath the answer is the value, byte for byte', () => {
  const bytes = Uint8Array.from([0, 255, 1, 10]);
  assert.deepEqual(Buffer.from(webhookValues.select(wholeAnswer(bytes), ref).reveal()), Buffer.from(bytes));
});

describe('what a JSONPath found becomes text', () => {
  const table: readonly (readonly [json: string, text: string])[] = [
    ['"t<x"', 't<x'],
    ['true', 'true'],
    ['null', ''],
    ['42', '42'],
    ['12345678901234567890', '12345678901234567890'],
    ['1.5', '1.5'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['["first","second"]', 'first'],
    ['[["deep"]]', 'deep'],
    ['{"b":"<","a":12345678901234567890}', '{"a":12345678901234567890,"b":"\\u003c"}'],
  ];
  for (const [json, text] of table)
    test(json, () => assert.equal(webhookValues.select(piece(json), ref).revealText(), text));
  test('an empty list is a missing value', () =>
    assert.throws(() => webhookValues.select(piece('[]'), ref), PropertyNotFoundError));
});

describe('entries', () => {
  const expected = { s: 't', n: '12345678901234567890', f: '1.5', z: '', o: '{"a":1}' };
  const json = '{"s":"t","n":12345678901234567890,"f":1.50,"z":null,"o":{"a": 1}}';
  test('come from the answer', () =>
    assert.deepEqual(texts(webhookValues.entries(wholeAnswer(Buffer.from(json)), ref)), expected));
  test('come from what the JSONPath found', () =>
    assert.deepEqual(texts(webhookValues.entries(piece(json), ref)), expected));
  test('come from a text that holds an object', () =>
    assert.deepEqual(texts(webhookValues.entries(piece(JSON.stringify(json)), ref)), expected));
  for (const other of ['[]', '1', '"text"', 'null'])
    test(`do not come from ${other}`, () =>
      assert.throws(() => webhookValues.entries(piece(other), ref), /key "db" is not a JSON object.*use data/));
  test('do not come from plain text, which is not shown', () =>
    assert.throws(
      () => webhookValues.entries(wholeAnswer(Buffer.from('hunter2')), ref),
      (error: unknown) => error instanceof PropertyNotFoundError && !error.message.includes('hunter2'),
    ));
});
