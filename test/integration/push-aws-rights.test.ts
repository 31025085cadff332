/**
 * Who may push to AWS: the IAM policies of the user documents and of ours, as they stand there, on an AWS that obeys them (D80).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { PolicyDocument } from '../../sandbox/aws/iam.ts';
import type { RecordedCall } from '../../sandbox/aws/server.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { secret } from '../builders/objects.ts';
import { ACCOUNT, awsPushShop, documentation, type Service } from './aws-push-shop.ts';
import { useEnvWithStrictAws } from './current-env.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();

const shop = (service: Service, policies: readonly PolicyDocument[], region?: string) =>
  awsPushShop(env, service, policies, region);

const actionsOf = (calls: readonly RecordedCall[]) => [...new Set(calls.map(({ action }) => action))].toSorted();

/** The course's policy for reading: only what carries a tag. */
const READ: PolicyDocument = {
  Statement: [
    {
      Effect: 'Allow',
      Action: [
        'secretsmanager:GetSecretValue',
        'secretsmanager:GetResourcePolicy',
        'secretsmanager:DescribeSecret',
        'secretsmanager:ListSecrets',
        'secretsmanager:ListSecretVersionIds',
        'secretsmanager:BatchGetSecretValue',
      ],
      Resource: ['*'],
      Condition: { StringEquals: { 'secretsmanager:ResourceTag/external-secrets': 'true' } },
    },
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:DescribeParameters'],
      Resource: ['*'],
      Condition: { StringEquals: { 'ssm:ResourceTag/external-secrets': 'true' } },
    },
  ],
};
const DEV = `arn:aws:secretsmanager:us-east-2:${ACCOUNT}:secret:dev-*`;
/** The course's policies for pushing: all four rights, and deletion only of what is ours. */
const PUSH: PolicyDocument = {
  Statement: [
    {
      Effect: 'Allow',
      Action: [
        'secretsmanager:CreateSecret',
        'secretsmanager:PutSecretValue',
        'secretsmanager:TagResource',
        'secretsmanager:DeleteSecret',
      ],
      Resource: [DEV],
    },
  ],
};
const PUSH_DELETE_OURS: PolicyDocument = {
  Statement: [
    {
      Effect: 'Allow',
      Action: ['secretsmanager:CreateSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:TagResource'],
      Resource: [DEV],
    },
    {
      Effect: 'Allow',
      Action: ['secretsmanager:DeleteSecret'],
      Resource: [DEV],
      Condition: { StringEquals: { 'secretsmanager:ResourceTag/managed-by': 'external-secrets' } },
    },
  ],
};
const pushParameters = (resource: string): PolicyDocument => ({
  Statement: [
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameter*', 'ssm:PutParameter*', 'ssm:AddTagsToResource', 'ssm:ListTagsForResource'],
      Resource: [resource],
    },
    {
      Effect: 'Allow',
      Action: ['ssm:DeleteParameter*'],
      Resource: [resource],
      Condition: { StringEquals: { 'ssm:ResourceTag/managed-by': 'external-secrets' } },
    },
  ],
});

describe('the course’s policies', () => {
  for (const [name, policy] of [
    ['four rights', PUSH],
    ['deletion by tag', PUSH_DELETE_OURS],
  ] as const) {
    test(`Secrets Manager, ${name}: made, changed and deleted, with the tag that reading asks for`, async () => {
      const { namespace, region, calls, ...ps } = await shop('SecretsManager', [READ, policy]);
      const key = `dev-${namespace}`;
      await ps.source('one');
      await ps.push(
        key,
        { tags: { 'external-secrets': 'true' }, secretPushFormat: 'string' },
        { deletionPolicy: 'Delete' },
      );
      await ps.ready(/^True Synced/);
      const tags = Object.fromEntries(env.aws.secret(key, region)?.tags ?? []);
      assert.deepEqual(tags, { 'external-secrets': 'true', 'managed-by': 'external-secrets' });
      await ps.source('two');
      await env.eventually(() => {
        const stored = [...(env.aws.secret(key, region)?.versions.values() ?? [])].map(({ value }) => value);
        assert.deepEqual(stored, [{ SecretString: 'one' }, { SecretString: 'two' }]);
      });
      await ps.ready(/^True Synced/);
      await ps.remove();
      assert.notEqual(env.aws.secret(key, region)?.purgeAt, undefined);
      const used = ['CreateSecret', 'DeleteSecret', 'DescribeSecret', 'GetSecretValue', 'PutSecretValue'];
      assert.deepEqual(actionsOf(calls()), used);
    });
  }

  test('without that tag the second push is denied, and the message says what to do (D33)', async () => {
    const { namespace, region, ...ps } = await shop('SecretsManager', [READ, PUSH]);
    const key = `dev-${namespace}`;
    await ps.source('one');
    await ps.push(key);
    await ps.ready(/^True Synced/);
    await ps.source('two');
    await ps.ready(
      new RegExp(`^False Errored: .*AWS denied DescribeSecret of key "${key}".*asks for tags.*metadata\\.tags`),
    );
    env.aws.secret(key, region)?.tags.set('external-secrets', 'true');
    await ps.push(key, { tags: { 'external-secrets': 'true' } });
    await ps.ready(/^True Synced/);
  });

  test('Parameter Store: an ARN that says secret-manager matches nothing, and the message shows the right form (Q16)', async () => {
    const wrong = `arn:aws:ssm:us-east-2:${ACCOUNT}:secret-manager/dev-*`;
    const { namespace, role, region, calls, ...ps } = await shop('ParameterStore', [READ, pushParameters(wrong)]);
    const key = `dev-${namespace}`;
    await ps.source('one');
    await ps.push(key, undefined, { deletionPolicy: 'Delete' });
    await ps.ready(
      new RegExp(
        `^False Errored: .*AWS denied GetParameter of key "${key}".*allow ssm:GetParameter.*":parameter/${key}"`,
      ),
    );
    await ps.ready(/PutParameter is denied as well/);
    env.aws.restrictRole(role, [READ, pushParameters(wrong.replace('secret-manager', 'parameter'))]);
    await ps.push(key, undefined, { deletionPolicy: 'Delete', refreshInterval: '2h' });
    await ps.ready(/^True Synced/);
    await ps.source('two');
    await env.eventually(() => assert.equal(env.aws.parameter(key, region)?.versions.at(-1)?.value, 'two'));
    await ps.ready(/^True Synced/);
    await ps.remove();
    assert.equal(env.aws.parameter(key, region), undefined);
    const used = ['DeleteParameter', 'GetParameter', 'ListTagsForResource', 'PutParameter'];
    assert.deepEqual(actionsOf(calls()), used);
  });

  test('a deletion that only tagged secrets allow leaves what is not ours alone, without trying', async () => {
    const { namespace, region, calls, ...ps } = await shop('SecretsManager', [READ, PUSH_DELETE_OURS]);
    const key = `dev-${namespace}`;
    await ps.source('one');
    await ps.push(key, { tags: { 'external-secrets': 'true' } }, { deletionPolicy: 'Delete' });
    await ps.ready(/^True Synced/);
    env.aws.secret(key, region)?.tags.set('managed-by', 'somebody');
    await ps.remove();
    assert.equal(env.aws.secret(key, region)?.purgeAt, undefined);
    assert.ok(!actionsOf(calls()).includes('DeleteSecret'));
  });
});

/** The policies that our documentation tells people to write for pushing. */
function documented(action: string): PolicyDocument {
  const blocks = [...documentation().matchAll(/```json\n([^`]+)```/g)].map(([, json = '']) => json);
  const [found, ...others] = blocks.filter((json) => json.includes(`"${action}"`));
  assert.ok(found !== undefined && others.length === 0, action);
  return JSON.parse(found) as PolicyDocument;
}

describe('the documented policies', () => {
  const SERVICES = [
    ['SecretsManager', documented('secretsmanager:PutSecretValue')],
    ['ParameterStore', documented('ssm:PutParameter')],
  ] as const;
  for (const [service, policy] of SERVICES) {
    test(`${service}: enough for all that a push without metadata does, and each is used`, async () => {
      const { namespace, calls, ...ps } = await shop(service, [policy], 'eu-central-1');
      const key = `shop/${namespace}`;
      await ps.source('one');
      await ps.push(key, undefined, { deletionPolicy: 'Delete' });
      await ps.ready(/^True Synced/);
      await ps.source('two');
      const isPut = ({ action, input }: RecordedCall) =>
        action === 'PutSecretValue' || (action === 'PutParameter' && input['Overwrite'] === true);
      await env.eventually(() => assert.ok(calls().some(isPut)));
      await ps.ready(/^True Synced/);
      await ps.remove();
      const statements = [policy.Statement].flat();
      const granted = statements.flatMap(({ Action }) => [Action].flat()).map((action) => action.split(':')[1]!);
      const byCreating = new Set(['TagResource', 'AddTagsToResource']);
      assert.deepEqual(actionsOf(calls()), granted.filter((action) => !byCreating.has(action)).toSorted());
    });
  }
});

test('the documented PushSecret is pushed as it stands, as text', async () => {
  const blocks = [...documentation().matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  const [yaml = ''] = blocks.filter((block) => block.includes('kind: PushSecret\n'));
  const { namespace, ready } = await shop(
    'SecretsManager',
    [documented('secretsmanager:PutSecretValue')],
    'eu-central-1',
  );
  const here = yaml
    .replace('namespace: ci', `namespace: ${namespace}`)
    .replace('name: aws', 'name: store')
    .replace('name: build-key', 'name: push')
    .replace('shop/build-key', `shop/${namespace}`);
  await env.apply(secret(namespace, 'build-key', { 'api-key': 'k1' }), parse(here) as KubeObject);
  await ready(/^True Synced/);
  const [stored] = [...(env.aws.secret(`shop/${namespace}`)?.versions.values() ?? [])];
  assert.deepEqual(stored?.value, { SecretString: 'k1' });
});

test('the tutorial’s PushSecret is refused for want of a selector; with one the wrong key is told (Q09)', async () => {
  const { namespace, ready } = await shop('SecretsManager', [PUSH]);
  const tutorial = `
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata:
  name: push
  namespace: ${namespace}
spec:
  secretStoreRefs:
    - name: store
      kind: SecretStore
  refreshInterval: "1h"
  data:
    - match:
        secretKey: myapp-api-key
        remoteRef:
          remoteKey: myapp-api-key-pushed
`;
  await assert.rejects(env.apply(parse(tutorial) as KubeObject), /spec\.selector: Required value/);
  await env.apply(secret(namespace, 'myapp-api-key-secret', { 'api-key': 'sk-123' }));
  const selector = '  selector: { secret: { name: myapp-api-key-secret } }\n';
  await env.apply(parse(tutorial.trimEnd() + '\n' + selector) as KubeObject);
  await ready(
    /^False Errored: could not push: data\[0\]\.match\.secretKey: .*no key "myapp-api-key"; it has "api-key"/,
  );
});
