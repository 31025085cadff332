/** The AWS that checks signatures and trust, beside whatever cluster this runs on (D80). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { serviceAccount } from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';

const env = await useEnvWithStrictAws();
const client = { region: 'eu-central-1', endpoint: env.aws.endpoint, maxAttempts: 1 };
const credentials = { accessKeyId: 'AKIASTRICT', secretAccessKey: 'right' };

test('a signature made with a wrong key is refused, and calls are known by who signed them', async () => {
  await env.aws.addAccessKey(credentials.accessKeyId, credentials.secretAccessKey, 'robot');
  await env.aws.putSecret('strict/db', 's');
  const read = (secretAccessKey: string) =>
    new SecretsManagerClient({ ...client, credentials: { ...credentials, secretAccessKey } }).send(
      new GetSecretValueCommand({ SecretId: 'strict/db' }),
    );
  await assert.rejects(read('wrong'));
  assert.equal((await read('right')).SecretString, 's');
  assert.match(env.aws.recorded().at(-1)?.principal ?? '', /user\/robot$/);
});

test('a role trusts the ServiceAccount that its policy names, and no other', async () => {
  const namespace = await env.namespace('trust');
  await env.apply(serviceAccount(namespace, 'shop-aws'), serviceAccount(namespace, 'stranger'));
  const RoleArn = 'arn:aws:iam::444455556666:role/shop';
  await env.aws.trustRole(RoleArn, { subjects: [`system:serviceaccount:${namespace}:shop-aws`] });
  const sts = new STSClient(client);
  const assume = async (name: string) => {
    const { token } = await env.kube.createToken({ namespace, name }, { audiences: ['sts.amazonaws.com'] });
    const call = { RoleArn, RoleSessionName: 's', WebIdentityToken: token };
    return (await sts.send(new AssumeRoleWithWebIdentityCommand(call))).SubjectFromWebIdentityToken;
  };
  assert.equal(await assume('shop-aws'), `system:serviceaccount:${namespace}:shop-aws`);
  await assert.rejects(assume('stranger'), { name: 'AccessDenied' });
});
