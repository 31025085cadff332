/** Pushing to Secrets Manager and Parameter Store, from source to AWS and back, on whatever AWS there is (J19). */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { PushSecret } from '../../src/api/push-secret.ts';
import { pushSecrets, secrets } from '../../src/api/resources.ts';
import {
  aws,
  configMap,
  entry,
  externalSecret,
  from,
  pushSecret,
  refreshEvery,
  secret,
  secretStore,
  type PushSecretSpecInput,
} from '../builders/objects.ts';
import { AwsWitness } from './aws-witness.ts';
import { requires, useEnv } from './current-env.ts';
import { isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();
const witness = await AwsWitness.of(env.aws);
const OURS = { 'managed-by': 'external-secrets' };
const POLICY = {
  Statement: [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:DeleteSecret', Resource: '*' }],
};
let namespace: string;

before(async () => {
  await env.aws.addAccessKey('AKIAPUSH', 'push-key');
  namespace = await env.namespace('ci');
  await env.apply(
    secret(namespace, 'robot', { id: 'AKIAPUSH', key: 'push-key' }),
    secret(namespace, 'build-key', { 'api-key': 'k1', user: 'u1' }),
    secretStore(namespace, 'sm', aws('robot')),
    secretStore(namespace, 'ps', aws('robot', { service: 'ParameterStore' })),
  );
  for (const name of ['sm', 'ps']) await isValid(env, namespace, name);
});

async function push(
  name: string,
  store: string,
  keys: Record<string, string>,
  more: Partial<PushSecretSpecInput> = {},
) {
  await env.apply(pushSecret(namespace, name, 'build-key', store, keys, more));
}

const ready = (name: string, expected: RegExp) =>
  env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), expected));

async function refreshTime(name: string): Promise<number> {
  const { status } = await env.kube.get<PushSecret>(pushSecrets, { namespace, name });
  return Date.parse(status?.refreshTime ?? '');
}

/** One entry of `data` with metadata in its envelope. */
function entryWith(secretKey: string, remoteKey: string, spec: unknown, property?: string) {
  const metadata = { apiVersion: 'kubernetes.external-secrets.io/v1alpha1', kind: 'PushSecretMetadata', spec };
  const remoteRef = { remoteKey, ...(property === undefined ? {} : { property }) };
  return { match: { secretKey, remoteRef }, metadata };
}

/** Calls to AWS while `work` runs, without those that read. */
async function writesDuring(work: () => Promise<void>): Promise<readonly string[]> {
  await env.aws.resetCalls();
  await work();
  const reads = /^(?:Get|BatchGet|Describe|List|AssumeRole)/;
  return [...(await env.aws.calls()).keys()].filter((action) => !reads.test(action));
}

/** What differs between the two: how it is looked at. */
const SERVICES = [
  {
    store: 'sm',
    service: 'Secrets Manager',
    text: async (key: string) => (await witness.secret(key))?.bytes?.toString(),
    tags: async (key: string) => (await witness.secret(key))?.tags,
    isGone: async (key: string) => {
      const seen = await witness.secret(key);
      return seen === undefined || seen.deleted;
    },
    putForeign: (key: string) => env.aws.putSecret(key, 'theirs'),
    foreign: async (key: string) => (await witness.secret(key))?.text,
    made: 'CreateSecret',
    changed: 'PutSecretValue',
    removed: 'DeleteSecret',
  },
  {
    store: 'ps',
    service: 'Parameter Store',
    text: async (key: string) => (await witness.parameter(key))?.value,
    tags: async (key: string) => (await witness.parameter(key))?.tags,
    isGone: async (key: string) => (await witness.parameter(key)) === undefined,
    putForeign: (key: string) => env.aws.putParameter(key, 'theirs'),
    foreign: async (key: string) => (await witness.parameter(key))?.value,
    made: 'PutParameter',
    changed: 'PutParameter',
    removed: 'DeleteParameter',
  },
] as const;

for (const { store, service, text, tags, isGone, putForeign, foreign, made, changed, removed } of SERVICES) {
  describe(`pushing to ${service}`, () => {
    const keyOf = (name: string): string => `${namespace}-${store}-${name}`;

    test('the first push makes it with our tag; the columns say so', async () => {
      const key = keyOf('first');
      const writes = await writesDuring(async () => {
        await push(`${store}-first`, store, { 'api-key': key }, { refreshInterval: '1h' });
        await ready(`${store}-first`, /^True Synced/);
      });
      assert.deepEqual(writes, [made]);
      assert.equal(await text(key), 'k1');
      assert.deepEqual(await tags(key), OURS);
      const [head, row] = (await env.kubectl('get', 'pushsecrets', '-n', namespace)).trim().split('\n');
      assert.match(head ?? '', /NAME\s+AGE\s+STATUS\s+LAST SYNC/);
      assert.match(row ?? '', /-first\s+\S+\s+Synced\s+\S+/);
    });

    test('a changed source is one new version, and nothing else is called', async () => {
      const name = `${store}-changing`;
      const key = keyOf('changing');
      await env.apply(
        secret(namespace, name, { 'api-key': 'v1' }),
        pushSecret(namespace, name, name, store, { 'api-key': key }),
      );
      await ready(name, /^True Synced/);
      const writes = await writesDuring(async () => {
        await env.apply(secret(namespace, name, { 'api-key': 'v2' }));
        await env.eventually(async () => assert.equal(await text(key), 'v2'), 5_000);
      });
      assert.deepEqual(writes, [changed]);
    });

    test(
      'an unchanged source is refreshed for six hours without a write',
      requires(env, 'fast-time', 'hours pass'),
      async () => {
        const name = `${store}-quiet`;
        await push(name, store, { 'api-key': keyOf('quiet') }, { refreshInterval: '1h' });
        await ready(name, /^True Synced/);
        const before = await refreshTime(name);
        const writes = await writesDuring(() => env.advance(6 * 3_600_000));
        assert.deepEqual(writes, []);
        await env.eventually(async () => assert.ok((await refreshTime(name)) - before >= 5 * 3_600_000));
      },
    );

    test('what somebody else made is not overwritten, and the message says whose it is not', async () => {
      const key = keyOf('foreign');
      await putForeign(key);
      await push(`${store}-foreign`, store, { 'api-key': key }, { deletionPolicy: 'Delete' });
      await ready(`${store}-foreign`, new RegExp(`^False Errored: .*${key}.*not managed by external-secrets`));
      await env.kube.delete(pushSecrets, { namespace, name: `${store}-foreign` });
      await env.eventually(() => assert.rejects(readyOf(env, pushSecrets, namespace, `${store}-foreign`)));
      assert.equal(await foreign(key), 'theirs');
    });

    test('deleting the PushSecret deletes with policy Delete, and else leaves it', async () => {
      const [stays, goes] = [keyOf('stays'), keyOf('goes')];
      await push(`${store}-stays`, store, { 'api-key': stays });
      await push(`${store}-goes`, store, { 'api-key': goes }, { deletionPolicy: 'Delete' });
      for (const name of ['stays', 'goes']) await ready(`${store}-${name}`, /^True Synced/);
      const writes = await writesDuring(async () => {
        for (const name of ['stays', 'goes'])
          await env.kube.delete(pushSecrets, { namespace, name: `${store}-${name}` });
        await env.eventually(async () => assert.ok(await isGone(goes)));
      });
      assert.deepEqual(writes, [removed]);
      assert.equal(await text(stays), 'k1');
    });

    test('IfNotExists leaves what is there', async () => {
      const key = keyOf('exists');
      await putForeign(key);
      await push(`${store}-exists`, store, { 'api-key': key, user: keyOf('new') }, { updatePolicy: 'IfNotExists' });
      await ready(`${store}-exists`, /^True Synced: .*left as it is/);
      assert.equal(await foreign(key), 'theirs');
      assert.equal(await text(keyOf('new')), 'u1');
    });

    test('several properties of one key are one write, and one of them can go', async () => {
      const name = `${store}-properties`;
      const key = keyOf('properties');
      const data = ['api-key', 'user'].map((property) => ({
        match: { secretKey: property, remoteRef: { remoteKey: key, property } },
      }));
      const writes = await writesDuring(async () => {
        await push(name, store, {}, { data, deletionPolicy: 'Delete' });
        await ready(name, /^True Synced/);
      });
      assert.deepEqual(writes, [made]);
      assert.equal((await env.aws.calls()).get(made), 1);
      assert.deepEqual(JSON.parse((await text(key)) ?? ''), { 'api-key': 'k1', user: 'u1' });
      await push(name, store, {}, { data: data.slice(1), deletionPolicy: 'Delete' });
      await env.eventually(async () => assert.deepEqual(JSON.parse((await text(key)) ?? ''), { user: 'u1' }));
    });

    test('metadata of tags is followed both ways', async () => {
      const name = `${store}-tags`;
      const key = keyOf('tags');
      const withTags = (wanted: Record<string, string>) =>
        push(name, store, {}, { data: [entryWith('api-key', key, { tags: wanted })] });
      await withTags({ team: 'a', stage: 'dev' });
      await env.eventually(async () => assert.deepEqual(await tags(key), { team: 'a', stage: 'dev', ...OURS }));
      await withTags({ team: 'b' });
      await env.eventually(async () => assert.deepEqual(await tags(key), { team: 'b', ...OURS }));
    });

    test('what is pushed reads back as the same bytes', async () => {
      const values: Record<string, string | Uint8Array> = {
        plain: 'p&<>"é\n',
        json: '{"n":1.50,"big":12345678901234567890}',
        long: 'x'.repeat(4_096),
        ...(store === 'ps' ? {} : { bytes: Uint8Array.from([0, 255, 254, 10]), longest: 'y'.repeat(65_536) }),
      };
      const name = `${store}-bytes`;
      const properties = { 'empty-one': '', 'odd-one': 'a"\\/\n{}' };
      const wholes = Object.keys(values).map((key) => [key, keyOf(`bytes-${key}`), undefined] as const);
      const parts = Object.keys(properties).map((key) => [key, keyOf('bytes-properties'), key] as const);
      const data = [...wholes, ...parts].map(([secretKey, remoteKey, property]) => ({
        match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
      }));
      await env.apply(
        secret(namespace, name, { ...values, ...properties }),
        pushSecret(namespace, name, name, store, {}, { data }),
      );
      await ready(name, /^True Synced/);
      const entries = [...wholes, ...parts].map(([key, remoteKey, property]) => entry(key, remoteKey, property));
      await env.apply(externalSecret(namespace, `${name}-back`, from(store), refreshEvery('1h'), ...entries));
      await env.eventually(async () => {
        const source = await secretOf(env, namespace, name);
        assert.deepEqual((await secretOf(env, namespace, `${name}-back`))?.data, source?.data);
      });
    });

    test('a key that the source has not is named beside those it has', async () => {
      await push(`${store}-wrong`, store, { apikey: keyOf('wrong') });
      await ready(`${store}-wrong`, /^False Errored: .*no key "apikey"; it has "api-key", "user"/);
    });
  });
}

test('several stores: all that can be written are, and the one that fails is named', async () => {
  const key = `${namespace}-several`;
  await env.aws.putParameter(key, 'theirs');
  const stores = ['sm', 'ps'].map((name) => ({ name, kind: 'SecretStore' as const }));
  await push('several', 'sm', { 'api-key': key }, { secretStoreRefs: stores });
  await ready('several', /^False Errored: could not push: SecretStore "ps": remote key .*not managed by/);
  assert.equal((await witness.secret(key))?.bytes?.toString(), 'k1');
});

test('Secrets Manager: text, description and policy are those of the metadata, and a policy goes when it is no more asked for', async () => {
  const key = `${namespace}-policy`;
  await env.apply(configMap(namespace, 'policies', { db: JSON.stringify(POLICY) }));
  const policySourceRef = { kind: 'ConfigMap', name: 'policies', key: 'db' };
  const base = { secretPushFormat: 'string', description: 'of the shop' };
  const wanted = (spec: unknown) => push('policy', 'sm', {}, { data: [entryWith('api-key', key, spec)] });
  await wanted({ ...base, resourcePolicy: { policySourceRef } });
  await env.eventually(async () => assert.deepEqual(await witness.policy(key), POLICY));
  const { text, description } = (await witness.secret(key))!;
  assert.deepEqual({ text, description }, { text: 'k1', description: 'of the shop' });
  await ready('policy', /^True Synced/);
  if (env.supports('aws-faults')) {
    await env.aws.fault('DeleteResourcePolicy', 'deny', key);
    await wanted(base);
    await ready('policy', /^False Errored: .*AWS denied DeleteResourcePolicy of key/);
    await env.aws.heal();
    await push('policy', 'sm', {}, { data: [entryWith('api-key', key, base)], refreshInterval: '2h' });
  } else await wanted(base);
  await env.eventually(async () => assert.equal(await witness.policy(key), undefined));
  await ready('policy', /^True Synced/);
});

test('Parameter Store: the type is that of the metadata', async () => {
  const key = `/${namespace}/secure`;
  await push('secure', 'ps', {}, { data: [entryWith('api-key', key, { secretType: 'SecureString' })] });
  await ready('secure', /^True Synced/);
  const { value, type } = (await witness.parameter(key))!;
  assert.deepEqual({ value, type }, { value: 'k1', type: 'SecureString' });
});

test('a source that returns is pushed again into a secret that waits for its deletion', async () => {
  const key = `${namespace}-returns`;
  await env.apply(
    secret(namespace, 'returning', { a: 'one' }),
    pushSecret(namespace, 'returning', 'returning', 'sm', { a: key }, { deletionPolicy: 'Delete' }),
  );
  await ready('returning', /^True Synced/);
  await env.kube.delete(secrets, { namespace, name: 'returning' });
  await ready('returning', /^False SourceDeleted/);
  assert.equal((await witness.secret(key))?.deleted, true);
  await env.apply(secret(namespace, 'returning', { a: 'two' }));
  await ready('returning', /^True Synced/);
  assert.equal((await witness.secret(key))?.bytes?.toString(), 'two');
});

test('a value that a service cannot hold is told by key, without the value', async () => {
  await env.apply(secret(namespace, 'odd', { empty: '', bytes: Uint8Array.from([0xff, 0xfe]) }));
  const key = `${namespace}-odd`;
  for (const [store, service] of [
    ['sm', 'Secrets Manager'],
    ['ps', 'Parameter Store'],
  ] as const) {
    await env.apply(pushSecret(namespace, `odd-empty-${store}`, 'odd', store, { empty: `${key}-e` }));
    await ready(
      `odd-empty-${store}`,
      new RegExp(`^False Errored: .*the value is empty, and ${service} holds no empty values`),
    );
  }
  await env.apply(pushSecret(namespace, 'odd-bytes', 'odd', 'ps', { bytes: `${key}-b` }));
  await ready('odd-bytes', /^False Errored: .*Parameter Store holds text only/);
});
