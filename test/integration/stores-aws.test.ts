/**
 * AWS stores as people write them: static keys with and without a role (J03), a ServiceAccount's role (J04) and the operator's own
 * account named in a ClusterSecretStore (J05). The AWS beside them checks signatures and trust and knows who called (D80).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../sandbox/aws/wire.ts';
import { secretStores, serviceAccounts } from '../../src/api/resources.ts';
import type { SecretStore } from '../../src/api/secret-store.ts';
import {
  aws,
  clusterSecretStore,
  entry,
  externalSecret,
  extract,
  from,
  secret,
  secretStore,
  serviceAccount,
} from '../builders/objects.ts';
import { requires, useEnvWithStrictAws } from './current-env.ts';
import { force } from './force-sync.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { failsWith, holds, isSynced, isValid, readyOf, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();

const READS = ['GetSecretValue', 'BatchGetSecretValue'];
const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';
const AUDIENCE_ANNOTATION = 'eks.amazonaws.com/audience';

/** A namespace, an access key of its own in the Secret `aws-robot`, and a secret `<namespace>/db` in Secrets Manager. */
async function shop(prefix: string): Promise<{ namespace: string; keyId: string; role: string }> {
  const namespace = await env.namespace(prefix);
  const keyId = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
  await env.aws.addAccessKey(keyId, 'static-secret-key', `robot-${namespace}`);
  await env.aws.putSecret(`${namespace}/db`, '{"user":"u1"}');
  await env.apply(secret(namespace, 'aws-robot', { id: keyId, key: 'static-secret-key' }));
  return { namespace, keyId, role: `arn:aws:iam::444455556666:role/${namespace}-reader` };
}

function db(namespace: string, store: string, kind: 'SecretStore' | 'ClusterSecretStore' = 'SecretStore') {
  return externalSecret(namespace, 'db', from(store, kind), entry('user', `${namespace}/db`, 'user'));
}

/** Who made these calls, once each. */
function callers(mark: string, ...actions: readonly string[]): readonly string[] {
  const calls = env.aws.recorded().filter(({ action, input, principal }) => {
    return actions.includes(action) && `${JSON.stringify(input)} ${principal}`.includes(mark);
  });
  return [...new Set(calls.map(({ principal }) => principal))];
}

/** What the newest web identity token for this role says of itself. */
function offeredFor(role: string): { readonly sub?: unknown; readonly aud?: unknown } {
  const call = env.aws
    .recorded()
    .findLast(({ action, input }) => action === 'AssumeRoleWithWebIdentity' && input['RoleArn'] === role);
  const [, payload = ''] = textOf(call?.input ?? {}, 'WebIdentityToken').split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: unknown; aud?: unknown };
}

function textOf(input: Json, name: string): string {
  const value = input[name];
  assert.ok(typeof value === 'string', `no ${name} was sent`);
  return value;
}

/** `auth.jwt` with this ServiceAccount; `namespace` only for a ClusterSecretStore. */
function irsa(name: string, namespace?: string) {
  const serviceAccountRef = { name, ...(namespace === undefined ? {} : { namespace }) };
  return aws('', { auth: { jwt: { serviceAccountRef } } });
}

// ---- J03: static keys, with and without a role

test('static keys assume the role of the store, and the role reads', async () => {
  const { namespace, role } = await shop('static-role');
  await env.aws.trustRole(role, { principals: [`arn:aws:iam::111122223333:user/robot-${namespace}`] });
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot', { role })));
  await isValid(env, namespace, 'sm');
  const store = await env.kube.get<SecretStore>(secretStores, { namespace, name: 'sm' });
  assert.equal(store.status?.capabilities, 'ReadWrite');
  await env.apply(db(namespace, 'sm'));
  await holds(env, namespace, 'db', { user: 'u1' });
  assert.deepEqual(callers(role, 'AssumeRole'), [`arn:aws:iam::111122223333:user/robot-${namespace}`]);
  const readers = callers(`${namespace}/db`, ...READS);
  assert.equal(readers.length, 1);
  assert.match(readers[0] ?? '', new RegExp(`^arn:aws:sts::444455556666:assumed-role/${namespace}-reader/`));
});

test('without a role the static keys read, and STS is not asked', async () => {
  const { namespace, keyId } = await shop('static-plain');
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot')), db(namespace, 'sm'));
  await holds(env, namespace, 'db', { user: 'u1' });
  assert.deepEqual(callers(`${namespace}/db`, ...READS), [`arn:aws:iam::111122223333:user/robot-${namespace}`]);
  assert.deepEqual(callers(keyId, 'AssumeRole', 'AssumeRoleWithWebIdentity'), []);
  assert.deepEqual(callers(`robot-${namespace}`, 'AssumeRole', 'GetCallerIdentity'), []);
});

test('keys that are missing are named with the namespace that was searched, and picked up once they are there', async () => {
  const { namespace } = await shop('static-missing');
  await env.apply(secretStore(namespace, 'sm', aws('late-robot')));
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /secretAccessKeySecretRef/,
    /Secret "late-robot" not found in namespace/,
    new RegExp(namespace),
  );
  await env.apply(secret(namespace, 'late-robot', { key: 'static-secret-key' }));
  await storeFailsWith(env, namespace, 'sm', /accessKeyIDSecretRef/, /late-robot has no key "id"/);
  const keyId = `AKIALATE${namespace.slice(-8).toUpperCase()}`;
  await env.aws.addAccessKey(keyId, 'static-secret-key');
  await env.apply(secret(namespace, 'late-robot', { id: keyId, key: 'static-secret-key' }));
  await isValid(env, namespace, 'sm');
  const told = [
    await readyOf(env, secretStores, namespace, 'sm'),
    ...(await env.events(namespace, 'sm')).map(({ message }) => message),
  ].join('\n');
  assert.doesNotMatch(told, /static-secret-key/);
});

test('a role that does not trust the keys: code, role and remedy are told', async () => {
  const { namespace, role } = await shop('static-denied');
  await env.aws.trustRole(role, { principals: ['arn:aws:iam::111122223333:user/somebody-else'] });
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot', { role })));
  await storeFailsWith(env, namespace, 'sm', /AccessDenied/, new RegExp(role), /sts:AssumeRole/, /trust policy/);
  await env.aws.trustRole(role);
  // Nothing in the cluster changed: the store tries again by itself.
  await isValid(env, namespace, 'sm');
});

test('an ARN with a placeholder in place of the account is told as it is written (Q29)', async () => {
  const { namespace } = await shop('static-arn');
  const role = 'arn:aws:iam::ACCOUNT_ID:role/shop-reader';
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot', { role })));
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /ValidationError/,
    /arn:aws:iam::ACCOUNT_ID:role\/shop-reader/,
    /12 digits/,
  );
});

test('rotated keys are used at the next sync, without a restart', async () => {
  const { namespace } = await shop('static-rotated');
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot')), db(namespace, 'sm'));
  await isSynced(env, namespace, 'db');
  const next = `AKIANEXT${namespace.slice(-8).toUpperCase()}`;
  await env.aws.addAccessKey(next, 'next-secret-key', `next-${namespace}`);
  await env.apply(secret(namespace, 'aws-robot', { id: next, key: 'next-secret-key' }));
  await env.eventually(async () => {
    await force(env, namespace, 'db');
    const [newest] = callers(`${namespace}/db`, ...READS).slice(-1);
    assert.equal(newest, `arn:aws:iam::111122223333:user/next-${namespace}`);
  });
});

test('keys that AWS does not know: the failure is told where the read is, and a corrected Secret mends it (Q31)', async () => {
  const { namespace, keyId } = await shop('static-wrong');
  await env.apply(secret(namespace, 'aws-robot', { id: keyId, key: 'a-mistyped-key' }));
  await env.apply(secretStore(namespace, 'sm', aws('aws-robot')), db(namespace, 'sm'));
  await failsWith(env, namespace, 'db', /InvalidSignatureException/, new RegExp(`${namespace}/db`), /credentials/);
  assert.equal(await readyOf(env, secretStores, namespace, 'sm'), 'True Valid: store validated');
  // Long enough to be late for the next try, were it not for the watch on the Secret.
  if (env.supports('fast-time')) await env.advance(30 * 60_000);
  await env.apply(secret(namespace, 'aws-robot', { id: keyId, key: 'static-secret-key' }));
  await holds(env, namespace, 'db', { user: 'u1' }, 5_000);
});

test('the same store switched from keys to a ServiceAccount uses it at once', async () => {
  const { namespace, role } = await shop('static-to-jwt');
  await env.aws.trustRole(role, { subjects: [`system:serviceaccount:${namespace}:shop-aws`] });
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
    secretStore(namespace, 'sm', aws('aws-robot')),
    db(namespace, 'sm'),
  );
  await isSynced(env, namespace, 'db');
  await env.apply(secretStore(namespace, 'sm', irsa('shop-aws')));
  await env.eventually(() => assert.equal(offeredFor(role).sub, `system:serviceaccount:${namespace}:shop-aws`));
  await isValid(env, namespace, 'sm');
});

// ---- J04: a ServiceAccount of the tenant

test('a ServiceAccount named in a SecretStore: its token for sts.amazonaws.com, its role, nothing else', async () => {
  const { namespace, role } = await shop('irsa');
  await env.aws.trustRole(role, { subjects: [`system:serviceaccount:${namespace}:shop-aws`] });
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
    secretStore(namespace, 'sm', irsa('shop-aws')),
  );
  await isValid(env, namespace, 'sm');
  const offered = offeredFor(role);
  assert.equal(offered.sub, `system:serviceaccount:${namespace}:shop-aws`);
  assert.deepEqual([offered.aud].flat(), ['sts.amazonaws.com']);
  await env.apply(externalSecret(namespace, 'db', from('sm'), extract(`${namespace}/db`)));
  await holds(env, namespace, 'db', { user: 'u1' });
  const [reader, ...others] = callers(`${namespace}/db`, ...READS);
  assert.match(reader ?? '', new RegExp(`assumed-role/${namespace}-reader/`));
  assert.deepEqual(others, []);
});

test('a ServiceAccount named with its namespace in a ClusterSecretStore, as seed S0 has it', async () => {
  const { namespace, role } = await shop('irsa-cluster');
  await env.aws.trustRole(role, { subjects: [`system:serviceaccount:${namespace}:aws-secrets-sa`] });
  const store = `sm-${namespace}`;
  await env.apply(
    serviceAccount(namespace, 'aws-secrets-sa', { [ROLE_ANNOTATION]: role }),
    clusterSecretStore(store, irsa('aws-secrets-sa', namespace)),
  );
  await isValid(env, undefined, store);
  const elsewhere = await env.namespace('irsa-user');
  await env.aws.putSecret(`${elsewhere}/db`, '{"user":"u2"}');
  await env.apply(db(elsewhere, store, 'ClusterSecretStore'));
  await holds(env, elsewhere, 'db', { user: 'u2' });
});

test('the audience of the annotation is asked for and offered', async () => {
  const { namespace, role } = await shop('irsa-audience');
  await env.aws.trustRole(role, { audience: 'aws-of-ours' });
  const annotations = { [ROLE_ANNOTATION]: role, [AUDIENCE_ANNOTATION]: 'aws-of-ours' };
  await env.apply(serviceAccount(namespace, 'shop-aws', annotations), secretStore(namespace, 'sm', irsa('shop-aws')));
  await isValid(env, namespace, 'sm');
  assert.deepEqual([offeredFor(role).aud].flat(), ['aws-of-ours']);
});

test('an account without a role is told, and its annotation is picked up within seconds (Q27)', async () => {
  const { namespace, role } = await shop('irsa-late');
  await env.apply(serviceAccount(namespace, 'shop-aws'), secretStore(namespace, 'sm', irsa('shop-aws')));
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /role must be associated/,
    new RegExp(`ServiceAccount ${namespace}/shop-aws`),
    /eks\.amazonaws\.com\/role-arn/,
    /Pod Identity/,
  );
  const annotations = { [ROLE_ANNOTATION]: role };
  await env.kube.patch(serviceAccounts, { namespace, name: 'shop-aws' }, { metadata: { annotations } });
  await isValid(env, namespace, 'sm');
});

test('a subject that the role does not trust: code, role, subject and audience are told', async () => {
  const { namespace, role } = await shop('irsa-stranger');
  await env.aws.trustRole(role, { subjects: ['system:serviceaccount:elsewhere:other'] });
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
    secretStore(namespace, 'sm', irsa('shop-aws')),
  );
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /AccessDenied/,
    new RegExp(role),
    new RegExp(`system:serviceaccount:${namespace}:shop-aws`),
    /sts\.amazonaws\.com/,
    /trust policy/,
  );
});

test('an audience that the role does not trust: the same, with the code of STS', async () => {
  const { namespace, role } = await shop('irsa-wrong-audience');
  await env.aws.trustRole(role, { audience: 'aws-of-theirs' });
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
    secretStore(namespace, 'sm', irsa('shop-aws')),
  );
  await storeFailsWith(
    env,
    namespace,
    'sm',
    /InvalidIdentityToken/,
    /audience/,
    new RegExp(role),
    /sts\.amazonaws\.com/,
  );
});

test('a trust policy that looks at the subject only works (Q26)', async () => {
  const { namespace, role } = await shop('irsa-sub-only');
  await env.apply(
    serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
    secretStore(namespace, 'sm', irsa('shop-aws')),
  );
  await isValid(env, namespace, 'sm');
});

test('an account that does not exist is named with its namespace, and found once it is there', async () => {
  const { namespace, role } = await shop('irsa-absent');
  await env.apply(secretStore(namespace, 'sm', irsa('shop-aws')));
  await storeFailsWith(env, namespace, 'sm', /ServiceAccount "shop-aws" not found in namespace/, new RegExp(namespace));
  await env.apply(serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }));
  await isValid(env, namespace, 'sm');
});

test(
  'an operator that may not make tokens says for whom, and which right is missing',
  requires(env, 'kube-faults', 'the operator of the real parts may do everything'),
  async () => {
    const { namespace, role } = await shop('irsa-forbidden');
    const path = new RegExp(`/namespaces/${namespace}/serviceaccounts/shop-aws/token`);
    await env.kubeFaults.respond({ method: 'POST', path }, { status: 403 }, 1_000);
    await env.apply(
      serviceAccount(namespace, 'shop-aws', { [ROLE_ANNOTATION]: role }),
      secretStore(namespace, 'sm', irsa('shop-aws')),
    );
    await storeFailsWith(
      env,
      namespace,
      'sm',
      new RegExp(`may not create tokens for ServiceAccount ${namespace}/shop-aws`),
      /serviceaccounts\/token/,
      /rbac\.serviceAccountTokenCreate/,
    );
    env.kubeFaults.heal();
  },
);

// ---- J05: the operator's own account

test('the operator’s own account, annotated after the store was made, works without a restart', async () => {
  const { namespace } = await shop('own');
  const role = `arn:aws:iam::444455556666:role/own-${namespace}`;
  const subject = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_ACCOUNT}`;
  await env.aws.trustRole(role, { subjects: [subject] });
  const store = `own-${namespace}`;
  await env.apply(
    clusterSecretStore(store, irsa(OPERATOR_ACCOUNT, OPERATOR_NAMESPACE)),
    db(namespace, store, 'ClusterSecretStore'),
  );
  await storeFailsWith(env, undefined, store, new RegExp(`ServiceAccount ${OPERATOR_NAMESPACE}/${OPERATOR_ACCOUNT}`));
  const account = { namespace: OPERATOR_NAMESPACE, name: OPERATOR_ACCOUNT };
  await env.kube.patch(serviceAccounts, account, { metadata: { annotations: { [ROLE_ANNOTATION]: role } } });
  await isValid(env, undefined, store);
  assert.equal(offeredFor(role).sub, subject);
  await holds(env, namespace, 'db', { user: 'u1' });
  await env.kube.patch(serviceAccounts, account, { metadata: { annotations: { [ROLE_ANNOTATION]: null } } });
});

test('S2’s tutorial store, a SecretStore that names the operator’s account, is refused with both ways out (Q07)', async () => {
  const { namespace } = await shop('own-tenant');
  const store = secretStore(namespace, 'aws-secrets-store', irsa(OPERATOR_ACCOUNT, OPERATOR_NAMESPACE));
  await env.apply({ ...store, apiVersion: 'external-secrets.io/v1beta1' });
  await storeFailsWith(
    env,
    namespace,
    'aws-secrets-store',
    /serviceAccountRef\.namespace is "external-secrets"/,
    new RegExp(`"${namespace}"`),
    /ClusterSecretStore/,
    /create the ServiceAccount in namespace/,
  );
});
