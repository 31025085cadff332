import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { openAws } from '../../../test/conformance/aws.ts';
import { BackendUnavailableError, InvalidRefError, PermissionDeniedError, SecretNotFoundError } from '../errors.ts';
import type { FindQuery, ReadRef, SecretsClient } from '../provider.ts';

const { signal } = new AbortController();

async function texts(client: SecretsClient, refs: readonly ReadRef[]): Promise<unknown[]> {
  const outcomes = await client.read(refs, signal);
  return outcomes.map((outcome) => (outcome.ok ? outcome.value.revealText() : outcome.error.name));
}

async function found(client: SecretsClient, query: FindQuery): Promise<Record<string, string>> {
  const values = await client.find!(query, signal);
  return Object.fromEntries([...values].map(([name, value]) => [name, value.revealText()]));
}

describe('reading AWS', () => {
  const clock = new WarpClock();
  let aws: SandboxAws;
  before(async () => {
    aws = await startAws({ clock });
    await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  });
  after(() => aws.stop());
  beforeEach(async () => {
    await aws.heal();
    await aws.resetCalls();
  });

  describe('Secrets Manager', () => {
    const open = (spec: Record<string, unknown> = {}) => openAws(aws, clock, spec);
    before(async () => {
      await aws.putSecret('prod/db', 'd1', { tags: { env: 'prod', 'a<b': 'x' } });
      await aws.putSecret('prod/db', 'd2');
      await aws.putSecret('prod/api', 'a1', { tags: { env: 'prod' } });
      await aws.putSecret('dev/db', 'dev', { tags: { env: 'dev', tier: 'prod' } });
      await aws.putSecret('production', 'p', { tags: { env: 'production' } });
    });

    test('versions and tags are read alone beside one batch, answers come in order', async () => {
      const refs: ReadRef[] = [
        { key: 'prod/db', version: 'AWSPREVIOUS' },
        { key: 'prod/db' },
        { key: 'prod/db', metadataPolicy: 'Fetch' },
        { key: 'prod/api', version: 'AWSCURRENT' },
        { key: 'nope' },
        { key: 'prod/db', version: 'uuid/00000000-0000-0000-0000-000000000000' },
      ];
      assert.deepEqual(await texts(await open(), refs), [
        'd1',
        'd2',
        '{"a<b":"x","env":"prod"}',
        'a1',
        'SecretNotFoundError',
        'SecretNotFoundError',
      ]);
      assert.deepEqual(Object.fromEntries(await aws.calls()), {
        BatchGetSecretValue: 1,
        GetSecretValue: 2,
        DescribeSecret: 1,
      });
    });

    test('a malformed id in a batch fails only itself', async () => {
      assert.deepEqual(await texts(await open(), [{ key: '' }, { key: 'prod/api' }]), ['InvalidRefError', 'a1']);
    });

    test('a prefix goes before each key', async () => {
      assert.deepEqual(await texts(await open({ prefix: 'prod/' }), [{ key: 'db' }, { key: 'api' }]), ['d2', 'a1']);
    });

    test('a secret can be asked for by ARN, in a batch too', async () => {
      const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db';
      assert.deepEqual(await texts(await open(), [{ key: arn }, { key: 'prod/api' }]), ['d2', 'a1']);
    });

    test('a forbidden batch is tried again after an hour', async () => {
      await aws.fault('BatchGetSecretValue', 'deny');
      const client = await open();
      const both = [{ key: 'prod/db' }, { key: 'prod/api' }];
      for (let time = 0; time < 3; time++) assert.deepEqual(await texts(client, both), ['d2', 'a1']);
      assert.equal((await aws.calls()).get('BatchGetSecretValue'), 1);
      await clock.advance(61 * 60_000);
      await texts(client, both);
      assert.equal((await aws.calls()).get('BatchGetSecretValue'), 2);
    });

    test('the store’s region is where is looked', async () => {
      assert.deepEqual(await texts(await open({ region: 'us-east-1' }), [{ key: 'prod/db' }]), ['SecretNotFoundError']);
      assert.equal(aws.recorded()[0]!.region, 'us-east-1');
    });

    test('a host that does not exist: unavailable, with region and host', async () => {
      const environment = { awsEndpoints: {}, awsDefaults: {}, allowTargets: [], controllerCredentialsForAll: true };
      const client = await openAws(aws, clock, { region: 'moon-1' }, { environment });
      const [outcome] = await client.read([{ key: 'k' }], signal);
      assert.ok(outcome?.ok === false && outcome.error instanceof BackendUnavailableError);
      assert.match(outcome.error.message, /secretsmanager\.moon-1\.amazonaws\.com.*moon-1/);
    });

    test('find by name, by path and by exact tag pairs', async () => {
      const client = await open({ prefix: 'ignored/' });
      assert.deepEqual(await found(client, { nameRegexp: 'db$' }), { 'prod/db': 'd2', 'dev/db': 'dev' });
      assert.deepEqual(await found(client, { nameRegexp: 'db', path: 'prod/' }), { 'prod/db': 'd2' });
      assert.deepEqual(await found(client, { tags: { env: 'prod' } }), { 'prod/db': 'd2', 'prod/api': 'a1' });
      assert.deepEqual(await found(client, { tags: { env: 'prod' }, nameRegexp: '(?i)API' }), { 'prod/api': 'a1' });
      assert.deepEqual(await found(client, { nameRegexp: 'nothing' }), {});
    });

    test('find without name and tags, or with a bad expression, is refused', async () => {
      await assert.rejects(found(await open(), { path: 'prod' }), InvalidRefError);
      await assert.rejects(found(await open(), { nameRegexp: '(' }), InvalidRefError);
    });

    test('find fails when one match may not be read: less than all must not look like all', async () => {
      await aws.fault('GetSecretValue', 'deny', 'prod/api');
      await assert.rejects(found(await open(), { nameRegexp: 'prod/' }), PermissionDeniedError);
    });

    test('find goes through all pages', async () => {
      for (let index = 0; index < 230; index++) await aws.putSecret(`many/${index}`, String(index));
      await aws.resetCalls();
      assert.equal(Object.keys(await found(await open(), { nameRegexp: '^many/' })).length, 230);
      assert.deepEqual(Object.fromEntries(await aws.calls()), { ListSecrets: 3, BatchGetSecretValue: 12 });
    });
  });

  describe('Parameter Store', () => {
    const open = (spec: Record<string, unknown> = {}) => openAws(aws, clock, { service: 'ParameterStore', ...spec });
    before(async () => {
      await aws.putParameter('/shop/a', 'one', { type: 'SecureString', label: 'old' });
      await aws.putParameter('/shop/a', 'two', { type: 'SecureString' });
      await aws.putParameter('/shop/b', 'x,y', { type: 'StringList' });
      await aws.putParameter('/other', 'o');
    });

    test('numbers and labels are versions; different parameters are one call', async () => {
      const refs: ReadRef[] = [
        { key: '/shop/a' },
        { key: '/shop/a', version: '1' },
        { key: '/shop/a', version: 'old' },
        { key: '/shop/b' },
        { key: '/shop/a', version: '9' },
        { key: '/nope' },
      ];
      const expected = ['two', 'one', 'one', 'x,y', 'SecretNotFoundError', 'SecretNotFoundError'];
      assert.deepEqual(await texts(await open(), refs), expected);
      assert.deepEqual(Object.fromEntries(await aws.calls()), { GetParameters: 1, GetParameter: 3 });
    });

    test('a policy with GetParameter alone suffices, and so does one with GetParameters alone', async () => {
      await aws.fault('GetParameters', 'deny');
      const client = await open();
      for (let time = 0; time < 3; time++) assert.deepEqual(await texts(client, [{ key: '/shop/a' }]), ['two']);
      assert.deepEqual(Object.fromEntries(await aws.calls()), { GetParameters: 1, GetParameter: 3 });
      await aws.heal();
      await aws.fault('GetParameter', 'deny');
      assert.deepEqual(await texts(await open(), [{ key: '/shop/a' }]), ['two']);
    });

    test('tags of a version are those of the parameter', async () => {
      const refs: ReadRef[] = [
        { key: '/shop/a', version: '1', metadataPolicy: 'Fetch' },
        { key: '/nope', metadataPolicy: 'Fetch' },
      ];
      assert.deepEqual(await texts(await open(), refs), ['{}', 'SecretNotFoundError']);
    });

    test('find by name under a path, also where only describing is permitted', async () => {
      assert.deepEqual(await found(await open(), { nameRegexp: 'shop', path: '/shop' }), {
        '/shop/a': 'two',
        '/shop/b': 'x,y',
      });
      await aws.fault('GetParametersByPath', 'deny');
      assert.deepEqual(await found(await open(), { nameRegexp: 'a$' }), { '/shop/a': 'two' });
    });

    test('find goes through all pages', async () => {
      for (let index = 0; index < 25; index++) await aws.putParameter(`/many/${index}`, String(index));
      assert.equal(Object.keys(await found(await open(), { nameRegexp: '.', path: '/many' })).length, 25);
    });
  });

  test('a secret that is scheduled for deletion is "not found"', async () => {
    const { SecretsManagerClient, DeleteSecretCommand } = await import('@aws-sdk/client-secrets-manager');
    await aws.putSecret('leaving', 'x');
    await aws.putSecret('staying', 'y');
    const sdk = new SecretsManagerClient({
      region: 'eu-central-1',
      endpoint: aws.endpoint,
      credentials: { accessKeyId: 'AKIAROBOT', secretAccessKey: 'robot-secret' },
    });
    await sdk.send(new DeleteSecretCommand({ SecretId: 'leaving' }));
    sdk.destroy();
    const client = await openAws(aws, clock, {});
    const [alone] = await client.read([{ key: 'leaving' }], signal);
    assert.ok(alone?.ok === false && alone.error instanceof SecretNotFoundError);
    assert.deepEqual(await texts(client, [{ key: 'leaving' }, { key: 'staying' }]), ['SecretNotFoundError', 'y']);
    assert.deepEqual(await texts(client, [{ key: 'leaving', metadataPolicy: 'Fetch' }]), ['SecretNotFoundError']);
  });
});
