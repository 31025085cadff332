/** The main job: values of a backend become a Secret and stay in step with it (J12, J13, J17). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, secrets } from '../../src/api/resources.ts';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import type { SecretObject } from '../../src/controllers/external-secret/secret-object.ts';
import { aws, entry, externalSecret, extract, from, refreshEvery, secret, secretStore } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';

const env = await useEnv();
await env.startOperator();

async function dataOf(namespace: string, name: string): Promise<Record<string, string>> {
  const found = await env.kube.get<SecretObject>(secrets, { namespace, name });
  return Object.fromEntries(
    Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

async function shop(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.aws.addAccessKey('AKIASHOP', 'shop-secret-key');
  await env.apply(
    secret(namespace, 'robot', { id: 'AKIASHOP', key: 'shop-secret-key' }),
    secretStore(namespace, 'sm', aws('robot')),
  );
  return namespace;
}

test('properties of one JSON value become keys, byte-exact, and the object says so', async () => {
  const namespace = await shop('json');
  await env.aws.putSecret(`${namespace}/db`, '{"user":"u1","pass":"p&<>\\"é","port":6432,"tls":true,"opts":{"a":1}}');
  await env.apply(
    externalSecret(
      namespace,
      'db',
      from('sm'),
      ...['user', 'pass', 'port', 'tls', 'opts', 'opts.a'].map((property) =>
        entry(property.replace('.', '-'), `${namespace}/db`, property),
      ),
    ),
  );
  await env.eventually(async () =>
    assert.deepEqual(await dataOf(namespace, 'db'), {
      user: 'u1',
      pass: 'p&<>"é',
      port: '6432',
      tls: 'true',
      opts: '{"a":1}',
      'opts-a': '1',
    }),
  );
  await env.eventually(async () => {
    const { status } = await env.kube.get<ExternalSecret>(externalSecrets, { namespace, name: 'db' });
    assert.equal(status?.conditions?.[0]?.reason, 'SecretSynced');
    assert.equal(status?.binding?.name, 'db');
  });
});

test('a forced sync brings the new value at once and in place', async () => {
  const namespace = await shop('force');
  await env.aws.putSecret(`${namespace}/api`, '{"endpoint":"https://one"}');
  await env.apply(externalSecret(namespace, 'api', from('sm'), extract(`${namespace}/api`), refreshEvery('1h')));
  await env.eventually(async () => assert.deepEqual(await dataOf(namespace, 'api'), { endpoint: 'https://one' }));
  const { uid } = (await env.kube.get(secrets, { namespace, name: 'api' })).metadata;
  await env.aws.putSecret(`${namespace}/api`, '{"endpoint":"https://two"}');
  await env.kube.patch(
    externalSecrets,
    { namespace, name: 'api' },
    { metadata: { annotations: { 'force-sync': '1' } } },
  );
  await env.eventually(
    async () => assert.deepEqual(await dataOf(namespace, 'api'), { endpoint: 'https://two' }),
    5_000,
  );
  assert.equal((await env.kube.get(secrets, { namespace, name: 'api' })).metadata.uid, uid);
});
