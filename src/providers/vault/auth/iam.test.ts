import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startAws, type SandboxAws } from '../../../../sandbox/aws/server.ts';
import { startVault, type SandboxVault } from '../../../../sandbox/vault/server.ts';
import { MemoryCluster } from '../../../../test/conformance/cluster.ts';
import { environmentOf } from '../../../../test/conformance/aws.ts';
import { WarpClock } from '../../../../test/builders/warp-clock.ts';
import { AuthenticationError, InvalidProviderConfigError } from '../../errors.ts';
import type { ProviderEnvironment, SecretsClient, StoreKind } from '../../provider.ts';
import { sessionContext } from '../context.fixture.ts';
import { vaultModule } from '../index.ts';

const { signal } = new AbortController();
const ROLE = 'arn:aws:iam::444455556666:role/reader';
const ROBOT = 'arn:aws:iam::111122223333:user/robot';
const KEYS = {
  accessKeyIDSecretRef: { name: 'robot', key: 'id' },
  secretAccessKeySecretRef: { name: 'robot', key: 'key' },
};
const STATIC = { secretRef: KEYS };

describe('logging in to Vault with an AWS identity', () => {
  const clock = new WarpClock();
  let aws: SandboxAws;
  let vault: SandboxVault;
  let cluster: MemoryCluster;

  before(async () => {
    aws = await startAws({ clock });
    vault = await startVault({ clock });
    await aws.addAccessKey('AKIAROBOT', 'robot-secret');
    await vault.put('secret', 'db', { user: 'u1' });
    await vault.api('PUT', 'sys/policies/acl/shop', { policy: 'path "secret/data/*" { capabilities = ["read"] }' });
    for (const mount of ['aws', 'aws-eu']) await vault.api('POST', `sys/auth/${mount}`, { type: 'aws' });
    for (const [role, principal] of [
      ['robot', ROBOT],
      ['reader', ROLE],
    ])
      await vault.api('POST', `auth/aws/role/${role}`, {
        auth_type: 'iam',
        bound_iam_principal_arn: principal,
        token_policies: 'shop',
        token_ttl: '15m',
      });
  });
  after(() => Promise.all([aws.stop(), vault.stop()]));
  beforeEach(async () => {
    await aws.resetCalls();
    await vault.resetCalls();
    await vault.api('POST', 'auth/aws/config/client', { sts_endpoint: aws.endpoint, iam_server_id_header_value: '' });
    cluster = new MemoryCluster(clock);
    cluster.putSecret('shop', 'robot', { id: 'AKIAROBOT', key: 'robot-secret' });
  });

  function open(
    iam: Readonly<Record<string, unknown>>,
    environment: ProviderEnvironment = environmentOf(aws),
    kind: StoreKind = 'SecretStore',
  ): Promise<SecretsClient> {
    const spec = { server: vault.address, path: 'secret', auth: { iam } };
    const access = cluster.access(undefined, 'shop');
    const allowed = { ...environment, allowTargets: ['127.0.0.0/8'] };
    return vaultModule.open({ ...sessionContext({ spec, kind, clock }), cluster: access, environment: allowed });
  }

  async function user(client: SecretsClient): Promise<string> {
    const [outcome] = await client.read([{ key: 'db' }], signal);
    if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome');
    return vaultModule.values.select(outcome.value, { key: 'db', property: 'user' }).revealText();
  }

  const asked = (): readonly string[] =>
    aws.recorded().map(({ action, principal }) => `${action} by ${principal.split(':').at(-1)}`);

  it('static keys sign; Vault asks STS who it was, and one login serves all reads', async () => {
    const client = await open({ vaultRole: 'robot', ...STATIC });
    assert.deepEqual(await Promise.all([user(client), user(client)]), ['u1', 'u1']);
    assert.deepEqual(asked(), ['GetCallerIdentity by user/robot']);
    assert.equal((await vault.calls()).get('PUT auth/aws/login'), 1);
    await client.close();
    assert.equal((await vault.calls()).get('PUT auth/token/revoke-self'), 1);
  });

  it('static keys with a session token, as a temporary login gives them', async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await temporaryKeys();
    cluster.putSecret('shop', 'robot', { id: accessKeyId, key: secretAccessKey, token: sessionToken });
    const secretRef = { ...KEYS, sessionTokenSecretRef: { name: 'robot', key: 'token' } };
    assert.equal(await user(await open({ vaultRole: 'robot', secretRef })), 'u1');
  });

  it('a role is assumed first, with its external id', async () => {
    await aws.trustRole(ROLE, { externalId: 'x1', principals: [ROBOT] });
    const client = await open({ vaultRole: 'reader', ...STATIC, role: ROLE, externalID: 'x1' });
    assert.equal(await user(client), 'u1');
    assert.deepEqual(asked(), [
      'AssumeRole by user/robot',
      'GetCallerIdentity by assumed-role/reader/external-secrets-provider-aws',
    ]);
    const without = await open({ vaultRole: 'reader', ...STATIC, role: ROLE });
    await assert.rejects(user(without), { name: 'AuthenticationError', message: /role\/reader.*AccessDenied/ });
  });

  it('a ServiceAccount’s token for its role goes before keys (IRSA)', async () => {
    await aws.trustRole(ROLE, { subjects: ['system:serviceaccount:shop:app'] });
    cluster.putServiceAccount('shop', 'app', { 'eks.amazonaws.com/role-arn': ROLE });
    const client = await open({ vaultRole: 'reader', ...STATIC, jwt: { serviceAccountRef: { name: 'app' } } });
    assert.equal(await user(client), 'u1');
    assert.equal(cluster.tokens, 1);
    assert.match(asked().at(-1) ?? '', /GetCallerIdentity by assumed-role\/reader/);
  });

  it('without both, the operator’s own identity, unless that is kept to cluster stores (D72)', async () => {
    const own = environmentOf(aws, { AWS_ACCESS_KEY_ID: 'AKIAROBOT', AWS_SECRET_ACCESS_KEY: 'robot-secret' });
    assert.equal(await user(await open({ vaultRole: 'robot' }, own)), 'u1');
    const kept = { ...own, controllerCredentialsForAll: false };
    await assert.rejects(open({ vaultRole: 'robot' }, kept), {
      name: 'InvalidProviderConfigError',
      message: /auth\.iam\.jwt\.serviceAccountRef or auth\.iam\.secretRef/,
    });
    assert.equal(await user(await open({ vaultRole: 'robot' }, kept, 'ClusterSecretStore')), 'u1');
  });

  it('the server id is sent and signed, and another one is refused', async () => {
    await vault.api('POST', 'auth/aws/config/client', { iam_server_id_header_value: 'vault.example.com' });
    const right = { vaultRole: 'robot', ...STATIC, vaultAwsIamServerID: 'vault.example.com' };
    assert.equal(await user(await open(right)), 'u1');
    for (const id of [undefined, 'vault.evil.com'])
      await assert.rejects(user(await open({ ...right, vaultAwsIamServerID: id })), {
        name: 'AuthenticationError',
        message: /AWS login as role "robot" at auth\/aws.*400 error validating X-Vault-AWS-IAM-Server-ID header/,
      });
  });

  it('region and mount are those of the spec; a region is a word, not a host', async () => {
    await vault.api('POST', 'auth/aws-eu/config/client', { sts_endpoint: aws.endpoint });
    await vault.api('POST', 'auth/aws-eu/role/robot', { bound_iam_principal_arn: ROBOT, token_policies: 'shop' });
    const client = await open({ vaultRole: 'robot', ...STATIC, region: 'eu-west-1', path: 'aws-eu' });
    assert.equal(await user(client), 'u1');
    assert.deepEqual(
      aws.recorded().map(({ region }) => region),
      ['eu-west-1'],
    );
    await assert.rejects(open({ vaultRole: 'robot', ...STATIC, region: 'x.evil.com/' }), InvalidProviderConfigError);
  });

  it('a principal that the role is not bound to: Vault’s words, role, mount and identity, and no signature', async () => {
    const client = await open({ vaultRole: 'reader', ...STATIC });
    await assert.rejects(user(client), (error: unknown) => {
      assert.ok(error instanceof AuthenticationError);
      assert.match(error.message, /AWS login as role "reader" at auth\/aws with the keys of auth\.iam\.secretRef/);
      assert.match(error.message, /IAM Principal ".*user\/robot" does not belong to the role "reader"/);
      assert.doesNotMatch(error.message, /robot-secret|AWS4-HMAC|Signature/);
      return true;
    });
  });

  it('keys that AWS does not know are refused by Vault, which asked', async () => {
    cluster.putSecret('shop', 'robot', { id: 'AKIAROBOT', key: 'wrong-secret' });
    await assert.rejects(user(await open({ vaultRole: 'robot', ...STATIC })), AuthenticationError);
  });

  it('what is missing is named with its field', async () => {
    await assert.rejects(open({ vaultRole: 'robot', secretRef: {} }), {
      message: /auth\.iam\.secretRef\.secretAccessKeySecretRef is missing/,
    });
    cluster.putServiceAccount('shop', 'app', {});
    await assert.rejects(open({ vaultRole: 'robot', jwt: { serviceAccountRef: { name: 'app' } } }), {
      message: /auth\.iam\.jwt\.serviceAccountRef: an IAM role must be associated.*shop\/app/,
    });
  });

  it('a new login after the token’s end is signed with keys that are good then', async () => {
    await aws.trustRole(ROLE, {});
    const client = await open({ vaultRole: 'reader', ...STATIC, role: ROLE });
    assert.equal(await user(client), 'u1');
    await clock.advance(2 * 3_600_000);
    assert.equal(await user(client), 'u1');
    assert.equal((await aws.calls()).get('AssumeRole'), 2);
  });

  it('identities that log in at the same time do not meet in the process environment (D79)', async () => {
    const before = JSON.stringify(process.env);
    await aws.addAccessKey('AKIAOTHER', 'other-secret', 'other');
    await aws.trustRole(ROLE, {});
    cluster.putSecret('shop', 'other', { id: 'AKIAOTHER', key: 'other-secret' });
    const otherKeys = {
      accessKeyIDSecretRef: { name: 'other', key: 'id' },
      secretAccessKeySecretRef: { name: 'other', key: 'key' },
    };
    const rounds = Array.from({ length: 10 }, async () => {
      const [robot, other] = await Promise.all([
        open({ vaultRole: 'robot', ...STATIC }),
        open({ vaultRole: 'robot', secretRef: otherKeys }),
      ]);
      const [mine, theirs] = await Promise.allSettled([user(robot), user(other)]);
      assert.deepEqual([mine.status, theirs.status], ['fulfilled', 'rejected']);
    });
    await Promise.all(rounds);
    assert.equal(JSON.stringify(process.env), before);
  });

  async function temporaryKeys(): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string }> {
    const { getSessionToken } = await import('../../aws/sts.ts');
    const given = { accessKeyId: 'AKIAROBOT', secretAccessKey: 'robot-secret' };
    const keys = { get: () => Promise.resolve(given), forget: () => {} };
    const context = { region: 'us-east-1', environment: environmentOf(aws), observe: () => {}, signal };
    return getSessionToken(context, keys, {});
  }
});
