/** What every test relies on: the env itself, the same in the sandbox and on the real parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { configMaps, secrets, serviceAccounts } from '../../src/api/resources.ts';
import { GoneError, NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { configMap, secret, serviceAccount } from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';

const env = await useEnv();
const credentials = { accessKeyId: 'AKIAENVTEST', secretAccessKey: 'of no value' };
const region = 'eu-central-1';
const client = { region, credentials, endpoint: env.aws.endpoint, maxAttempts: 1 };
await env.aws.addAccessKey(credentials.accessKeyId, credentials.secretAccessKey);

test('a namespace is fresh, and the token controller of the cluster knows its accounts', async () => {
  const [one, two] = [await env.namespace('same'), await env.namespace('same')];
  assert.notEqual(one, two);
  await env.apply(serviceAccount(one, 'robot'));
  const { token, expiresAt } = await env.kube.createToken({ namespace: one, name: 'robot' }, { audiences: ['a'] });
  assert.ok(token.split('.').length === 3 && expiresAt > Date.now());
});

test('apply creates, then replaces what is given and keeps annotations of others', async () => {
  const namespace = await env.namespace('apply');
  const made = await env.apply(secret(namespace, 'db', { user: 'u', password: 'p' }));
  const annotate = { metadata: { annotations: { 'example.test/by': 'somebody' } } };
  await env.kube.patch(secrets, { namespace, name: 'db' }, annotate);
  await env.apply(secret(namespace, 'db', { user: 'v' }));
  const now = await env.kube.get<KubeObject & { data?: unknown }>(secrets, { namespace, name: 'db' });
  assert.equal(now.metadata.uid, made[0]?.metadata.uid);
  assert.deepEqual(now.data, { user: Buffer.from('v').toString('base64') });
  assert.equal(now.metadata.annotations?.['example.test/by'], 'somebody');
});

test('kubectl get prints the columns a person sees', async () => {
  const namespace = await env.namespace('kubectl');
  await env.apply(secret(namespace, 'db', { user: 'u', password: 'p' }));
  const [head, row] = (await env.kubectl('get', 'secrets', '-n', namespace)).trimEnd().split('\n');
  assert.match(head ?? '', /^NAME +TYPE +DATA +AGE$/);
  assert.match(row ?? '', /^db +Opaque +2 +\S+$/);
  assert.equal(await env.kubectl('get', 'secret', 'db', '-n', namespace, '-o', 'name'), 'secret/db\n');
  await assert.rejects(env.kubectl('get', 'secret', 'nope', '-n', namespace), /secrets "nope" not found/);
});

test('AWS keeps secrets and parameters, and counts the calls made to it but not the set-up', async () => {
  await env.aws.resetCalls();
  await env.aws.putSecret('shop/db', 'first', { tags: { team: 'shop' } });
  await env.aws.putSecret('shop/db', 'second');
  await env.aws.putParameter('/shop/password', 'p', { type: 'SecureString' });
  const sm = new SecretsManagerClient(client);
  assert.equal((await sm.send(new GetSecretValueCommand({ SecretId: 'shop/db' }))).SecretString, 'second');
  const ssm = new SSMClient(client);
  const parameter = await ssm.send(new GetParameterCommand({ Name: '/shop/password', WithDecryption: true }));
  assert.equal(parameter.Parameter?.Value, 'p');
  await env.aws.deleteSecret('shop/db');
  await assert.rejects(sm.send(new GetSecretValueCommand({ SecretId: 'shop/db' })), {
    name: 'ResourceNotFoundException',
  });
  assert.deepEqual(Object.fromEntries(await env.aws.calls()), { GetSecretValue: 2, GetParameter: 1 });
});

test('a role sees the same secrets as the account that assumed it', async () => {
  const arn = 'arn:aws:iam::444455556666:role/reader';
  await env.aws.trustRole(arn);
  await env.aws.putSecret('shop/role', 'r');
  const sts = new STSClient(client);
  const { Credentials: c } = await sts.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 's' }));
  const session = {
    accessKeyId: c?.AccessKeyId ?? '',
    secretAccessKey: c?.SecretAccessKey ?? '',
    sessionToken: c?.SessionToken ?? '',
  };
  const sm = new SecretsManagerClient({ ...client, credentials: session });
  assert.equal((await sm.send(new GetSecretValueCommand({ SecretId: 'shop/role' }))).SecretString, 'r');
});

test('AWS can be told to deny and to throttle', requires(env, 'aws-faults', 'fault()'), async () => {
  await env.aws.putSecret('shop/a', 'a');
  await env.aws.putSecret('shop/b', 'b');
  const sm = new SecretsManagerClient(client);
  const read = (name: string) => sm.send(new GetSecretValueCommand({ SecretId: name }));
  await env.aws.fault('GetSecretValue', 'deny', 'shop/a');
  await assert.rejects(read('shop/a'), { name: 'AccessDeniedException' });
  assert.equal((await read('shop/b')).SecretString, 'b');
  await env.aws.heal();
  await env.aws.fault('GetSecretValue', 'throttle');
  await assert.rejects(read('shop/b'), { name: 'ThrottlingException' });
  await env.aws.heal();
  await env.aws.fault('AssumeRole', 'deny', 'role/closed');
  const sts = new STSClient(client);
  const closed = { RoleArn: 'arn:aws:iam::444455556666:role/closed', RoleSessionName: 's' };
  await assert.rejects(sts.send(new AssumeRoleCommand(closed)), /AccessDenied|not authorized/);
  await env.aws.heal();
  assert.equal((await read('shop/a')).SecretString, 'a');
});

async function vaultGet(path: string, token = env.vault.rootToken): Promise<Response> {
  return fetch(`${env.vault.address}/v1/${path}`, { headers: { 'x-vault-token': token } });
}

test('Vault keeps KV secrets, counts calls, and can be away for a while', async () => {
  await env.vault.put('secret', 'shop/db', { password: 'p' });
  await env.vault.resetCalls();
  const body = (await (await vaultGet('secret/data/shop/db')).json()) as { data: { data: unknown } };
  assert.deepEqual(body.data.data, { password: 'p' });
  assert.equal((await env.vault.calls()).get('GET secret/data/shop/db'), 1);
  await env.vault.fault('secret/data/shop', 503);
  assert.equal((await vaultGet('secret/data/shop/db')).status, 503);
  await env.vault.heal();
  await env.vault.stop();
  await assert.rejects(vaultGet('secret/data/shop/db'));
  await env.vault.start();
  assert.equal((await vaultGet('secret/data/shop/db')).status, 200);
});

test('Vault lets in a ServiceAccount that its role names, and no other', async () => {
  await env.enableKubernetesAuth();
  const namespace = await env.namespace('login');
  await env.apply(serviceAccount(namespace, 'shop-vault'), serviceAccount(namespace, 'stranger'));
  await env.vault.api('POST', 'auth/kubernetes/role/shop', {
    bound_service_account_names: ['shop-vault'],
    bound_service_account_namespaces: [namespace],
    token_ttl: '15m',
  });
  const login = async (name: string): Promise<number> => {
    const { token } = await env.kube.createToken({ namespace, name }, { expirationSeconds: 600 });
    const body = JSON.stringify({ role: 'shop', jwt: token });
    return (await fetch(`${env.vault.address}/v1/auth/kubernetes/login`, { method: 'POST', body })).status;
  };
  assert.equal(await login('shop-vault'), 200);
  assert.equal(await login('stranger'), 403);
});

test('an API server that was away comes back with its data', requires(env, 'restart', 'stop()'), async () => {
  const namespace = await env.namespace('restart');
  await env.apply(secret(namespace, 'db', { user: 'u' }));
  await env.kubeFaults.stop();
  await assert.rejects(env.kube.get(secrets, { namespace, name: 'db' }));
  await env.kubeFaults.start();
  const back = await env.eventually(() => env.kube.get(secrets, { namespace, name: 'db' }));
  assert.equal(back.metadata.name, 'db');
});

test('a version from before a compaction is gone', async () => {
  const namespace = await env.namespace('compact');
  const [old] = await env.apply(configMap(namespace, 'old', {}), configMap(namespace, 'new', {}));
  await env.kubeFaults.compact();
  const resourceVersion = old?.metadata.resourceVersion ?? '';
  const watch = env.kube.watch(configMaps, { namespace, resourceVersion, timeoutSeconds: 5 });
  const firstEvent = async (): Promise<unknown> => {
    for await (const event of watch) return event;
    return undefined;
  };
  await assert.rejects(firstEvent(), GoneError);
});

test('an object of a test is not found in the next namespace', async () => {
  const namespace = await env.namespace('empty');
  await assert.rejects(env.kube.get(serviceAccounts, { namespace, name: 'robot' }), NotFoundError);
});
