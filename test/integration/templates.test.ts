/** Templates: fetched values as inputs of the Secret that is written (J15). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../../src/api/resources.ts';
import {
  configMap,
  entry,
  externalSecret,
  extract,
  fake,
  from,
  into,
  secret,
  secretStore,
  templated,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { failsWith, holds, isValid, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

async function world(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(secretStore(namespace, 'store', fake({ db: '{"user":"u1","pass":"p&1","hosts":["a","b"]}' })));
  await isValid(env, namespace, 'store');
  return namespace;
}

test('a file is rendered out of several values, and only it is written', async () => {
  const namespace = await world('file');
  const data = { url: 'postgres://{{ .user }}:{{ .pass | urlquery }}@{{ (index (.hosts | fromJson) 0) }}/db' };
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('db'), templated({ data })));
  await holds(env, namespace, 'db', { url: 'postgres://u1:p%261@a/db' });
});

test('mergePolicy Merge keeps the fetched keys beside the rendered ones', async () => {
  const namespace = await world('merge');
  const template = { mergePolicy: 'Merge', data: { user: '{{ .user | upper }}' } } as const;
  await env.apply(
    externalSecret(
      namespace,
      'db',
      from('store'),
      entry('user', 'db', 'user'),
      entry('pass', 'db', 'pass'),
      templated(template),
    ),
  );
  await holds(env, namespace, 'db', { user: 'U1', pass: 'p&1' });
});

test('templates come from ConfigMaps, Secrets and literals, and a changed one is rendered at once', async () => {
  const namespace = await world('sources');
  await env.apply(
    configMap(namespace, 'templates', { 'app.conf': 'user={{ .user }}' }),
    secret(namespace, 'more', { pairs: 'one: "{{ .user }}-1"\ntwo: 0x10\n' }),
  );
  const templateFrom = [
    { configMap: { name: 'templates', items: [{ key: 'app.conf' }] } },
    { secret: { name: 'more', items: [{ key: 'pairs', templateAs: 'KeysAndValues' as const }] } },
    { literal: 'team: "{{ .user }}"', target: 'Labels' },
  ];
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('db'), templated({ templateFrom })));
  await holds(env, namespace, 'db', { 'app.conf': 'user=u1', one: 'u1-1', two: '16' });
  assert.equal((await secretOf(env, namespace, 'db'))?.metadata.labels?.['team'], 'u1');
  await env.kube.patch(configMaps, { namespace, name: 'templates' }, { data: { 'app.conf': 'login={{ .user }}' } });
  await holds(env, namespace, 'db', { 'app.conf': 'login=u1', one: 'u1-1', two: '16' }, 5_000);
});

test('labels and annotations of the template are rendered', async () => {
  const namespace = await world('meta');
  const metadata = { labels: { user: '{{ .user }}' }, annotations: { hosts: '{{ .hosts }}' } };
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('db'), templated({ metadata })));
  await env.eventually(async () => {
    const found = (await secretOf(env, namespace, 'db'))?.metadata;
    assert.equal(found?.labels?.['user'], 'u1');
    assert.equal(found?.annotations?.['hosts'], '["a","b"]');
  });
});

test('an unknown key and a syntax error name the template and the place, and show no value', async () => {
  const namespace = await world('broken');
  await env.apply(
    externalSecret(namespace, 'unknown', from('store'), extract('db'), templated({ data: { x: '{{ .nope }}' } })),
    externalSecret(namespace, 'syntax', from('store'), extract('db'), templated({ data: { x: '{{ if }}' } })),
    externalSecret(
      namespace,
      'value',
      from('store'),
      extract('db'),
      templated({ data: { x: '{{ .pass | mustFromJson }}' } }),
    ),
  );
  await failsWith(env, namespace, 'unknown', /template\.data\["x"\]/, /nope/);
  await failsWith(env, namespace, 'syntax', /template\.data\["x"\]/, /missing value for if/);
  await failsWith(env, namespace, 'value', /template\.data\["x"\]/, /^(?!.*p&1)/s);
});

test('a missing template source is named', async () => {
  const namespace = await world('missing');
  const templateFrom = [{ configMap: { name: 'nope', items: [{ key: 'k' }] } }];
  await env.apply(externalSecret(namespace, 'db', from('store'), extract('db'), templated({ templateFrom })));
  await failsWith(env, namespace, 'db', /templateFrom\[0\]: ConfigMap "nope" not found in namespace/);
  await env.apply(configMap(namespace, 'nope', { k: '{{ .user }}' }));
  await holds(env, namespace, 'db', { k: 'u1' }, 5_000);
});

test('a docker config becomes a Secret of its type', async () => {
  const namespace = await world('docker');
  const data = {
    '.dockerconfigjson': '{"auths":{"registry.example.test":{"auth":"{{ printf "%s:%s" .user .pass | b64enc }}"}}}',
  };
  await env.apply(
    externalSecret(
      namespace,
      'pull',
      from('store'),
      extract('db'),
      into({ template: { type: 'kubernetes.io/dockerconfigjson', data } }),
    ),
  );
  const auth = Buffer.from('u1:p&1').toString('base64');
  await holds(env, namespace, 'pull', {
    '.dockerconfigjson': `{"auths":{"registry.example.test":{"auth":"${auth}"}}}`,
  });
});
