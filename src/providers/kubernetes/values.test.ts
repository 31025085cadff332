import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretValue } from '../../secret-value.ts';
import { PropertyNotFoundError } from '../errors.ts';
import type { RemoteRef } from '../provider.ts';
import { kubernetesValues } from './values.ts';

const BINARY = Buffer.from([0, 255, 254, 10]);
const DATA: Readonly<Record<string, string | Buffer>> = {
  user: 'u1',
  config: '{"a": {"b": 12345678901234567890}, "name": "seb", "on": true, "none": null, "<": "&"}',
  'tls.crt': 'CERT',
  tls: '{"crt":"nested"}',
  empty: '',
  binary: BINARY,
};
const raw = SecretValue.ofText(
  JSON.stringify(
    Object.fromEntries(Object.entries(DATA).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  ),
);
const metadata = SecretValue.ofText(
  '{"annotations":{"note":"<b>"},"labels":{"app":"shop","app.kubernetes.io/name":"db"}}',
);
const select = (ref: Partial<RemoteRef>): string => kubernetesValues.select(raw, { key: 'db', ...ref }).revealText();
const fetch = (property?: string): string =>
  kubernetesValues.select(metadata, { key: 'db', metadataPolicy: 'Fetch', property }).revealText();

describe('a property of the data', () => {
  const table: readonly (readonly [property: string, text: string])[] = [
    ['user', 'u1'],
    ['empty', ''],
    ['tls.crt', 'CERT'],
    ['config.name', 'seb'],
    ['config.a', '{"b": 12345678901234567890}'],
    ['config.a.b', '12345678901234567890'],
    ['config.on', 'true'],
    ['config.none', ''],
  ];
  for (const [property, text] of table) test(`${property} is ${text}`, () => assert.equal(select({ property }), text));
  for (const property of ['nope', 'nope.a', '.user', 'user.', '.', 'user.a', 'config.nope', 'a.b'])
    test(`${property} does not exist`, () => {
      assert.throws(
        () => select({ property }),
        (error: unknown) =>
          error instanceof PropertyNotFoundError &&
          error.message === `property "${property}" does not exist in Secret "db"`,
      );
    });
  test('keeps bytes that are no text', () => {
    const value = kubernetesValues.select(raw, { key: 'db', property: 'binary' });
    assert.deepEqual(Buffer.from(value.reveal()), BINARY);
  });
});

test('without a property all data is one JSON object of texts, sorted and without escapes for HTML', () => {
  const whole = select({});
  assert.deepEqual(Object.keys(JSON.parse(whole) as object), ['binary', 'config', 'empty', 'tls', 'tls.crt', 'user']);
  assert.equal((JSON.parse(whole) as Record<string, string>)['user'], 'u1');
  assert.ok(whole.includes('\\"<\\": \\"&\\"'), whole);
});

describe('entries', () => {
  test('are the data with every byte unchanged', () => {
    const entries = kubernetesValues.entries(raw, { key: 'db' });
    assert.deepEqual([...entries.keys()], Object.keys(DATA));
    assert.deepEqual(Buffer.from(entries.get('binary')!.reveal()), BINARY);
  });
  test('of a property are its members as JSON, texts with their quotes', () => {
    const entries = kubernetesValues.entries(raw, { key: 'db', property: 'config' });
    assert.deepEqual(Object.fromEntries([...entries].map(([name, value]) => [name, value.revealText()])), {
      a: '{"b":12345678901234567890}',
      name: '"seb"',
      on: 'true',
      none: 'null',
      '<': '"&"',
    });
  });
  test('of a property that is no object do not exist', () =>
    assert.throws(
      () => kubernetesValues.entries(raw, { key: 'db', property: 'user' }),
      (error: unknown) =>
        error instanceof PropertyNotFoundError && /"user".*"db" is not a JSON object/.test(error.message),
    ));
  test('of metadata are labels and annotations', () => {
    const entries = kubernetesValues.entries(metadata, { key: 'db', metadataPolicy: 'Fetch' });
    assert.equal(entries.get('annotations')?.revealText(), '{"note":"<b>"}');
    assert.equal(entries.get('labels')?.revealText(), '{"app":"shop","app.kubernetes.io/name":"db"}');
  });
});

describe('metadata', () => {
  test('is one JSON object', () => assert.equal(fetch(), metadata.revealText()));
  test('labels and annotations are JSON objects', () => {
    assert.equal(fetch('labels'), '{"app":"shop","app.kubernetes.io/name":"db"}');
    assert.equal(fetch('annotations'), '{"note":"<b>"}');
  });
  test('a label is found by its whole name, dots included', () => {
    assert.equal(fetch('labels.app'), 'shop');
    assert.equal(fetch('labels.app.kubernetes.io/name'), 'db');
    assert.equal(fetch('annotations.note'), '<b>');
  });
  for (const property of ['labels.', 'labels.nope', 'name', 'name.x', '.app'])
    test(`${property} does not exist`, () =>
      assert.throws(() => fetch(property), /does not exist in the metadata of Secret "db": use labels/));
});
