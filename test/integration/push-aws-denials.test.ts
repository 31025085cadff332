/**
 * What a person reads when AWS denies or throttles a call of a push, and that no value is in it. On an AWS that knows who called (D80).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { events, pushSecrets } from '../../src/api/resources.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import { configMap, type PushSecretSpecInput } from '../builders/objects.ts';
import { awsPushShop, documentation, type Service } from './aws-push-shop.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { readyOf } from './views.ts';

const env = await useEnvWithStrictAws();
const operator = await env.startOperator();

interface Denial {
  readonly service: Service;
  readonly action: string;
  /** What the PushSecret's metadata is when the call is denied. Before, there was none. */
  readonly metadata?: unknown;
  /** It shows when something is there already. */
  readonly exists: boolean;
}

const policySourceRef = { kind: 'ConfigMap', name: 'policy', key: 'json' };
const DENIALS: readonly Denial[] = [
  { service: 'SecretsManager', action: 'CreateSecret', exists: false },
  { service: 'SecretsManager', action: 'DescribeSecret', exists: true },
  { service: 'SecretsManager', action: 'GetSecretValue', exists: true },
  { service: 'SecretsManager', action: 'PutSecretValue', exists: true },
  { service: 'SecretsManager', action: 'TagResource', exists: true, metadata: { tags: { team: 'b' } } },
  { service: 'SecretsManager', action: 'UntagResource', exists: true, metadata: { tags: { other: 'a' } } },
  { service: 'SecretsManager', action: 'UpdateSecret', exists: true, metadata: { description: 'new' } },
  {
    service: 'SecretsManager',
    action: 'GetResourcePolicy',
    exists: true,
    metadata: { resourcePolicy: { policySourceRef } },
  },
  {
    service: 'SecretsManager',
    action: 'PutResourcePolicy',
    exists: true,
    metadata: { resourcePolicy: { policySourceRef } },
  },
  {
    service: 'SecretsManager',
    action: 'ReplicateSecretToRegions',
    exists: true,
    metadata: { replicationLocations: ['eu-west-1'] },
  },
  { service: 'ParameterStore', action: 'GetParameter', exists: true },
  { service: 'ParameterStore', action: 'PutParameter', exists: false },
  { service: 'ParameterStore', action: 'ListTagsForResource', exists: true },
  { service: 'ParameterStore', action: 'AddTagsToResource', exists: true, metadata: { tags: { team: 'b' } } },
  { service: 'ParameterStore', action: 'RemoveTagsFromResource', exists: true, metadata: { tags: { other: 'a' } } },
];
const prefixOf = (service: Service): string => (service === 'SecretsManager' ? 'secretsmanager' : 'ssm');

/** On the real parts whoever looks for the outcome waits for it anyway. */
async function nextTry(): Promise<void> {
  if (env.supports('fast-time')) await env.advance(15_000);
}

describe('what a person reads', () => {
  const canaries: string[] = [];
  const namespaces: string[] = [];

  /** A secret with tags of ours that was pushed once, or only the means to do it. */
  async function pushed(service: Service, exists: boolean, more: Partial<PushSecretSpecInput> = {}) {
    const made = await awsPushShop(env, service, [{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }]);
    const { namespace, source, push, ready } = made;
    namespaces.push(namespace);
    const value = (round: string): string => {
      const hidden = canary(`${namespace} ${round}`);
      canaries.push(hidden);
      return hidden;
    };
    await env.apply(configMap(namespace, 'policy', { json: '{"Statement":[]}' }));
    await source(value('one'));
    if (exists) {
      await push(`k-${namespace}`, { tags: { team: 'a' } }, more);
      await ready(/^True Synced/);
    }
    return { ...made, key: `k-${namespace}`, value };
  }

  for (const { service, action, metadata, exists } of DENIALS) {
    test(`${service}: ${action} denied`, async () => {
      const { namespace, key, value, ...ps } = await pushed(service, exists);
      await env.aws.fault(action, 'deny', key);
      await ps.source(value('two'));
      await ps.push(key, metadata);
      const right = `${prefixOf(service)}:${action}`;
      await ps.ready(
        new RegExp(
          `^False Errored: .*SecretStore "store": .*AWS denied ${action} of key "${key}".*allow ${right} on it`,
        ),
      );
      await env.eventually(async () => {
        const warnings = (await env.events(namespace, 'push')).filter(({ reason }) => reason === 'Errored');
        assert.ok(warnings.some(({ type, message }) => type === 'Warning' && message.includes(right)));
      });
      await env.aws.heal();
    });
  }

  for (const [service, action] of [
    ['SecretsManager', 'DeleteSecret'],
    ['ParameterStore', 'DeleteParameter'],
  ] as const) {
    test(`${service}: ${action} denied when the PushSecret goes: it stays, says so, and goes once it may`, async () => {
      const { namespace, key, ...ps } = await pushed(service, true, { deletionPolicy: 'Delete' });
      await env.aws.fault(action, 'deny', key);
      await env.kube.delete(pushSecrets, { namespace, name: 'push' });
      await ps.ready(
        new RegExp(`^False Errored: .*AWS denied ${action} of key "${key}".*${prefixOf(service)}:${action}`),
      );
      await env.aws.heal();
      await nextTry();
      await env.eventually(() => assert.rejects(readyOf(env, pushSecrets, namespace, 'push')));
    });
  }

  for (const [service, action] of [
    ['SecretsManager', 'PutSecretValue'],
    ['ParameterStore', 'PutParameter'],
  ] as const) {
    test(`${service}: ${action} throttled: it says so, and goes on by itself`, async () => {
      const { key, value, ...ps } = await pushed(service, true);
      await env.aws.fault(action, 'throttle', key);
      await ps.source(value('two'));
      await ps.ready(new RegExp(`^False Errored: .*AWS throttles ${action} of key "${key}": ThrottlingException`));
      await env.aws.heal();
      await nextTry();
      await ps.ready(/^True Synced/);
    });
  }

  test('has no value in it: not in conditions, events nor logs', async () => {
    const texts = [JSON.stringify(operator.logs()), await env.metrics()];
    for (const namespace of namespaces)
      for (const resource of [pushSecrets, events])
        texts.push(JSON.stringify((await env.kube.list(resource, { namespace })).items));
    assert.ok(canaries.length > 25);
    for (const value of canaries) for (const text of texts) assert.deepEqual(tracesOf(value, text), []);
  });
});

test('every right that metadata asks for is documented', () => {
  for (const { service, action } of DENIALS)
    assert.match(documentation(), new RegExp(`${prefixOf(service)}:${action}\\b`), action);
});
