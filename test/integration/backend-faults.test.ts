/**
 * What an ExternalSecret says about a backend that denies, lacks, throttles or is away, and about values of another shape than was asked
 * for (J21, Q23, Q24, Q31).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import { aws, entry, externalSecret, extract, from, secretStore, serviceAccount } from '../builders/objects.ts';
import { awsShop, dbOf } from './aws-shop.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { force } from './force-sync.ts';
import { dataOf, failsWith, holds, isSynced, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();
const host = new URL(env.aws.endpoint).host.replaceAll('.', '\\.');

test('IAM denies a read: the ExternalSecret says code, action, key, who asked and what helps; the store stays Valid (Q31)', async () => {
  const namespace = await awsShop(env, 'denied');
  await env.aws.putSecret(`${namespace}/closed`, 'x');
  await env.aws.fault('GetSecretValue', 'deny', `${namespace}/closed`);
  const both = externalSecret(
    namespace,
    'both',
    from('sm'),
    entry('open', `${namespace}/db`),
    entry('closed', `${namespace}/closed`),
  );
  await env.apply(both);
  await failsWith(
    env,
    namespace,
    'both',
    /AccessDeniedException/,
    /GetSecretValue/,
    new RegExp(`data\\[1\\] \\(key "${namespace}/closed"\\) from SecretStore "sm"`),
    new RegExp(`robot-${namespace}`),
    /allow secretsmanager:GetSecretValue/,
  );
  assert.doesNotMatch(await readyOf(env, externalSecrets, namespace, 'both'), /data\[0\]/);
  assert.equal(await secretOf(env, namespace, 'both'), undefined);
  assert.equal(await readyOf(env, secretStores, namespace, 'sm'), 'True Valid: store validated');
  await env.aws.heal();
  await isSynced(env, namespace, 'both', 30_000);
});

test('an OIDC provider that the account does not know: code and words of STS at the store', async () => {
  const namespace = await env.namespace('oidc');
  const role = `arn:aws:iam::444455556666:role/${namespace}`;
  await env.aws.trustRole(role, { issuers: ['https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE'] });
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { 'eks.amazonaws.com/role-arn': role }),
    secretStore(namespace, 'sm', aws('', { auth: { jwt: { serviceAccountRef: { name: 'shop-aws' } } } })),
  );
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /InvalidIdentityToken: No OpenIDConnect provider found in your account for/,
    new RegExp(role),
    new RegExp(`system:serviceaccount:${namespace}:shop-aws`),
  );
});

test('a remote key that is not there: key, store and region', async () => {
  const namespace = await awsShop(env, 'absent');
  await env.apply(externalSecret(namespace, 'db', from('sm'), entry('x', `${namespace}/nope`)));
  await failsWith(
    env,
    namespace,
    'db',
    new RegExp(`key "${namespace}/nope"`),
    /SecretStore "sm"/,
    /ResourceNotFoundException/,
    /eu-central-1/,
  );
});

test('a wrong region: the region that was asked, also when the secret is in another one', async () => {
  const namespace = await awsShop(env, 'region', { region: 'eu-west-3' });
  await env.apply(dbOf(namespace));
  await failsWith(env, namespace, 'db', /does not exist/, /region eu-west-3/);
  await env.apply(secretStore(namespace, 'sm', aws('robot')));
  await holds(env, namespace, 'db', { user: '{"user":"u1"}' });
});

test('a property that is not there: property and key, and no partial Secret', async () => {
  const namespace = await awsShop(env, 'property');
  await env.apply(
    externalSecret(
      namespace,
      'db',
      from('sm'),
      entry('user', `${namespace}/db`, 'user'),
      entry('pass', `${namespace}/db`, 'nope'),
    ),
  );
  await failsWith(env, namespace, 'db', /property "nope" does not exist in key/, new RegExp(`key "${namespace}/db"`));
  assert.equal(await secretOf(env, namespace, 'db'), undefined);
});

test('JSON asked of plain text: the key, what is wrong, and the way out (Q23)', async () => {
  const namespace = await awsShop(env, 'plain');
  await env.aws.putSecret(`${namespace}/api-key`, 'planted-plain-text');
  await env.apply(
    externalSecret(namespace, 'all', from('sm'), extract(`${namespace}/api-key`)),
    externalSecret(namespace, 'one', from('sm'), entry('x', `${namespace}/api-key`, 'password')),
  );
  const remedy = /use data without property/;
  await failsWith(env, namespace, 'all', new RegExp(`key "${namespace}/api-key"`), /JSON object/, remedy);
  await failsWith(env, namespace, 'one', new RegExp(`key "${namespace}/api-key"`), /not a JSON object/, remedy);
  for (const name of ['all', 'one'])
    assert.doesNotMatch(await readyOf(env, externalSecrets, namespace, name), /planted/);
});

test('JSON numbers arrive as they are written (Q24)', async () => {
  const namespace = await awsShop(env, 'number');
  await env.aws.putSecret(`${namespace}/myapp`, '{"port":5432,"big":9007199254740993}');
  await env.apply(externalSecret(namespace, 'db', from('sm'), extract(`${namespace}/myapp`)));
  await holds(env, namespace, 'db', { port: '5432', big: '9007199254740993' });
});

test('throttling: the code in the condition, the next attempt in the event, and it ends by itself', async () => {
  const namespace = await awsShop(env, 'throttled');
  await env.aws.fault('GetSecretValue', 'throttle', `${namespace}/db`);
  await env.apply(dbOf(namespace, 'user'));
  await failsWith(env, namespace, 'db', /ThrottlingException/, new RegExp(`${namespace}/db`));
  assert.doesNotMatch(await readyOf(env, externalSecrets, namespace, 'db'), /next attempt/);
  const [told] = (await env.events(namespace, 'db')).filter(({ reason }) => reason === 'UpdateFailed');
  assert.match(told?.message ?? '', /ThrottlingException.*; next attempt in \d+ s$/);
  await env.aws.heal();
  await holds(env, namespace, 'db', { user: 'u1' }, 60_000);
});

test('AWS cannot be reached: host and cause, the Secret keeps its value, all recovers by itself', async () => {
  const namespace = await awsShop(env, 'unreachable');
  await env.apply(dbOf(namespace, 'user'));
  await isSynced(env, namespace, 'db');
  await env.aws.stop();
  try {
    await force(env, namespace, 'db');
    await failsWith(env, namespace, 'db', new RegExp(host), /ECONNREFUSED/, /region "eu-central-1"/);
    assert.deepEqual(await dataOf(env, namespace, 'db'), { user: 'u1' });
  } finally {
    await env.aws.start();
  }
  if (env.supports('fast-time')) await env.advance(40_000);
  await isSynced(env, namespace, 'db', 60_000);
});
