/**
 * Bad input: the object says in one sentence what is wrong and what helps, no Secret that exists is touched, and no value is seen
 * outside of a Secret.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import type { Resource } from '../../src/kube/types.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  aws,
  configMap,
  entry,
  externalSecret,
  extract,
  fake,
  from,
  secret,
  secretStore,
  vault,
} from '../builders/objects.ts';
import { CASES, type BadInput } from './bad-input.cases.ts';
import { REFS, REFUSALS, STORES } from './bad-stores.cases.ts';
import { useEnv } from './current-env.ts';
import { failsWith, holds, isValid, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug']);

describe('an ExternalSecret with', { concurrency: 4 }, () => {
  let namespace = '';
  before(async () => {
    namespace = await env.namespace('bad');
    const [app] = await env.apply(configMap(namespace, 'app', {}));
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'app', uid: app!.metadata.uid, controller: true };
    const taken = secret(namespace, 'taken', { mine: 'x' });
    await env.apply(
      secretStore(namespace, 'valid-store', fake({ good: 'good' })),
      secret(namespace, 'templates', { other: 'x' }),
      { ...taken, metadata: { ...taken.metadata, ownerReferences: [owner] } },
    );
  });

  for (const [index, each] of CASES.entries()) {
    test(each.title, () => check(namespace, `case-${index}`, each));
  }
});

/** First a good ExternalSecret with its Secret, then the bad one in its place. */
async function check(namespace: string, name: string, each: BadInput): Promise<void> {
  const value = canary(name);
  const values = { good: 'good', ...each.values?.(value) };
  await env.apply(
    secretStore(namespace, name, fake(values)),
    externalSecret(namespace, name, from(name), entry('good', 'good')),
  );
  await isValid(env, namespace, name);
  await holds(env, namespace, name, { good: 'good' });
  const { resourceVersion } = (await secretOf(env, namespace, name))!.metadata;
  await env.apply(externalSecret(namespace, name, from(name), ...each.parts({ canary: value, namespace })));
  await failsWith(env, namespace, name, ...each.says);
  assert.equal(
    (await secretOf(env, namespace, name))?.metadata.resourceVersion,
    resourceVersion,
    'the Secret is as it was',
  );
  await showsNothing(namespace, name, value);
}

async function showsNothing(
  namespace: string,
  name: string,
  value: string,
  ...others: readonly Resource[]
): Promise<void> {
  const conditions = [externalSecrets, ...others].map((resource) => readyOf(env, resource, namespace, name));
  const seen = {
    condition: (await Promise.all(conditions)).join('\n'),
    events: JSON.stringify(await env.events(namespace, name)),
    log: JSON.stringify(operator.logs()),
  };
  for (const [where, text] of Object.entries(seen)) assert.deepEqual(tracesOf(value, text), [], `no value in ${where}`);
}

describe('a store with', { concurrency: 4 }, () => {
  let namespace = '';
  const value = canary('account');
  before(async () => {
    namespace = await env.namespace('bad-stores');
    await env.apply(secret(namespace, 'account', { id: value, key: value, token: value }));
  });

  for (const [index, each] of STORES.entries()) {
    test(each.title, async () => {
      const name = `store-${index}`;
      await env.apply(secretStore(namespace, name, each.provider, each.more));
      await storeFailsWith(env, namespace, name, ...each.says);
      await env.apply(externalSecret(namespace, name, from(name), entry('a', 'b')));
      await failsWith(env, namespace, name, new RegExp(`SecretStore "${name}" is not ready`), ...each.says);
      assert.equal(await secretOf(env, namespace, name), undefined);
      await showsNothing(namespace, name, value, secretStores);
    });
  }
});

describe('at a backend:', { concurrency: 4 }, () => {
  let namespace = '';
  const value = canary('backend');
  before(async () => {
    namespace = await env.namespace('bad-refs');
    await env.aws.addAccessKey('AKIABADINPUT', 'static-secret-key');
    await env.aws.putSecret('text', value);
    await env.aws.putSecret('json', JSON.stringify({ a: value }));
    await env.aws.putSecret('bytes', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(value)]));
    await env.vault.put('secret', 'json', { a: value });
    const server = env.vault.address;
    await env.apply(
      secret(namespace, 'aws', { id: 'AKIABADINPUT', key: 'static-secret-key' }),
      secret(namespace, 'vault', { token: env.vault.rootToken }),
      secretStore(namespace, 'sm', aws('aws')),
      secretStore(namespace, 'ssm', aws('aws', { service: 'ParameterStore' })),
      secretStore(namespace, 'elsewhere', aws('aws', { region: 'us-west-2' })),
      secretStore(namespace, 'vault', vault(server, 'vault')),
      secretStore(namespace, 'vault-v1', vault(server, 'vault', { version: 'v1' })),
    );
    for (const name of ['sm', 'ssm', 'elsewhere', 'vault']) await isValid(env, namespace, name);
  });

  for (const [index, each] of REFS.entries()) {
    test(each.title, async () => {
      const name = `ref-${index}`;
      await env.apply(externalSecret(namespace, name, from(each.store), ...each.parts));
      await failsWith(env, namespace, name, ...each.says);
      assert.equal(await secretOf(env, namespace, name), undefined);
      await showsNothing(namespace, name, value);
    });
  }
});

describe('the API server refuses', () => {
  for (const { title, kind, version = 'v1', spec, says } of REFUSALS) {
    test(title, async () => {
      const object = {
        apiVersion: `external-secrets.io/${version}`,
        kind: kind === 'secretstores' ? 'SecretStore' : 'ExternalSecret',
        metadata: { name: 'refused' },
        spec,
      };
      const path = `/apis/external-secrets.io/${version}/namespaces/default/${kind}?fieldValidation=Strict`;
      await assert.rejects(env.kube.raw('POST', path, object), (error: Error) => {
        for (const pattern of says) assert.match(error.message, pattern);
        return true;
      });
    });
  }
});

test('keys with names that mean something to a program are keys like any other', async () => {
  const namespace = await env.namespace('odd-keys');
  const names = ['__proto__', 'constructor', 'toString', '-', '_', '.hidden'];
  const all = `{${names.map((name) => `"${name}":"x"`).join()}}`;
  await env.apply(
    secretStore(namespace, 'store', fake({ all, __proto: 'y' })),
    externalSecret(namespace, 'odd', from('store'), extract('all'), entry('hasOwnProperty', 'all', 'constructor')),
  );
  await env.eventually(async () => {
    const found = await secretOf(env, namespace, 'odd');
    assert.deepEqual(Object.keys(found?.data ?? {}).sort(), [...names, 'hasOwnProperty'].sort());
    assert.equal(Object.getOwnPropertyDescriptor(found?.data, '__proto__')?.value, 'eA==');
  });
});

test('Auto leaves alone what is no Base64, and bytes that are no UTF-8 arrive as they are', async () => {
  const namespace = await env.namespace('auto');
  const bytes = Buffer.from([0xff, 0xfe, 0, 0x80]);
  await env.apply(
    secretStore(namespace, 'store', fake({ text: 'not base64!', bytes: bytes.toString('base64') })),
    externalSecret(
      namespace,
      'auto',
      from('store'),
      entry('text', 'text', undefined, { decodingStrategy: 'Auto' }),
      entry('bytes', 'bytes', undefined, { decodingStrategy: 'Auto' }),
    ),
  );
  await env.eventually(async () => {
    const { data = {} } = (await secretOf(env, namespace, 'auto')) ?? {};
    assert.equal(data['text'], btoa('not base64!'));
    assert.equal(data['bytes'], bytes.toString('base64'));
  });
});
