import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { environmentOf, openAws } from '../../../test/conformance/aws.ts';
import { MemoryCluster } from '../../../test/conformance/cluster.ts';
import { AuthenticationError, InvalidProviderConfigError, PermissionDeniedError } from '../errors.ts';
import { ClientPool, type PoolStore } from '../pool.ts';
import { SecretsReader } from '../reader.ts';
import type { ProviderEnvironment, SecretsClient } from '../provider.ts';

const ROLES = ['one', 'two', 'three'].map((name) => `arn:aws:iam::444455556666:role/${name}`);
const { signal } = new AbortController();

describe('AWS sessions', () => {
  const clock = new WarpClock();
  let aws: SandboxAws;
  before(async () => {
    aws = await startAws({ clock });
    await aws.addAccessKey('AKIAROBOT', 'robot-secret');
    for (let index = 0; index < 100; index++) await aws.putSecret(`k${index}`, `v${index}`);
  });
  after(() => aws.stop());
  beforeEach(async () => {
    await aws.heal();
    await aws.resetCalls();
  });

  const value = async (client: SecretsClient, key = 'k1'): Promise<string | Error> => {
    const [outcome] = await client.read([{ key }], signal);
    return outcome!.ok ? outcome!.value.revealText() : outcome!.error;
  };

  test('two hundred concurrent reads of a hundred keys are five BatchGetSecretValue and nothing else', async () => {
    const reader = new SecretsReader(await openAws(aws, clock, {}), { clock });
    const keys = Array.from({ length: 200 }, (_, index) => `k${index % 100}`);
    const values = await Promise.all(keys.map((key) => reader.read({ key }, { notBefore: 0, signal })));
    assert.deepEqual(
      values.map((read) => read.revealText()),
      keys.map((key) => key.replace('k', 'v')),
    );
    assert.deepEqual([...(await aws.calls())], [['BatchGetSecretValue', 5]]);
  });

  test('a chain of three roles is three STS calls per session life, however often is read', async () => {
    const client = await openAws(aws, clock, { additionalRoles: ROLES.slice(0, 2), role: ROLES[2] });
    await Promise.all(Array.from({ length: 20 }, () => value(client)));
    assert.equal((await aws.calls()).get('AssumeRole'), 3);
    const principals = aws.recorded().map(({ action, principal }) => `${action} by ${principal.split(':').at(-1)}`);
    assert.deepEqual(principals.slice(0, 3), [
      'AssumeRole by user/robot',
      'AssumeRole by assumed-role/one/external-secrets-provider-aws',
      'AssumeRole by assumed-role/two/external-secrets-provider-aws',
    ]);
    assert.match(principals.at(-1)!, /GetSecretValue by assumed-role\/three/);
    await clock.advance(53 * 60_000);
    await value(client);
    assert.equal((await aws.calls()).get('AssumeRole'), 3);
    await clock.advance(2 * 60_000);
    await value(client);
    assert.equal((await aws.calls()).get('AssumeRole'), 6);
  });

  test('an hour of reads every minute costs at most four STS calls for a chain of three, by the hour', async () => {
    const client = await openAws(aws, clock, { additionalRoles: ROLES.slice(0, 2), role: ROLES[2] });
    for (let minute = 0; minute < 540; minute++) {
      assert.equal(await value(client), 'v1');
      await clock.advance(60_000);
    }
    assert.ok(((await aws.calls()).get('AssumeRole') ?? 0) / 9 <= 4);
  });

  test('role ARN, session length, external id and tags are sent as documented', async () => {
    await value(
      await openAws(aws, clock, {
        additionalRoles: [ROLES[0]],
        role: ROLES[1],
        externalID: 'ext',
        sessionTags: [
          { key: 'team', value: 'a' },
          { key: 'esoNamespace', value: 'forged' },
        ],
        sessionTagsPolicy: 'Custom',
        customSessionTags: { stage: 'prod', empty: '' },
        transitiveTagKeys: ['team'],
      }),
    );
    const [first, last] = aws.recorded().map(({ input }) => input);
    assert.equal(first!['DurationSeconds'], '3600');
    assert.ok(!('ExternalId' in first!) && !('Tags.member.1.Key' in first!));
    assert.equal(last!['ExternalId'], 'ext');
    const tags = [1, 2, 3, 4, 5, 6].map((n) => [last![`Tags.member.${n}.Key`], last![`Tags.member.${n}.Value`]]);
    assert.deepEqual(tags, [
      ['team', 'a'],
      ['esoNamespace', 'shop'],
      ['stage', 'prod'],
      ['esoStoreName', 'store'],
      ['esoStoreKind', 'SecretStore'],
      [undefined, undefined],
    ]);
    assert.equal(last!['TransitiveTagKeys.member.1'], 'team');
  });

  test('a role that does not trust us: STS code, role and identity, no request id', async () => {
    await aws.trustRole(ROLES[0]!, { principals: ['arn:aws:iam::111122223333:user/somebody'] });
    const client = await openAws(aws, clock, { role: ROLES[0] });
    await assert.rejects(client.validate(signal), (error: unknown) => {
      assert.ok(error instanceof AuthenticationError);
      assert.match(error.message, /role\/one.*AssumeRole.*AccessDenied.*user\/robot.*sts:AssumeRole/);
      assert.doesNotMatch(error.message, /[0-9a-f]{8}-[0-9a-f]{4}/);
      return true;
    });
    await aws.trustRole(ROLES[0]!, {});
  });

  test('an ARN with a placeholder is the store’s fault, and the error shows it', async () => {
    const arn = 'arn:aws:iam::ACCOUNT:role/reader';
    const client = await openAws(aws, clock, { role: arn });
    await assert.rejects(
      client.validate(signal),
      (error: unknown) => error instanceof InvalidProviderConfigError && error.message.includes(arn),
    );
  });

  test('wrong keys are an authentication error with AWS’s code', async () => {
    const cluster = new MemoryCluster(clock);
    cluster.putSecret('shop', 'aws-robot', { id: 'AKIAROBOT', key: 'wrong' });
    const client = await openAws(aws, clock, {}, { cluster: cluster.access(undefined, 'shop') });
    const error = await value(client);
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.code, 'InvalidSignatureException');
    assert.doesNotMatch(error.message, /wrong/);
  });

  test('a denial names code, action, key, region and remedy', async () => {
    await aws.fault('GetSecretValue', 'deny', 'k1');
    const error = await value(await openAws(aws, clock, {}));
    assert.ok(error instanceof PermissionDeniedError);
    assert.match(
      error.message,
      /GetSecretValue of key "k1": AccessDeniedException: User: arn:aws:iam.*region eu-central-1.*allow secretsmanager:GetSecretValue/,
    );
  });

  test('the user agent names this operator', async () => {
    await value(await openAws(aws, clock, {}));
    assert.match(aws.recorded()[0]!.userAgent, /external-secrets-ts/);
  });

  describe('with a ServiceAccount (IRSA)', () => {
    const role = 'arn:aws:iam::444455556666:role/irsa';
    const spec = { auth: { jwt: { serviceAccountRef: { name: 'app' } } } };
    function irsa(annotations: Record<string, string> = { 'eks.amazonaws.com/role-arn': role }) {
      const cluster = new MemoryCluster(clock);
      cluster.putServiceAccount('shop', 'app', annotations);
      return { cluster, open: () => openAws(aws, clock, spec, { cluster: cluster.access(undefined, 'shop') }) };
    }

    test('one token and one AssumeRoleWithWebIdentity per session life', async () => {
      await aws.trustRole(role, { subjects: ['system:serviceaccount:shop:app'] });
      const { cluster, open } = irsa();
      const client = await open();
      await Promise.all([value(client), value(client), client.validate(signal)]);
      assert.equal(await value(client), 'v1');
      assert.equal(cluster.tokens, 1);
      assert.equal((await aws.calls()).get('AssumeRoleWithWebIdentity'), 1);
      await clock.advance(55 * 60_000);
      assert.equal(await value(client), 'v1');
      assert.equal(cluster.tokens, 2);
    });

    test('a trust policy that rejects: code, role, subject and audience offered', async () => {
      const { open } = irsa();
      await aws.trustRole(role, { subjects: ['system:serviceaccount:other:app'] });
      await assert.rejects((await open()).validate(signal), {
        name: 'AuthenticationError',
        message: /role\/irsa.*system:serviceaccount:shop:app.*sts\.amazonaws\.com.*AccessDenied/,
      });
      await aws.trustRole(role, { audience: 'else' });
      await assert.rejects((await open()).validate(signal), { code: 'InvalidIdentityToken' });
    });

    test('the annotation chooses the audience', async () => {
      await aws.trustRole(role, { audience: 'else' });
      const { open } = irsa({ 'eks.amazonaws.com/role-arn': role, 'eks.amazonaws.com/audience': 'else' });
      assert.equal(await value(await open()), 'v1');
    });

    test('an account without a role: its name, and what to do', async () => {
      await assert.rejects(irsa({}).open(), {
        name: 'InvalidProviderConfigError',
        message: /shop\/app.*eks\.amazonaws\.com\/role-arn.*Pod Identity/,
      });
    });
  });

  describe('without auth', () => {
    const open = (environment: ProviderEnvironment) => openAws(aws, clock, { auth: undefined }, { environment });

    test('the operator’s own keys are used', async () => {
      const own = { AWS_ACCESS_KEY_ID: 'AKIAROBOT', AWS_SECRET_ACCESS_KEY: 'robot-secret' };
      assert.equal(await value(await open(environmentOf(aws, own))), 'v1');
    });

    test('a SecretStore is refused when the operator keeps its identity to itself', async () => {
      await assert.rejects(open({ ...environmentOf(aws), controllerCredentialsForAll: false }), {
        name: 'InvalidProviderConfigError',
        message: /auth\.jwt\.serviceAccountRef/,
      });
    });

    test('an operator without identity says so', async () => {
      const client = await open(environmentOf(aws, { AWS_EC2_METADATA_DISABLED: 'true' }));
      await assert.rejects(client.validate(signal), { name: 'AuthenticationError', message: /no AWS identity/ });
    });
  });

  test('two stores that differ only in role never share a value', async () => {
    const cluster = new MemoryCluster(clock);
    cluster.putSecret('shop', 'aws-robot', { id: 'AKIAROBOT', key: 'robot-secret' });
    const pool = new ClientPool({ clock, cluster, environment: environmentOf(aws) });
    const storeOf = (name: string, role: string): PoolStore => ({
      identity: { kind: 'SecretStore', namespace: 'shop', name, uid: name, generation: 1 },
      provider: {
        aws: {
          service: 'SecretsManager',
          region: 'eu-central-1',
          role,
          auth: {
            secretRef: {
              accessKeyIDSecretRef: { name: 'aws-robot', key: 'id' },
              secretAccessKeySecretRef: { name: 'aws-robot', key: 'key' },
            },
          },
        },
      },
    });
    const may = await pool.acquire(storeOf('may', ROLES[0]!), 'shop', signal);
    const mayNot = await pool.acquire(storeOf('may-not', ROLES[1]!), 'shop', signal);
    await aws.fault('GetSecretValue', 'deny', '/two/');
    const read = { notBefore: 0, signal };
    assert.equal((await may.reader.read({ key: 'k7' }, read)).revealText(), 'v7');
    await assert.rejects(mayNot.reader.read({ key: 'k7' }, read), PermissionDeniedError);
    assert.notEqual(may.identityKey, mayNot.identityKey);
    await pool.close();
  });
});
