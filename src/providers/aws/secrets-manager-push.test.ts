/** Pushing to Secrets Manager beyond what every backend does (`test/conformance/push.ts`): interrupted work, deletion, denials. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pushOf } from '../../../test/conformance/push.ts';
import { InvalidRefError, PermissionDeniedError, ThrottledError } from '../errors.ts';
import { SecretsManagerWorld } from './secrets-manager-world.fixture.ts';

const { signal } = new AbortController();

describe('pushing to Secrets Manager', () => {
  const world = new SecretsManagerWorld();

  test('without metadata it makes bytes, our tag, our description and AWS’s own key, and calls nothing else', async () => {
    const key = world.newKey();
    assert.equal(await world.text(key, 'v1'), 'created');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'CreateSecret']);
    const { Description, KmsKeyId, Tags, AddReplicaRegions } = world.inputOf('CreateSecret')!;
    assert.deepEqual(
      [Description, KmsKeyId, Tags, AddReplicaRegions],
      [
        "secret 'managed-by:external-secrets'",
        'alias/aws/secretsmanager',
        [{ Key: 'managed-by', Value: 'external-secrets' }],
        undefined,
      ],
    );
    assert.deepEqual(world.current(key), { SecretBinary: Buffer.from('v1').toString('base64') });
    await world.aws.resetCalls();
    assert.equal(await world.text(key, 'v2'), 'updated');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'GetSecretValue', 'PutSecretValue']);
  });

  test('a secret whose making was cut short, without any version, gets its value', async () => {
    const key = world.newKey();
    await world.aws.putSecret(key, 'x', { tags: { 'managed-by': 'external-secrets' } });
    world.aws.secret(key)!.versions.clear();
    assert.equal(await world.text(key, 'v'), 'updated');
    assert.equal(world.inputOf('PutSecretValue')?.['ClientRequestToken'], '00000000-0000-0000-0000-000000000001');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'PutSecretValue']);
    assert.equal(await world.text(key, 'v'), 'unchanged');
  });

  test('a create whose answer was lost is not a second secret nor a second version', async () => {
    const key = world.newKey();
    await world.text(key, 'v');
    assert.equal(await world.text(key, 'v'), 'unchanged');
    assert.equal(world.aws.secret(key)?.versions.size, 1);
  });

  test('what we deleted and may be restored is restored and pushed again', async () => {
    const key = world.newKey();
    await world.text(key, 'v1');
    await world.remove(key);
    assert.notEqual(world.aws.secret(key)?.purgeAt, undefined);
    await world.aws.resetCalls();
    assert.equal(await world.text(key, 'v2'), 'updated');
    assert.deepEqual(world.actions(), ['DescribeSecret', 'RestoreSecret', 'GetSecretValue', 'PutSecretValue']);
    assert.equal(world.aws.secret(key)?.purgeAt, undefined);
    await world.remove(key);
    await world.aws.fault('RestoreSecret', 'deny');
    await assert.rejects(world.text(key, 'v3'), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(error.message, new RegExp(`key "${key}" is scheduled for deletion.*secretsmanager:RestoreSecret`));
      return true;
    });
  });

  test('what somebody else has scheduled for deletion is not restored', async () => {
    const key = world.newKey();
    await world.aws.putSecret(key, 'theirs');
    world.aws.secret(key)!.purgeAt = world.clock.now() + 86_400_000;
    await assert.rejects(world.text(key, 'v'), /not managed by external-secrets/);
    assert.notEqual(world.aws.secret(key)?.purgeAt, undefined);
  });

  test('deleting follows the store: a month to restore it, some days, or none; removing again does nothing', async () => {
    const rows = [
      [undefined, {}],
      [{ recoveryWindowInDays: 7 }, { RecoveryWindowInDays: 7 }],
      [{ forceDeleteWithoutRecovery: true }, { ForceDeleteWithoutRecovery: true }],
      [{ forceDeleteWithoutRecovery: false, recoveryWindowInDays: 0 }, {}],
    ] as const;
    for (const [secretsManager, expected] of rows) {
      const key = world.newKey();
      await world.text(key, 'v');
      await world.remove(key, undefined, { secretsManager });
      const { SecretId, ...how } = world.inputOf('DeleteSecret')!;
      assert.match(String(SecretId), new RegExp(`^arn:.*:secret:${key}-`));
      assert.deepEqual(how, expected);
      await world.aws.resetCalls();
      await world.remove(key, undefined, { secretsManager });
      assert.deepEqual(world.actions(), ['DescribeSecret']);
    }
  });

  test('replicas go before the secret', async () => {
    const key = world.newKey();
    await world.text(key, 'v', { replicationLocations: ['eu-west-1'] });
    await world.remove(key);
    assert.deepEqual(world.actions().slice(-2), ['RemoveRegionsFromReplication', 'DeleteSecret']);
  });

  test('taking a property away keeps the form of what is left', async () => {
    const key = world.newKey();
    const entries = [
      ['a', 'x', { secretPushFormat: 'string' }],
      ['a', 'y'],
    ] as const;
    await world.send(pushOf(key, { a: '1' }, entries));
    await world.remove(key, 'x');
    assert.deepEqual(world.current(key), { SecretString: '{"y":"1"}' });
  });

  test('the prefix of the store stands before every key', async () => {
    const key = world.newKey();
    await world.text(key, 'v', undefined, { prefix: 'team/' });
    assert.notEqual(world.aws.secret(`team/${key}`), undefined);
    await assert.rejects(
      world.aws.putSecret(`team/foreign`, 'x').then(() => world.text('foreign', 'v', undefined, { prefix: 'team/' })),
      /key "team\/foreign"/,
    );
    await world.remove(key, undefined, { prefix: 'team/', secretsManager: { forceDeleteWithoutRecovery: true } });
    assert.equal(world.aws.secret(`team/${key}`), undefined);
  });

  test('where describing a new name is denied it is made without looking (Q15)', async () => {
    const key = world.newKey();
    await world.aws.fault('DescribeSecret', 'deny', key);
    assert.equal(await world.text(key, 'v'), 'created');
    assert.notEqual(world.inputOf('CreateSecret')?.['ClientRequestToken'], '00000000-0000-0000-0000-000000000001');
    await assert.rejects(world.text(key, 'v'), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(error.message, /^AWS denied DescribeSecret of key "push-\d+".*metadata\.tags/);
      return true;
    });
    assert.equal(world.aws.secret(key)?.versions.size, 1);
    await world.aws.fault('CreateSecret', 'deny');
    await assert.rejects(world.text(world.newKey(), 'v'), /AWS denied CreateSecret/);
    await assert.rejects(world.text(key, 'v'), /AWS denied DescribeSecret .*CreateSecret is denied as well/);
  });

  test('a value that AWS repeats in its refusal is not passed on, in whatever form', async () => {
    const secret = 'line one\nline "two" hunter2';
    const client = await world.open();
    const push = pushOf(world.newKey(), { a: secret }, [['a', 'p', { secretPushFormat: 'string' }]]);
    for (const echo of [(body: string) => body, (body: string) => `Value '${body.slice(0, 40)}' at 'secretString'`]) {
      await world.aws.fault('CreateSecret', (input) => echo(String(input['SecretString'])));
      await assert.rejects(client.push!(push, signal), (error: unknown) => {
        assert.ok(error instanceof InvalidRefError);
        assert.match(error.message, /AWS refused CreateSecret/);
        assert.doesNotMatch(error.message, /line|hunter/);
        return true;
      });
      await world.aws.heal();
    }
  });

  test('throttled: the error says so and which call, and nothing was written', async () => {
    const key = world.newKey();
    await world.text(key, 'old');
    await world.aws.fault('PutSecretValue', 'throttle');
    await assert.rejects(world.text(key, 'new'), (error: unknown) => {
      assert.ok(error instanceof ThrottledError);
      assert.match(error.message, new RegExp(`^AWS throttles PutSecretValue of key "${key}"`));
      return true;
    });
    assert.deepEqual(world.current(key), { SecretBinary: Buffer.from('old').toString('base64') });
  });

  test('IfNotExists: a deleted or empty secret does not exist, and a denial is not "no"', async () => {
    const key = world.newKey();
    const client = await world.open();
    await world.text(key, 'v');
    await world.remove(key);
    assert.equal(await client.exists!(key, undefined, signal), false);
    await world.aws.fault('GetSecretValue', 'deny');
    await assert.rejects(client.exists!(key, undefined, signal), PermissionDeniedError);
  });
});
