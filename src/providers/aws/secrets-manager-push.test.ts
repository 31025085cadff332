/** Pushing to Secrets Manager beyond what every backend does (`test/conformance/push.ts`): metadata, interrupted work, denials. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { openAws } from '../../../test/conformance/aws.ts';
import { pushOf } from '../../../test/conformance/push.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, ThrottledError } from '../errors.ts';
import type { Push, PushOutcome } from '../provider.ts';

const { signal } = new AbortController();
const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"x:Get"}]}';
const FROM_CONFIG_MAP = { resourcePolicy: { policySourceRef: { kind: 'ConfigMap', name: 'policies', key: 'db' } } };

describe('pushing to Secrets Manager', () => {
  const clock = new WarpClock();
  let aws: SandboxAws;
  let number = 0;
  const newKey = (): string => `push-${number++}`;
  before(async () => {
    aws = await startAws({ clock });
    await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  });
  after(() => aws.stop());
  beforeEach(async () => {
    await aws.heal();
    aws.restrictUser('robot', undefined);
    await aws.resetCalls();
  });

  async function send(push: Push, spec: Record<string, unknown> = {}): Promise<PushOutcome> {
    const client = await openAws(aws, clock, spec);
    return client.push!(push, signal);
  }
  async function remove(key: string, property?: string, spec: Record<string, unknown> = {}): Promise<void> {
    const client = await openAws(aws, clock, spec);
    await client.remove!({ remoteKey: key, entries: [{ secretKey: 'a', property, metadata: undefined }] }, signal);
  }
  /** Pushes the text `value` with this metadata. */
  const text = (key: string, value: string, metadata?: unknown, spec: Record<string, unknown> = {}) =>
    send(pushOf(key, { a: value }, [['a', undefined, metadata]]), spec);
  const withPolicy = (key: string, document: string, entry: Partial<Push['entries'][number]> = {}) => {
    const push = pushOf(key, { a: 'value' }, [['a', undefined, FROM_CONFIG_MAP]]);
    const entries = push.entries.map((each) => ({ ...each, ...entry }));
    return send({ ...push, entries, readReference: async () => document });
  };
  const current = (key: string) =>
    [...(aws.secret(key)?.versions.values() ?? [])].find(({ stages }) => stages.has('AWSCURRENT'))?.value;
  const tagsOf = (key: string) => Object.fromEntries(aws.secret(key)?.tags ?? []);
  const actions = () => aws.recorded().map(({ action }) => action);
  const inputOf = (action: string) => aws.recorded().findLast((call) => call.action === action)?.input;

  test('without metadata it makes bytes, our tag, our description and AWS’s own key, and calls nothing else', async () => {
    const key = newKey();
    assert.equal(await text(key, 'v1'), 'created');
    assert.deepEqual(actions(), ['DescribeSecret', 'CreateSecret']);
    const { Description, KmsKeyId, Tags, AddReplicaRegions } = inputOf('CreateSecret')!;
    assert.deepEqual(
      [Description, KmsKeyId, Tags, AddReplicaRegions],
      [
        "secret 'managed-by:external-secrets'",
        'alias/aws/secretsmanager',
        [{ Key: 'managed-by', Value: 'external-secrets' }],
        undefined,
      ],
    );
    assert.deepEqual(current(key), { SecretBinary: Buffer.from('v1').toString('base64') });
    await aws.resetCalls();
    assert.equal(await text(key, 'v2'), 'updated');
    assert.deepEqual(actions(), ['DescribeSecret', 'GetSecretValue', 'PutSecretValue']);
  });

  test('text is stored as text when the metadata says so, also what was stored as bytes before', async () => {
    const key = newKey();
    await text(key, 'v1');
    assert.equal(await text(key, 'v1', { secretPushFormat: 'string' }), 'updated');
    assert.deepEqual(current(key), { SecretString: 'v1' });
    assert.equal(await text(key, 'v1', { secretPushFormat: 'string' }), 'unchanged');
    assert.equal(await text(key, 'v1'), 'unchanged', 'no format said: the one that is there will do');
  });

  test('bytes that are no text are refused where the metadata wants text, not spoilt', async () => {
    const key = newKey();
    const data = new Map([['a', SecretValue.ofBytes(Uint8Array.from([0xff, 0x00]))]]);
    const bytes = (metadata?: unknown) => send(pushOf(key, {}, [['a', undefined, metadata]], { data }));
    await assert.rejects(bytes({ secretPushFormat: 'string' }), /key "push-\d+".*no text.*secretPushFormat: binary/);
    assert.equal(aws.secret(key), undefined);
    assert.equal(await bytes(), 'created');
    assert.deepEqual(current(key), { SecretBinary: '/wA=' });
  });

  test('an empty value is refused, an empty property is none', async () => {
    const key = newKey();
    await assert.rejects(
      text(key, ''),
      /key "push-\d+": the value is empty, and Secrets Manager holds no empty values/,
    );
    assert.deepEqual(actions(), ['DescribeSecret']);
    assert.equal(await send(pushOf(key, { a: '' }, [['a', 'p', { secretPushFormat: 'string' }]])), 'created');
    assert.deepEqual(current(key), { SecretString: '{"p":""}' });
  });

  test('tags are given, changed and taken away as the metadata says, and AWS’s own are left alone', async () => {
    const key = newKey();
    await text(key, 'v', { tags: { team: 'a', stage: 'dev' } });
    assert.deepEqual(tagsOf(key), { team: 'a', stage: 'dev', 'managed-by': 'external-secrets' });
    await aws.putSecret(key, 'v', { tags: { 'aws:cloudformation:stack-name': 's', foreign: 'f' } });
    assert.equal(await text(key, 'v', { tags: { team: 'b' } }), 'updated');
    assert.deepEqual(tagsOf(key), {
      team: 'b',
      'managed-by': 'external-secrets',
      'aws:cloudformation:stack-name': 's',
    });
    await aws.resetCalls();
    assert.equal(await text(key, 'v'), 'unchanged', 'without tags in the metadata nobody’s are touched');
    assert.deepEqual(actions(), ['DescribeSecret', 'GetSecretValue']);
  });

  test('the tag that says whose it is cannot be given', async () => {
    await assert.rejects(text(newKey(), 'v', { tags: { 'managed-by': 'me' } }), /metadata\.tags: "managed-by" is set/);
  });

  test('description and key are changed where the metadata names them, and only then', async () => {
    const key = newKey();
    const arn = (id: string) => `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
    const [one, other] = ['11111111-2222-3333-4444-555555555555', '66666666-7777-8888-9999-000000000000'];
    await text(key, 'v', { description: 'first', kmsKeyID: arn(one) });
    assert.equal(aws.secret(key)?.description, 'first');
    assert.equal(aws.secret(key)?.kmsKeyId, arn(one));
    assert.equal(await text(key, 'v', { kmsKeyId: one }), 'unchanged', 'the same key in another spelling');
    assert.equal(await text(key, 'v', { description: 'second', kmsKeyId: other }), 'updated');
    assert.equal(aws.secret(key)?.description, 'second');
    assert.equal(aws.secret(key)?.kmsKeyId, other);
    await aws.resetCalls();
    assert.equal(await text(key, 'v'), 'unchanged');
    assert.ok(!actions().includes('UpdateSecret'));
  });

  test('a resource policy is attached, kept, changed, and taken away by an empty document', async () => {
    const key = newKey();
    assert.equal(await withPolicy(key, POLICY), 'created');
    assert.equal(aws.secret(key)?.policy, POLICY);
    assert.equal(await withPolicy(key, `\n${POLICY.replaceAll('":', '": ')}\n`), 'unchanged');
    assert.equal(await withPolicy(key, POLICY.replace('x:Get', 'x:Put')), 'updated');
    assert.match(aws.secret(key)?.policy ?? '', /x:Put/);
    assert.equal(await withPolicy(key, ''), 'updated');
    assert.equal(aws.secret(key)?.policy, undefined);
    assert.equal(await withPolicy(key, ' '), 'unchanged');
  });

  test('a policy that AWS shows in a form of its own is not attached again', async () => {
    const key = newKey();
    const written = { Effect: 'Deny', Principal: { AWS: '123456789012' }, Action: ['x:A', 'x:B'], Resource: '*' };
    await withPolicy(key, JSON.stringify({ Statement: [written] }));
    const shown = {
      Resource: ['*'],
      Effect: 'Deny',
      Action: ['x:B', 'x:A'],
      Principal: { AWS: 'arn:aws:iam::123456789012:root' },
    };
    aws.secret(key)!.policy = JSON.stringify({ Statement: shown });
    assert.equal(await withPolicy(key, JSON.stringify({ Statement: [written] })), 'unchanged');
    assert.equal(await withPolicy(key, JSON.stringify({ Statement: [{ ...written, Effect: 'Allow' }] })), 'updated');
  });

  test('a policy that the metadata asked for before, and asks for no more, is taken away; another’s is left', async () => {
    const key = newKey();
    await withPolicy(key, POLICY);
    const quiet = pushOf(key, { a: 'value' }, [['a', undefined]]);
    assert.equal(await send(quiet), 'unchanged');
    assert.equal(aws.secret(key)?.policy, POLICY);
    const entries = quiet.entries.map((entry) => ({ ...entry, previousMetadata: FROM_CONFIG_MAP }));
    assert.equal(await send({ ...quiet, entries }), 'updated');
    assert.equal(aws.secret(key)?.policy, undefined);
    assert.equal(await send({ ...quiet, entries }), 'unchanged');
  });

  test('a policy that is no JSON is refused before anything is written, by the name of its source', async () => {
    await assert.rejects(withPolicy(newKey(), '{"Version":'), (error: unknown) => {
      assert.ok(error instanceof InvalidRefError);
      assert.match(error.message, /metadata\.resourcePolicy: key "db" of ConfigMap "policies" is not JSON/);
      return true;
    });
    assert.deepEqual(actions(), []);
  });

  test('blockPublicPolicy goes with the policy', async () => {
    const push = pushOf(newKey(), { a: 'v' }, [
      ['a', undefined, { resourcePolicy: { ...FROM_CONFIG_MAP.resourcePolicy, blockPublicPolicy: true } }],
    ]);
    await send({ ...push, readReference: async () => POLICY });
    assert.equal(inputOf('PutResourcePolicy')?.['BlockPublicPolicy'], true);
  });

  test('replicas are made and taken away with the list, and left alone without one', async () => {
    const key = newKey();
    const regions = () => [...(aws.secret(key)?.replicas.keys() ?? [])];
    await text(key, 'v', { replicationLocations: ['eu-west-1'] });
    assert.deepEqual(regions(), ['eu-west-1']);
    assert.equal(await text(key, 'v', { replicationLocations: ['eu-west-2', 'eu-west-3'] }), 'updated');
    assert.deepEqual(regions(), ['eu-west-2', 'eu-west-3']);
    await aws.resetCalls();
    assert.equal(await text(key, 'v'), 'unchanged');
    assert.deepEqual(actions(), ['DescribeSecret', 'GetSecretValue']);
    assert.equal(await text(key, 'v', { replicationLocations: [] }), 'updated');
    assert.deepEqual(regions(), []);
  });

  test('unknown fields and values of the metadata are refused by name', async () => {
    await assert.rejects(text(newKey(), 'v', { secretPushFormat: 'json' }), /metadata\.secretPushFormat/);
    await assert.rejects(text(newKey(), 'v', { secretType: 'String' }), /metadata: unknown field "secretType"/);
    assert.deepEqual(actions(), []);
  });

  test('a secret whose making was cut short, without any version, gets its value', async () => {
    const key = newKey();
    await aws.putSecret(key, 'x', { tags: { 'managed-by': 'external-secrets' } });
    aws.secret(key)!.versions.clear();
    assert.equal(await text(key, 'v'), 'updated');
    assert.equal(inputOf('PutSecretValue')?.['ClientRequestToken'], '00000000-0000-0000-0000-000000000001');
    assert.deepEqual(actions(), ['DescribeSecret', 'PutSecretValue']);
    assert.equal(await text(key, 'v'), 'unchanged');
  });

  test('a create whose answer was lost is not a second secret nor a second version', async () => {
    const key = newKey();
    await text(key, 'v');
    assert.equal(await text(key, 'v'), 'unchanged');
    assert.equal(aws.secret(key)?.versions.size, 1);
  });

  test('what we deleted and may be restored is restored and pushed again', async () => {
    const key = newKey();
    await text(key, 'v1');
    await remove(key);
    assert.notEqual(aws.secret(key)?.purgeAt, undefined);
    await aws.resetCalls();
    assert.equal(await text(key, 'v2'), 'updated');
    assert.deepEqual(actions(), ['DescribeSecret', 'RestoreSecret', 'GetSecretValue', 'PutSecretValue']);
    assert.equal(aws.secret(key)?.purgeAt, undefined);
    await remove(key);
    await aws.fault('RestoreSecret', 'deny');
    await assert.rejects(text(key, 'v3'), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(error.message, new RegExp(`key "${key}" is scheduled for deletion.*secretsmanager:RestoreSecret`));
      return true;
    });
  });

  test('what somebody else has scheduled for deletion is not restored', async () => {
    const key = newKey();
    await aws.putSecret(key, 'theirs');
    aws.secret(key)!.purgeAt = clock.now() + 86_400_000;
    await assert.rejects(text(key, 'v'), /not managed by external-secrets/);
    assert.notEqual(aws.secret(key)?.purgeAt, undefined);
  });

  test('deleting follows the store: a month to restore it, some days, or none; removing again does nothing', async () => {
    const rows = [
      [undefined, {}],
      [{ recoveryWindowInDays: 7 }, { RecoveryWindowInDays: 7 }],
      [{ forceDeleteWithoutRecovery: true }, { ForceDeleteWithoutRecovery: true }],
      [{ forceDeleteWithoutRecovery: false, recoveryWindowInDays: 0 }, {}],
    ] as const;
    for (const [secretsManager, expected] of rows) {
      const key = newKey();
      await text(key, 'v');
      await remove(key, undefined, { secretsManager });
      const { SecretId, ...how } = inputOf('DeleteSecret')!;
      assert.match(String(SecretId), new RegExp(`^arn:.*:secret:${key}-`));
      assert.deepEqual(how, expected);
      await aws.resetCalls();
      await remove(key, undefined, { secretsManager });
      assert.deepEqual(actions(), ['DescribeSecret']);
    }
  });

  test('replicas go before the secret', async () => {
    const key = newKey();
    await text(key, 'v', { replicationLocations: ['eu-west-1'] });
    await remove(key);
    assert.deepEqual(actions().slice(-2), ['RemoveRegionsFromReplication', 'DeleteSecret']);
  });

  test('taking a property away keeps the form of what is left', async () => {
    const key = newKey();
    const entries = [
      ['a', 'x', { secretPushFormat: 'string' }],
      ['a', 'y'],
    ] as const;
    await send(pushOf(key, { a: '1' }, entries));
    await remove(key, 'x');
    assert.deepEqual(current(key), { SecretString: '{"y":"1"}' });
  });

  test('the prefix of the store stands before every key', async () => {
    const key = newKey();
    await text(key, 'v', undefined, { prefix: 'team/' });
    assert.notEqual(aws.secret(`team/${key}`), undefined);
    await assert.rejects(
      aws.putSecret(`team/foreign`, 'x').then(() => text('foreign', 'v', undefined, { prefix: 'team/' })),
      /key "team\/foreign"/,
    );
    await remove(key, undefined, { prefix: 'team/', secretsManager: { forceDeleteWithoutRecovery: true } });
    assert.equal(aws.secret(`team/${key}`), undefined);
  });

  test('where describing a new name is denied it is made without looking (Q15)', async () => {
    const key = newKey();
    await aws.fault('DescribeSecret', 'deny', key);
    assert.equal(await text(key, 'v'), 'created');
    assert.notEqual(inputOf('CreateSecret')?.['ClientRequestToken'], '00000000-0000-0000-0000-000000000001');
    await assert.rejects(text(key, 'v'), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(error.message, /^AWS denied DescribeSecret of key "push-\d+".*metadata\.tags/);
      return true;
    });
    assert.equal(aws.secret(key)?.versions.size, 1);
    await aws.fault('CreateSecret', 'deny');
    await assert.rejects(text(newKey(), 'v'), /AWS denied CreateSecret/);
    await assert.rejects(text(key, 'v'), /AWS denied DescribeSecret .*CreateSecret is denied as well/);
  });

  test('a value that AWS repeats in its refusal is not passed on, in whatever form', async () => {
    const secret = 'line one\nline "two" hunter2';
    const client = await openAws(aws, clock, {});
    const push = pushOf(newKey(), { a: secret }, [['a', 'p', { secretPushFormat: 'string' }]]);
    for (const echo of [(body: string) => body, (body: string) => `Value '${body.slice(0, 40)}' at 'secretString'`]) {
      await aws.fault('CreateSecret', (input) => echo(String(input['SecretString'])));
      await assert.rejects(client.push!(push, signal), (error: unknown) => {
        assert.ok(error instanceof InvalidRefError);
        assert.match(error.message, /AWS refused CreateSecret/);
        assert.doesNotMatch(error.message, /line|hunter/);
        return true;
      });
      await aws.heal();
    }
  });

  test('throttled: the error says so and which call, and nothing was written', async () => {
    const key = newKey();
    await text(key, 'old');
    await aws.fault('PutSecretValue', 'throttle');
    await assert.rejects(text(key, 'new'), (error: unknown) => {
      assert.ok(error instanceof ThrottledError);
      assert.match(error.message, new RegExp(`^AWS throttles PutSecretValue of key "${key}"`));
      return true;
    });
    assert.deepEqual(current(key), { SecretBinary: Buffer.from('old').toString('base64') });
  });

  test('IfNotExists: a deleted or empty secret does not exist, and a denial is not "no"', async () => {
    const key = newKey();
    const client = await openAws(aws, clock, {});
    await text(key, 'v');
    await remove(key);
    assert.equal(await client.exists!(key, undefined, signal), false);
    await aws.fault('GetSecretValue', 'deny');
    await assert.rejects(client.exists!(key, undefined, signal), PermissionDeniedError);
  });
});
