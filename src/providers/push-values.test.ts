import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretValue } from '../secret-value.ts';
import { InvalidRefError } from './errors.ts';
import type { PushEntry, PushSource } from './provider.ts';
import { hasProperty, pushedValue, remainingValue } from './push-values.ts';

const value = (text: string): SecretValue => SecretValue.ofText(text);
const source: PushSource = {
  data: new Map([
    ['user', value('u<1>')],
    ['pass', value('p')],
  ]),
  type: 'Opaque',
  labels: {},
  annotations: {},
};
const entry = (secretKey?: string, property?: string): PushEntry => ({ secretKey, property, metadata: undefined });
const pushed = (current: string | undefined, ...entries: readonly PushEntry[]): string =>
  pushedValue(current === undefined ? undefined : value(current), { remoteKey: 'db', entries, source }).revealText();
const left = (current: string, ...entries: readonly PushEntry[]): string | undefined =>
  remainingValue(value(current), { entries })?.revealText();

describe('the value a push wants to see', () => {
  test('is the bytes of the key', () => assert.equal(pushed('old', entry('pass')), 'p'));
  test('is all keys as a JSON object of texts when no key is named', () =>
    assert.equal(pushed(undefined, entry()), '{"pass":"p","user":"u<1>"}'));
  test('has every property, beside what is there', () =>
    assert.equal(
      pushed('{"port": 1}', entry('user', 'user'), entry('pass', 'auth.pass')),
      '{"port": 1,"user":"u\\u003c1\\u003e","auth":{"pass":"p"}}',
    ));
  test('can have the whole Secret as a property', () =>
    assert.equal(
      pushed(undefined, entry(undefined, 'all')),
      '{"all":"{\\"pass\\":\\"p\\",\\"user\\":\\"u\\u003c1\\u003e\\"}"}',
    ));
  test('takes an entry for the whole first, in whatever order they stand', () =>
    assert.equal(pushed('{"old":1}', entry('pass', 'x'), entry()), '{"pass":"p","user":"u<1>","x":"p"}'));
  test('writes a name with dots where a read will find it', () => {
    assert.equal(pushed('{"tls.crt":"old"}', entry('pass', 'tls.crt')), '{"tls.crt":"p"}');
    assert.equal(pushed('', entry('pass', 'tls.crt')), '{"tls":{"crt":"p"}}');
  });
  test('cannot have a property in what is no JSON, and the error shows nothing of it', () =>
    assert.throws(
      () => pushed('hunter2', entry('pass', 'p')),
      (error: unknown) => error instanceof InvalidRefError && !error.message.includes('hunter2'),
    ));
  test('cannot be of a key that is not there', () =>
    assert.throws(() => pushed('', entry('nope')), /the Secret has no key "nope"/));
});

describe('what a removal leaves', () => {
  test('is the other properties', () => assert.equal(left('{"a":"x","b":"y"}', entry('k', 'a')), '{"b":"y"}'));
  test('is nothing after the last property', () =>
    assert.equal(left('{"a":"x","b":"y"}', entry('k', 'a'), entry('k', 'b')), undefined));
  test('is nothing when the whole goes', () => assert.equal(left('{"a":"x"}', entry('k', 'b'), entry('k')), undefined));
  test('is everything when the property is not there, or the value is no JSON', () => {
    assert.equal(left('{"a":"x"}', entry('k', 'b')), '{"a":"x"}');
    assert.equal(left('plain', entry('k', 'b')), 'plain');
  });
  test('is everything when the property cannot be one', () =>
    assert.equal(left('{"a":1}', entry('k', 'a*')), '{"a":1}'));
  test('is found as a read finds it', () =>
    assert.equal(left('{"tls.crt":1,"tls":{"crt":2}}', entry('k', 'tls.crt')), '{"tls":{"crt":2}}'));
});

test('a property exists when a read finds it', () => {
  assert.equal(hasProperty(value('{"a":{"b":1}}'), 'k', 'a.b'), true);
  assert.equal(hasProperty(value('{"a":{"b":1}}'), 'k', 'a.c'), false);
  assert.equal(hasProperty(value('plain'), 'k', 'a'), false);
  assert.equal(hasProperty(value('plain'), 'k', undefined), true);
});
