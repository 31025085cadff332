/** How fetched values become keys and bytes, row by row: order, decoding, names, rewrites, stores per entry (`behaviour.md` 1.3, 1.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets } from '../../src/api/resources.ts';
import {
  entry,
  externalSecret,
  extract,
  fake,
  find,
  from,
  into,
  secretStore,
  source,
  type ExternalSecretSpecInput,
  type Part,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { changeValues, fakeWorld, settled } from './fake-store.ts';
import { dataOf, failsWith, holds, isSynced, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

type Parts = readonly Part<ExternalSecretSpecInput>[];
type Rewrite = NonNullable<NonNullable<ExternalSecretSpecInput['dataFrom']>[number]['rewrite']>;

interface Row {
  readonly title: string;
  readonly values: Record<string, string>;
  readonly parts: Parts;
  /** What the Secret then holds, or what the condition says. */
  readonly gives: Record<string, string> | RegExp;
}

function rewriting(title: string, values: Record<string, string>, rewrite: Rewrite, gives: Row['gives']): Row {
  return { title, values: { all: JSON.stringify(values) }, parts: [extract('all', { rewrite })], gives };
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');
const decoded = (strategy: 'Auto' | 'Base64' | 'Base64URL' | 'None'): Parts => [
  entry('k', 'v', undefined, { decodingStrategy: strategy }),
];

const order: readonly Row[] = [
  {
    title: 'later dataFrom over earlier, data over dataFrom',
    values: { one: '{"a":"1","b":"1","c":"1"}', two: '{"b":"2","c":"2"}', three: '3' },
    parts: [extract('one'), extract('two'), entry('c', 'three')],
    gives: { a: '1', b: '2', c: '3' },
  },
  {
    title: 'whatever their place in the manifest, data comes last',
    values: { one: '{"c":"1"}', three: '3' },
    parts: [entry('c', 'three'), extract('one')],
    gives: { c: '3' },
  },
  {
    title: 'data[].conversionStrategy has no effect',
    values: { 'a/b': 'x' },
    parts: [entry('k', 'a/b', undefined, { conversionStrategy: 'Unicode' })],
    gives: { k: 'x' },
  },
];

const decoding: readonly Row[] = [
  {
    title: 'None leaves Base64 as it is',
    values: { v: base64('x?>') },
    parts: decoded('None'),
    gives: { k: base64('x?>') },
  },
  { title: 'Base64', values: { v: 'eD8+' }, parts: decoded('Base64'), gives: { k: 'x?>' } },
  { title: 'Base64 with line breaks', values: { v: 'eD\r\n8+\n' }, parts: decoded('Base64'), gives: { k: 'x?>' } },
  {
    title: 'Base64 of the other alphabet',
    values: { v: 'eD8-' },
    parts: decoded('Base64'),
    gives: /"k" is not valid Base64/,
  },
  { title: 'Base64URL', values: { v: 'eD8-' }, parts: decoded('Base64URL'), gives: { k: 'x?>' } },
  {
    title: 'Base64URL of the other alphabet',
    values: { v: 'eD8+' },
    parts: decoded('Base64URL'),
    gives: /not valid Base64URL/,
  },
  { title: 'Auto and Base64', values: { v: 'eD8+' }, parts: decoded('Auto'), gives: { k: 'x?>' } },
  { title: 'Auto and Base64URL', values: { v: 'eD8-' }, parts: decoded('Auto'), gives: { k: 'x?>' } },
  { title: 'Auto and neither', values: { v: 'no base64!' }, parts: decoded('Auto'), gives: { k: 'no base64!' } },
  {
    title: 'every value of an extract',
    values: { all: `{"a":"${base64('1')}","b":"${base64('2')}"}` },
    parts: [source({ extract: { key: 'all', decodingStrategy: 'Base64' } })],
    gives: { a: '1', b: '2' },
  },
  {
    title: 'every value of a find, each as far as it goes',
    values: { 'x-a': base64('1'), 'x-b': '!' },
    parts: [find({ name: { regexp: '^x-' }, decodingStrategy: 'Auto' })],
    gives: { 'x-a': '1', 'x-b': '!' },
  },
];

const nul = base64(Uint8Array.of(97, 0, 98));
const nullBytes: readonly Row[] = [
  {
    title: 'unset: a NUL byte passes',
    values: { v: nul },
    parts: [entry('k', 'v', undefined, { decodingStrategy: 'Base64' })],
    gives: { k: 'a\0b' },
  },
  {
    title: 'Ignore: a NUL byte passes',
    values: { v: nul },
    parts: [entry('k', 'v', undefined, { decodingStrategy: 'Base64', nullBytePolicy: 'Ignore' })],
    gives: { k: 'a\0b' },
  },
  {
    title: 'Fail looks after decoding',
    values: { v: nul },
    parts: [entry('k', 'v', undefined, { nullBytePolicy: 'Fail' })],
    gives: { k: nul },
  },
  {
    title: 'Fail names the first key of an extract',
    values: { all: JSON.stringify({ z: 'a\0', b: 'a\0', a: 'x' }) },
    parts: [source({ extract: { key: 'all', nullBytePolicy: 'Fail' } })],
    gives: /the value of "b" holds a NUL byte/,
  },
  {
    title: 'Fail for a find',
    values: { 'x-a': 'a\0' },
    parts: [find({ name: { regexp: '^x-' }, nullBytePolicy: 'Fail' })],
    gives: /the value of "x-a" holds a NUL byte/,
  },
];

const names: readonly Row[] = [
  {
    title: 'Default makes one underscore of each character that cannot be',
    values: { all: '{"a b/c":"1","d.e-f_g":"2"}' },
    parts: [extract('all')],
    gives: { a_b_c: '1', 'd.e-f_g': '2' },
  },
  {
    title: 'Unicode writes its code point',
    values: { all: '{"a b/c":"1","d😀":"2"}' },
    parts: [source({ extract: { key: 'all', conversionStrategy: 'Unicode' } })],
    gives: { a_U0020_b_U002f_c: '1', d_U1f600_: '2' },
  },
  {
    title: 'Unicode for a find',
    values: { 'dev/db': '1' },
    parts: [find({ name: { regexp: '^dev/' }, conversionStrategy: 'Unicode' })],
    gives: { dev_U002f_db: '1' },
  },
  {
    title: 'two names that become one',
    values: { all: '{"a b":"1","a/b":"2"}' },
    parts: [extract('all')],
    gives: /becomes "a_b" by conversionStrategy Default, which another key became before/,
  },
  {
    title: 'Unicode keeps them apart',
    values: { all: '{"a b":"1","a/b":"2"}' },
    parts: [source({ extract: { key: 'all', conversionStrategy: 'Unicode' } })],
    gives: { a_U0020_b: '1', a_U002f_b: '2' },
  },
  {
    title: 'an empty name is left out',
    values: { all: '{"":"1","a":"2"}' },
    parts: [extract('all')],
    gives: { a: '2' },
  },
  {
    title: '253 bytes are a name',
    values: { all: JSON.stringify({ ['k'.repeat(253)]: '1' }) },
    parts: [extract('all')],
    gives: { ['k'.repeat(253)]: '1' },
  },
  {
    title: '254 are none',
    values: { all: JSON.stringify({ ['k'.repeat(254)]: '1' }) },
    parts: [extract('all')],
    gives: /is 254 bytes long/,
  },
  {
    title: 'a rewrite takes the place of the conversion',
    values: { all: '{"a/b":"1"}' },
    parts: [extract('all', { rewrite: [{ regexp: { source: '^x', target: 'y' } }] })],
    gives: /the key "a\/b" holds "\/"/,
  },
];

const rewrites: readonly Row[] = [
  rewriting(
    'regexp replaces every match, and leaves what does not match',
    { 'db-user-name': '1', plain: '2' },
    [{ regexp: { source: '-', target: '_' } }],
    { db_user_name: '1', plain: '2' },
  ),
  rewriting(
    'regexp with groups by number and by name',
    { 'db-user': '1' },
    [{ regexp: { source: '^(?P<what>[a-z]+)-([a-z]+)$', target: '${2}_of_${what}_$1' } }],
    { user_of_db_db: '1' },
  ),
  rewriting('regexp with an unknown group', { ab: '1' }, [{ regexp: { source: 'b', target: 'x${9}y' } }], { axy: '1' }),
  rewriting('regexp to nothing leaves the key out', { ab: '1', c: '2' }, [{ regexp: { source: 'ab', target: '' } }], {
    c: '2',
  }),
  rewriting('transform', { user: '1' }, [{ transform: { template: 'APP_{{ .value | upper }}' } }], { APP_USER: '1' }),
  rewriting(
    'transform with a key that is not there prints "no value"',
    { user: '1' },
    [{ transform: { template: '{{ .value }}{{ .nope }}' } }],
    /the key "user<no value>" holds "<"/,
  ),
  rewriting(
    'operations follow one another',
    { 'a-b': '1' },
    [
      { regexp: { source: '-', target: '_' } },
      { transform: { template: '{{ .value | upper }}' } },
      { regexp: { source: '^', target: 'X' } },
    ],
    { XA_B: '1' },
  ),
  rewriting(
    'merge Extract: members become keys, texts as they are, everything else as JSON',
    { one: '{"t":"x","n":1.5,"big":12345678901234567890}', two: '{"l":[1, 2],"b":true,"z":null}' },
    [{ merge: {} }],
    { t: 'x', n: '1.5', big: '12345678901234567890', l: '[1,2]', b: 'true', z: '' },
  ),
  rewriting(
    'merge JSON: one key more, with all of it',
    { one: '{"b":"<1>"}', two: '{"a":2}' },
    [{ merge: { strategy: 'JSON', into: 'both' } }],
    { one: '{"b":"<1>"}', two: '{"a":2}', both: '{"a":2,"b":"<1>"}' },
  ),
  rewriting(
    'merge: equal members collide too',
    { one: '{"a":1}', two: '{"a":1}' },
    [{ merge: {} }],
    /more than one value has the member "a"/,
  ),
  rewriting(
    'merge: with conflictPolicy Ignore the later key in byte order wins',
    { one: '{"a":"1"}', two: '{"a":"2"}', Three: '{"a":"3"}' },
    [{ merge: { conflictPolicy: 'Ignore' } }],
    { a: '2' },
  ),
  rewriting(
    'merge: priority keys come last, in their order',
    { one: '{"a":"1"}', two: '{"a":"2"}', three: '{"a":"3"}' },
    [{ merge: { conflictPolicy: 'Ignore', priority: ['two', 'one'] } }],
    { a: '1' },
  ),
  rewriting(
    'merge: a priority key that is not there may be passed over',
    { one: '{"a":"1"}' },
    [{ merge: { priority: ['absent', 'one'], priorityPolicy: 'IgnoreNotFound' } }],
    { a: '1' },
  ),
];

for (const [group, rows] of Object.entries({ order, decoding, nullBytes, names, rewrites })) {
  for (const { title, values, parts, gives } of rows) {
    test(`${group}: ${title}`, async () => {
      const namespace = await fakeWorld(env, 'data', values);
      await env.apply(externalSecret(namespace, 'app', from('store'), ...parts));
      if (gives instanceof RegExp) await failsWith(env, namespace, 'app', gives);
      else await holds(env, namespace, 'app', gives);
    });
  }
}

test('two keys that a rewrite makes one: the last in byte order wins, and an event says so', async () => {
  const namespace = await fakeWorld(env, 'collision', { all: '{"b":"2","a":"1","c":"3"}' });
  const rewrite = [{ regexp: { source: '[ab]', target: 'x' } }];
  await env.apply(externalSecret(namespace, 'app', from('store'), extract('all', { rewrite })));
  await holds(env, namespace, 'app', { x: '2', c: '3' });
  await env.eventually(async () => {
    const warnings = (await env.events(namespace, 'app')).filter(({ type }) => type === 'Warning');
    assert.match(warnings.map(({ message }) => message).join(), /"a" and "b" both became "x"/);
  });
});

// ---- stores

const storeOf = (name: string): { readonly storeRef: { readonly name: string; readonly kind: 'SecretStore' } } => ({
  storeRef: { name, kind: 'SecretStore' },
});

test('an entry may name a store of its own, in data and in dataFrom', async () => {
  const namespace = await fakeWorld(env, 'own-store', { a: 'default', all: '{"b":"default"}' });
  await env.apply(secretStore(namespace, 'other', fake({ a: 'other', all: '{"c":"other"}' })));
  await isValid(env, namespace, 'other');
  const own: Part<ExternalSecretSpecInput> = (spec) => ({
    ...spec,
    data: [...(spec.data ?? []), { secretKey: 'd', remoteRef: { key: 'a' }, sourceRef: storeOf('other') }],
  });
  await env.apply(
    externalSecret(
      namespace,
      'app',
      from('store'),
      entry('a', 'a'),
      own,
      extract('all'),
      extract('all', { sourceRef: storeOf('other') }),
    ),
  );
  await holds(env, namespace, 'app', { a: 'default', d: 'other', b: 'default', c: 'other' });
});

test('stores of the entries suffice', async () => {
  const namespace = await fakeWorld(env, 'only-own', { all: '{"b":"x"}' });
  await env.apply(externalSecret(namespace, 'app', extract('all', { sourceRef: storeOf('store') })));
  await holds(env, namespace, 'app', { b: 'x' });
});

test('a store of another controller class anywhere makes the whole object somebody else’s', async () => {
  const namespace = await fakeWorld(env, 'class', { a: 'x', all: '{"b":"x"}' });
  await env.apply(secretStore(namespace, 'theirs', fake({ all: '{"c":"x"}' }), { controller: 'other' }));
  const cases: Record<string, Parts> = {
    default: [from('theirs'), extract('all')],
    'data-from': [from('store'), extract('all'), extract('all', { sourceRef: storeOf('theirs') })],
    data: [
      from('store'),
      (spec) => ({ ...spec, data: [{ secretKey: 'd', remoteRef: { key: 'a' }, sourceRef: storeOf('theirs') }] }),
    ],
  };
  for (const [name, parts] of Object.entries(cases)) await env.apply(externalSecret(namespace, name, ...parts));
  await settled(env, namespace);
  for (const name of Object.keys(cases)) {
    assert.equal(await readyOf(env, externalSecrets, namespace, name), 'none', name);
    assert.equal(await secretOf(env, namespace, name), undefined);
  }
  // It becomes ours: nobody needs to touch the ExternalSecrets.
  await env.apply(secretStore(namespace, 'theirs', fake({ a: 'y', all: '{"c":"x"}' }), { controller: 'default' }));
  await holds(env, namespace, 'default', { c: 'x' });
  await holds(env, namespace, 'data-from', { b: 'x', c: 'x' });
  await holds(env, namespace, 'data', { d: 'y' });
});

test('either everything arrives or nothing is written', async () => {
  const namespace = await fakeWorld(env, 'all-or-nothing', { a: '1', b: '2' });
  const parts = [from('store'), entry('a', 'a'), entry('b', 'b')];
  await env.apply(externalSecret(namespace, 'app', ...parts));
  await holds(env, namespace, 'app', { a: '1', b: '2' });
  await changeValues(env, namespace, { a: 'new' });
  await env.apply(externalSecret(namespace, 'app', ...parts, into({ template: { type: 'Opaque' } })));
  await failsWith(env, namespace, 'app', /data\[1\] \(key "b"\)/);
  assert.deepEqual(await dataOf(env, namespace, 'app'), { a: '1', b: '2' });
  await changeValues(env, namespace, { a: 'new', b: '2' });
  await isSynced(env, namespace, 'app');
  assert.deepEqual(await dataOf(env, namespace, 'app'), { a: 'new', b: '2' });
});
