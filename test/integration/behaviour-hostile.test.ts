/**
 * Templates that would take all time or memory there is (D22): each ends in a condition that says so, while other objects go on. How
 * long others are held up is measured in `bench/`.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { entry, externalSecret, extract, fake, from, secretStore, templated } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { force } from './force-sync.ts';
import { dataOf, failsWith, holds, isSynced, isValid } from './views.ts';

const env = await useEnv();
await env.startOperator();

const EXPONENTIAL = `${'a'.repeat(50_000)}!`;
const TOO_MUCH = /could not apply template: template\.data\["x"\]: template: .*(?:rendering takes|exceeded)/;
/** The product's own deadline for templates that make keys: a core is busy until then. */
const thirtySeconds = env.kind === 'sandbox' ? 'keeps a core busy for 30 s: in npm run test:e2e' : false;

const hostile: Readonly<Record<string, string>> = {
  'a-billion-numbers': '{{ until 1000000000 }}',
  'a-billion-rounds': '{{ range until 1000000000 }}x{{ end }}',
  'rounds-in-rounds': '{{ range until 9000 }}{{ range until 9000 }}{{ range until 9000 }}{{ end }}{{ end }}{{ end }}',
  'a-long-text': '{{ repeat 1000000000 "x" }}',
  'a-text-that-doubles': `{{ $t := "x" }}${'{{ $t = print $t $t }}'.repeat(60)}{{ $t }}`,
  recursion: '{{ define "again" }}{{ template "again" . }}{{ end }}{{ template "again" . }}',
  'lists-in-lists': '{{ $l := list }}{{ range until 100000 }}{{ $l = list $l $l }}{{ end }}{{ $l }}',
};

describe('hostile templates', () => {
  let namespace = '';
  before(async () => {
    namespace = await env.namespace('hostile');
    const values = { token: 't', long: EXPONENTIAL, all: '{"user":"u"}' };
    await env.apply(secretStore(namespace, 'store', fake(values)));
    await isValid(env, namespace, 'store');
    for (const [name, x] of Object.entries(hostile)) {
      await env.apply(externalSecret(namespace, name, from('store'), entry('k', 'token'), templated({ data: { x } })));
    }
  });

  test('others are synced meanwhile', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `honest-${round}`;
      await env.apply(
        externalSecret(
          namespace,
          name,
          from('store'),
          extract('all'),
          templated({ data: { x: '{{ .user | upper }}' } }),
        ),
      );
      await holds(env, namespace, name, { x: 'U' });
      await force(env, namespace, name);
    }
  });

  for (const name of Object.keys(hostile)) {
    test(`${name} ends in a condition`, async () => {
      await env.eventually(() => failsWith(env, namespace, name, TOO_MUCH), 60_000);
      assert.equal(await dataOf(env, namespace, name), undefined);
    });
  }

  test('many-keys ends in a condition', { skip: thirtySeconds }, async () => {
    const x = '{{ range until 10000 }}{{ genPrivateKey "rsa" }}{{ end }}';
    await env.apply(
      externalSecret(namespace, 'many-keys', from('store'), entry('k', 'token'), templated({ data: { x } })),
    );
    await env.eventually(() => failsWith(env, namespace, 'many-keys', TOO_MUCH), 60_000);
  });

  test('a pattern that is exponential elsewhere is none here', async () => {
    const x = '{{ regexMatch "(a+)+$" .k }}';
    await env.apply(
      externalSecret(namespace, 'pattern', from('store'), entry('k', 'long'), templated({ data: { x } })),
    );
    await holds(env, namespace, 'pattern', { x: 'false' }, 30_000);
  });

  test('an honest template with an RSA key of 4096 bits succeeds', async () => {
    const data = { key: '{{ genPrivateKey "rsa" }}', user: '{{ .k }}' };
    await env.apply(externalSecret(namespace, 'key', from('store'), entry('k', 'token'), templated({ data })));
    await isSynced(env, namespace, 'key', 60_000);
    const made = await dataOf(env, namespace, 'key');
    assert.equal(made?.['user'], 't');
    assert.equal(createPrivateKey(made['key'] ?? '').asymmetricKeyDetails?.modulusLength, 4096);
  });
});
