/** What the metadata of a push to Secrets Manager does: form, tags, description, key, policy, replicas. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pushOf } from '../../../test/conformance/push.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import type { Push } from '../provider.ts';
import { SecretsManagerWorld } from './secrets-manager-world.fixture.ts';

const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"x:Get"}]}';
const FROM_CONFIG_MAP = { resourcePolicy: { policySourceRef: { kind: 'ConfigMap', name: 'policies', key: 'db' } } };

describe('metadata of a push to Secrets Manager', () => {
  const world = new SecretsManagerWorld();
  const withPolicy = (key: string, document: string, entry: Partial<Push['entries'][number]> = {}) => {
    const push = pushOf(key, { a: 'value' }, [['a', undefined, FROM_CONFIG_MAP]]);
    const entries = push.entries.map((each) => ({ ...each, ...entry }));
    return world.send({ ...push, entries, readReference: async () => document });
  };
  const tagsOf = (key: string) => Object.fromEntries(world.aws.secret(key)?.tags ?? []);

  test('text is stored as text when the metadata says so, also what was stored as bytes before', async () => {
    const key = world.newKey();
    await world.text(key, 'v1');
    assert.equal(await world.text(key, 'v1', { secretPushFormat: 'string' }), 'updated');
    assert.deepEqual(world.current(key), { SecretString: 'v1' });
    assert.equal(await world.text(key, 'v1', { secretPushFormat: 'string' }), 'unchanged');
    assert.equal(await world.text(key, 'v1'), 'unchanged', 'no format said: the one that is there will do');
  });

  test('bytes that are no text are refused where the metadata wants text, not spoilt', async () => {
    const key = world.newKey();
    const data = new Map([['a', SecretValue.ofBytes(Uint8Array.from([0xff, 0x00]))]]);
    const bytes = (metadata?: unknown) => world.send(pushOf(key, {}, [['a', undefined, metadata]], { data }));
    await assert.rejects(bytes({ secretPushFormat: 'string' }), /key "push-\d+".*no text.*secretPushFormat: binary/);
    assert.equal(world.aws.secret(key), undefined);
    assert.equal(await bytes(), 'created');
    assert.deepEqual(world.current(key), { SecretBinary: '/wA=' });
  });

  test('an empty value is refused, an empty property is none', async () => {
    const key = world.newKey();
    await assert.rejects(
      world.text(key, ''),
      /key "push-\d+": the value is empty, and Secrets Manager holds no empty values/,
    );
    assert.deepEqual(world.actions(), ['DescribeSecret']);
    assert.equal(await world.send(pushOf(key, { a: '' }, [['a', 'p', { secretPushFormat: 'string' }]])), 'created');
    assert.deepEqual(world.current(key), { SecretString: '{"p":""}' });
  });

  test('tags are given, changed and taken away as the metadata says, and AWS’s own are left alone', async () => {
    const key = world.newKey();
    await world.text(key, 'v', { tags: { team: 'a', stage: 'dev' } });
    assert.deepEqual(tagsOf(key), { team: 'a', stage: 'dev', 'managed-by': 'external-secrets' });
    await world.aws.putSecret(key, 'v', { tags: { 'aws:cloudformation:stack-name': 's', foreign: 'f' } });
    assert.equal(await world.text(key, 'v', { tags: { team: 'b' } }), 'updated');
    assert.deepEqual(tagsOf(key), {
      team: 'b',
      'managed-by': 'external-secrets',
      'aws:cloudformation:stack-name': 's',
    });
    await world.aws.resetCalls();
    assert.equal(await world.text(key, 'v'), 'unchanged', 'without tags in the metadata nobody’s are touched');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'GetSecretValue']);
  });

  test('the tag that says whose it is cannot be given', async () => {
    await assert.rejects(
      world.text(world.newKey(), 'v', { tags: { 'managed-by': 'me' } }),
      /metadata\.tags: "managed-by" is set/,
    );
  });

  test('description and key are changed where the metadata names them, and only then', async () => {
    const key = world.newKey();
    const arn = (id: string) => `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
    const [one, other] = ['11111111-2222-3333-4444-555555555555', '66666666-7777-8888-9999-000000000000'];
    await world.text(key, 'v', { description: 'first', kmsKeyID: arn(one) });
    assert.equal(world.aws.secret(key)?.description, 'first');
    assert.equal(world.aws.secret(key)?.kmsKeyId, arn(one));
    assert.equal(await world.text(key, 'v', { kmsKeyId: one }), 'unchanged', 'the same key in another spelling');
    assert.equal(await world.text(key, 'v', { description: 'second', kmsKeyId: other }), 'updated');
    assert.equal(world.aws.secret(key)?.description, 'second');
    assert.equal(world.aws.secret(key)?.kmsKeyId, other);
    await world.aws.resetCalls();
    assert.equal(await world.text(key, 'v'), 'unchanged');
    assert.ok(!world.actions().includes('UpdateSecret'));
  });

  test('a resource policy is attached, kept, changed, and taken away by an empty document', async () => {
    const key = world.newKey();
    assert.equal(await withPolicy(key, POLICY), 'created');
    assert.equal(world.aws.secret(key)?.policy, POLICY);
    assert.equal(await withPolicy(key, `\n${POLICY.replaceAll('":', '": ')}\n`), 'unchanged');
    assert.equal(await withPolicy(key, POLICY.replace('x:Get', 'x:Put')), 'updated');
    assert.match(world.aws.secret(key)?.policy ?? '', /x:Put/);
    assert.equal(await withPolicy(key, ''), 'updated');
    assert.equal(world.aws.secret(key)?.policy, undefined);
    assert.equal(await withPolicy(key, ' '), 'unchanged');
  });

  test('a policy that AWS shows in a form of its own is not attached again', async () => {
    const key = world.newKey();
    const written = { Effect: 'Deny', Principal: { AWS: '123456789012' }, Action: ['x:A', 'x:B'], Resource: '*' };
    await withPolicy(key, JSON.stringify({ Statement: [written] }));
    const shown = {
      Resource: ['*'],
      Effect: 'Deny',
      Action: ['x:B', 'x:A'],
      Principal: { AWS: 'arn:aws:iam::123456789012:root' },
    };
    world.aws.secret(key)!.policy = JSON.stringify({ Statement: shown });
    assert.equal(await withPolicy(key, JSON.stringify({ Statement: [written] })), 'unchanged');
    assert.equal(await withPolicy(key, JSON.stringify({ Statement: [{ ...written, Effect: 'Allow' }] })), 'updated');
  });

  test('a policy that the metadata asked for before, and asks for no more, is taken away; another’s is left', async () => {
    const key = world.newKey();
    await withPolicy(key, POLICY);
    const quiet = pushOf(key, { a: 'value' }, [['a', undefined]]);
    assert.equal(await world.send(quiet), 'unchanged');
    assert.equal(world.aws.secret(key)?.policy, POLICY);
    const entries = quiet.entries.map((entry) => ({ ...entry, previousMetadata: FROM_CONFIG_MAP }));
    assert.equal(await world.send({ ...quiet, entries }), 'updated');
    assert.equal(world.aws.secret(key)?.policy, undefined);
    assert.equal(await world.send({ ...quiet, entries }), 'unchanged');
  });

  test('a policy that is no JSON is refused before anything is written, by the name of its source', async () => {
    await assert.rejects(withPolicy(world.newKey(), '{"Version":'), (error: unknown) => {
      assert.ok(error instanceof InvalidRefError);
      assert.match(error.message, /metadata\.resourcePolicy: key "db" of ConfigMap "policies" is not JSON/);
      return true;
    });
    assert.deepEqual(world.actions(), []);
  });

  test('blockPublicPolicy goes with the policy', async () => {
    const push = pushOf(world.newKey(), { a: 'v' }, [
      ['a', undefined, { resourcePolicy: { ...FROM_CONFIG_MAP.resourcePolicy, blockPublicPolicy: true } }],
    ]);
    await world.send({ ...push, readReference: async () => POLICY });
    assert.equal(world.inputOf('PutResourcePolicy')?.['BlockPublicPolicy'], true);
  });

  test('replicas are made and taken away with the list, and left alone without one', async () => {
    const key = world.newKey();
    const regions = () => [...(world.aws.secret(key)?.replicas.keys() ?? [])];
    await world.text(key, 'v', { replicationLocations: ['eu-west-1'] });
    assert.deepEqual(regions(), ['eu-west-1']);
    assert.equal(await world.text(key, 'v', { replicationLocations: ['eu-west-2', 'eu-west-3'] }), 'updated');
    assert.deepEqual(regions(), ['eu-west-2', 'eu-west-3']);
    await world.aws.resetCalls();
    assert.equal(await world.text(key, 'v'), 'unchanged');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'GetSecretValue']);
    assert.equal(await world.text(key, 'v', { replicationLocations: [] }), 'updated');
    assert.deepEqual(regions(), []);
  });

  test('unknown fields and values of the metadata are refused by name', async () => {
    await assert.rejects(world.text(world.newKey(), 'v', { secretPushFormat: 'json' }), /metadata\.secretPushFormat/);
    await assert.rejects(
      world.text(world.newKey(), 'v', { secretType: 'String' }),
      /metadata: unknown field "secretType"/,
    );
    assert.deepEqual(world.actions(), []);
  });
});
