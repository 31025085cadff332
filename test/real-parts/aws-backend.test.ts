/** Counting and denying, with the AWS SDK as the client and a backend that knows only one answer. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { MotoBackend } from './aws-backend.ts';

const moto = createServer((_request, response) => response.end('{"SecretString":"s"}'));
await new Promise<void>((done) => moto.listen(0, '127.0.0.1', done));
const aws = new MotoBackend(`http://127.0.0.1:${(moto.address() as AddressInfo).port}`);
await aws.start();
after(async () => {
  await aws.stop();
  moto.close();
});
const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'none' };
const client = { region: 'eu-central-1', endpoint: aws.endpoint, credentials, maxAttempts: 1 };
const secretsManager = new SecretsManagerClient(client);
const read = (SecretId: string) => secretsManager.send(new GetSecretValueCommand({ SecretId }));

test('actions are counted by name until the counters are reset', async () => {
  await read('a');
  await read('b');
  assert.deepEqual(Object.fromEntries(await aws.calls()), { GetSecretValue: 2 });
  await aws.resetCalls();
  assert.equal((await aws.calls()).size, 0);
});

test('a fault hits only calls that name what it is about, until healed', async () => {
  await aws.fault('GetSecretValue', 'deny', 'shop/a');
  await assert.rejects(read('shop/a'), { name: 'AccessDeniedException' });
  assert.equal((await read('shop/b')).SecretString, 's');
  await aws.heal();
  assert.equal((await read('shop/a')).SecretString, 's');
});

test('STS says it in XML, with its own names', async () => {
  const role = { RoleArn: 'arn:aws:iam::444455556666:role/closed', RoleSessionName: 's' };
  await aws.fault('AssumeRole', 'deny', 'role/closed');
  const refused = new STSClient(client).send(new AssumeRoleCommand(role));
  await assert.rejects(refused, { name: 'AccessDenied', message: /not authorized to perform: AssumeRole/ });
  await aws.heal();
});
