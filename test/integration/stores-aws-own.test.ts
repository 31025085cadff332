/**
 * Stores without `auth`: the operator's own AWS identity, as its Pod's environment gives it (J05 step 3, J06). Each case starts an operator
 * of its own, because such variables are read once, at the start.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  clusterSecretStore,
  entry,
  externalSecret,
  from,
  refreshEvery,
  secretStore,
  type Provider,
} from '../builders/objects.ts';
import { requires, useEnvWithStrictAws } from './current-env.ts';
import type { Operator } from './env.ts';
import { force } from './force-sync.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { holds, isValid, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
const folder = mkdtempSync(join(tmpdir(), 'stores-aws-own-'));
after(() => rmSync(folder, { recursive: true }));

const SUBJECT = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_ACCOUNT}`;

/** AWS without auth; `more` adds fields. */
function bare(more: Provider = {}): Provider {
  return { aws: { service: 'SecretsManager', region: 'eu-central-1', ...more } };
}

/** Runs `body` beside an operator with these variables in its environment. */
async function withOperator(
  variables: Readonly<Record<string, string>>,
  body: (operator: Operator) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const operator = await env.startOperator(flags, { AWS_EC2_METADATA_DISABLED: 'true', ...variables });
  try {
    await body(operator);
  } finally {
    await operator.stop();
  }
}

/** A namespace with the ExternalSecret `db` on the SecretStore `sm` (to be applied) and what it reads. */
async function shop(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.aws.putSecret(`${namespace}/db`, 's');
  const wanted = externalSecret(namespace, 'db', from('sm'), entry('value', `${namespace}/db`), refreshEvery('2h'));
  await env.apply(wanted);
  return namespace;
}

/** Who read the namespace's secret last. */
function reader(namespace: string): string | undefined {
  const reads = env.aws
    .recorded()
    .filter(({ action, input }) => action === 'GetSecretValue' && input['SecretId'] === `${namespace}/db`);
  return reads.at(-1)?.principal;
}

/** The operator's token, as kubelet writes it for IRSA. */
async function writeToken(file: string): Promise<void> {
  const account = { namespace: OPERATOR_NAMESPACE, name: OPERATOR_ACCOUNT };
  const request = { audiences: ['sts.amazonaws.com'], expirationSeconds: 86_400 };
  writeFileSync(file, (await env.kube.createToken(account, request)).token);
}

test('an operator without any identity says where it looked', async () => {
  const namespace = await shop('none');
  await withOperator({}, async () => {
    await env.apply(secretStore(namespace, 'sm', bare()));
    await storeFailsWith(
      env,
      namespace,
      'sm',
      /no auth is set in the store/,
      /web identity/,
      /give the operator an identity/,
    );
  });
});

test('IRSA of the Pod: the token file and the role of the environment', async () => {
  const namespace = await shop('irsa-own');
  const role = `arn:aws:iam::444455556666:role/${namespace}`;
  await env.aws.trustRole(role, { subjects: [SUBJECT] });
  const file = join(folder, namespace);
  await writeToken(file);
  await withOperator({ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role }, async () => {
    await env.apply(secretStore(namespace, 'sm', bare()), clusterSecretStore(`own-${namespace}`, bare()));
    await isValid(env, undefined, `own-${namespace}`);
    await holds(env, namespace, 'db', { value: 's' });
    assert.match(reader(namespace) ?? '', new RegExp(`assumed-role/${namespace}/`));
  });
});

test(
  'keys of a role are replaced before they expire, with the token that is in the file then',
  requires(env, 'fast-time', 'hours pass'),
  async () => {
    const namespace = await shop('irsa-renewed');
    const role = `arn:aws:iam::444455556666:role/${namespace}`;
    await env.aws.trustRole(role, { subjects: [SUBJECT] });
    const file = join(folder, namespace);
    await writeToken(file);
    await withOperator({ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role }, async () => {
      await env.apply(secretStore(namespace, 'sm', bare()));
      await holds(env, namespace, 'db', { value: 's' });
      await writeToken(file);
      await env.aws.putSecret(`${namespace}/db`, 's2');
      await env.advance(3 * 3_600_000);
      await holds(env, namespace, 'db', { value: 's2' });
      const tokens = env.aws
        .recorded()
        .filter(({ input }) => input['RoleArn'] === role)
        .map(({ input }) => input['WebIdentityToken']);
      assert.ok(new Set(tokens).size >= 2);
    });
  },
);

test('keys of the environment, with the role of the store on top', async () => {
  const namespace = await shop('keys-own');
  const role = `arn:aws:iam::444455556666:role/${namespace}`;
  await env.aws.addAccessKey('AKIAOPERATOR', 'operator-key', 'operator');
  await env.aws.trustRole(role, { principals: ['arn:aws:iam::111122223333:user/operator'] });
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAOPERATOR', AWS_SECRET_ACCESS_KEY: 'operator-key' };
  await withOperator(keys, async () => {
    await env.apply(secretStore(namespace, 'sm', bare({ role })));
    await holds(env, namespace, 'db', { value: 's' });
    assert.match(reader(namespace) ?? '', new RegExp(`assumed-role/${namespace}/`));
  });
});

test('EKS Pod Identity: the container endpoint is asked with the token of its file', async () => {
  const namespace = await shop('pod-identity');
  await env.aws.addAccessKey('ASIAPODIDENTITY', 'pod-key', 'pod-identity');
  const asked: string[] = [];
  const agent = podIdentityAgent(asked);
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  const file = join(folder, namespace);
  writeFileSync(file, 'pod-token');
  const variables = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
  };
  try {
    await withOperator(variables, async () => {
      await env.apply(secretStore(namespace, 'sm', bare()));
      await holds(env, namespace, 'db', { value: 's' });
      assert.match(reader(namespace) ?? '', /user\/pod-identity$/);
      assert.ok(asked.length > 0 && asked.every((token) => token === 'pod-token'));
    });
  } finally {
    agent.close();
  }
});

test(
  'EKS Pod Identity: keys that end are replaced without a restart, with the token that is in the file then',
  requires(env, 'fast-time', 'hours pass'),
  async () => {
    const namespace = await shop('pod-renewed');
    await env.aws.addAccessKey('ASIAPODIDENTITY', 'pod-key', 'pod-identity');
    const asked: string[] = [];
    const agent = podIdentityAgent(asked);
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    const file = join(folder, namespace);
    writeFileSync(file, 'first-token');
    const variables = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    };
    try {
      await withOperator(variables, async () => {
        await env.apply(secretStore(namespace, 'sm', bare()));
        await holds(env, namespace, 'db', { value: 's' });
        writeFileSync(file, 'second-token');
        await env.aws.putSecret(`${namespace}/db`, 's2');
        await env.advance(3 * 3_600_000);
        await holds(env, namespace, 'db', { value: 's2' });
        assert.equal(asked[0], 'first-token');
        assert.equal(asked.at(-1), 'second-token');
      });
    } finally {
      agent.close();
    }
  },
);

test('keys of the operator’s role that AWS calls expired before their time: renewed within the same read', async () => {
  const namespace = await shop('irsa-expired');
  const role = `arn:aws:iam::444455556666:role/${namespace}`;
  await env.aws.trustRole(role, { subjects: [SUBJECT] });
  const file = join(folder, namespace);
  await writeToken(file);
  await withOperator({ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role }, async () => {
    await env.apply(secretStore(namespace, 'sm', bare()));
    await holds(env, namespace, 'db', { value: 's' });
    env.aws.expireSessions();
    await env.aws.putSecret(`${namespace}/db`, 's2');
    await force(env, namespace, 'db');
    await holds(env, namespace, 'db', { value: 's2' });
    const failures = (await env.events(namespace, 'db')).filter(({ type }) => type === 'Warning');
    assert.deepEqual(failures, []);
  });
});

test('an operator that keeps its identity to cluster stores tells tenants what to set (D72)', async () => {
  const namespace = await shop('kept');
  await env.aws.addAccessKey('AKIAOPERATOR', 'operator-key', 'operator');
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAOPERATOR', AWS_SECRET_ACCESS_KEY: 'operator-key' };
  await withOperator(keys, async () => {
    await env.apply(secretStore(namespace, 'sm', bare()), clusterSecretStore(`kept-${namespace}`, bare()));
    await isValid(env, undefined, `kept-${namespace}`);
    await storeFailsWith(
      env,
      namespace,
      'sm',
      /cluster-stores-only/,
      /auth\.jwt\.serviceAccountRef or auth\.secretRef/,
    );
    assert.equal(reader(namespace), undefined);
  }, ['--controller-credentials=cluster-stores-only']);
});

/** Answers as the agent on an EKS node does, and notes who asked. */
function podIdentityAgent(asked: string[]): Server {
  return createServer((request, response) => {
    asked.push(request.headers.authorization ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        AccessKeyId: 'ASIAPODIDENTITY',
        SecretAccessKey: 'pod-key',
        Token: 'session',
        Expiration: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    );
  });
}
