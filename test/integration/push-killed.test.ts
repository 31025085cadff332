/**
 * The operator is killed between two writes to a backend: no farewell, no status. The next one writes the rest and nothing twice, and
 * nothing of what was begun is forgotten (J19, J26).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushSecret } from '../../src/api/push-secret.ts';
import { pushSecrets } from '../../src/api/resources.ts';
import { aws, configMap, pushSecret, secret, secretStore } from '../builders/objects.ts';
import { AwsWitness } from './aws-witness.ts';
import { requires, useEnv } from './current-env.ts';
import { isGone, pushes, pushShop } from './push-shop.ts';
import { isValid, readyOf } from './views.ts';

const env = await useEnv();
/** A process starts, and its machine may be busy. */
const PATIENCE_MS = 60_000;
const DELETE = { deletionPolicy: 'Delete' } as const;

async function says(namespace: string, expected: RegExp): Promise<void> {
  await env.eventually(
    async () => assert.match(await readyOf(env, pushSecrets, namespace, 'push'), expected),
    PATIENCE_MS,
  );
}

async function statusOf(namespace: string): Promise<NonNullable<PushSecret['status']>> {
  const { status } = await env.kube.get<PushSecret>(pushSecrets, { namespace, name: 'push' });
  return status ?? {};
}

async function syncedIn(namespace: string): Promise<readonly string[]> {
  return Object.values((await statusOf(namespace)).syncedPushSecrets ?? {}).flatMap((entries) => Object.keys(entries));
}

/** An operator has pushed `a` to Vault, waits for the answer about `b`, and is killed. */
async function killedInVault(prefix: string): Promise<Awaited<ReturnType<typeof pushShop>>> {
  const helper = await env.startOperator();
  const it = await pushShop(env, prefix);
  await helper.stop();
  await env.vault.fault(it.key('b'), 'slow');
  const operator = await env.startProcess([`--namespace=${it.namespace}`]);
  await env.apply(pushes(it, 'push', { 'api-key': 'a', user: 'b' }, DELETE));
  await it.arrives('a', { value: 'k1' }, PATIENCE_MS);
  await operator.kill();
  await env.vault.heal();
  assert.equal(await it.remote('b'), undefined);
  assert.equal(await readyOf(env, pushSecrets, it.namespace, 'push'), 'none', 'it had no time to say anything');
  assert.deepEqual(await syncedIn(it.namespace), [`${it.key('a')}/value`, `${it.key('b')}/value`]);
  return it;
}

const vaultFaults = requires(env, 'vault-faults', 'one write gets no answer');

test(
  'Vault: the next operator writes what is missing and nothing twice; deleted, nothing stays',
  vaultFaults,
  async () => {
    const it = await killedInVault('killed');
    const next = await env.startProcess([`--namespace=${it.namespace}`]);
    await says(it.namespace, /^True Synced: pushed$/);
    assert.deepEqual(await it.remote('a'), { value: { value: 'k1' }, version: 1 });
    assert.deepEqual(await it.remote('b'), { value: { value: 'u1' }, version: 1 });
    assert.deepEqual(await syncedIn(it.namespace), [`${it.key('a')}/value`, `${it.key('b')}/value`]);
    await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
    await isGone(env, pushSecrets, it.namespace, 'push', PATIENCE_MS);
    assert.deepEqual([await it.remote('a'), await it.remote('b')], [undefined, undefined]);
    await next.kill();
  },
);

test('Vault: the PushSecret is deleted before the next operator comes: nothing stays', vaultFaults, async () => {
  const it = await killedInVault('orphaned');
  await env.kube.delete(pushSecrets, { namespace: it.namespace, name: 'push' });
  const next = await env.startProcess([`--namespace=${it.namespace}`]);
  await isGone(env, pushSecrets, it.namespace, 'push', PATIENCE_MS);
  assert.deepEqual([await it.remote('a'), await it.remote('b')], [undefined, undefined]);
  await next.kill();
});

const POLICY = {
  Statement: [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:DeleteSecret', Resource: '*' }],
};

test(
  'Secrets Manager: a secret whose policy and a secret that itself was still to be made are completed, each in its one version',
  requires(env, 'aws-faults', 'a call that does not get through'),
  async () => {
    const namespace = await env.namespace('half');
    const [first, second] = [`${namespace}-a`, `${namespace}-b`];
    await env.aws.addAccessKey('AKIAKILLED', 'killed-key');
    await env.aws.fault('PutResourcePolicy', 'unavailable', first);
    await env.aws.fault('CreateSecret', 'unavailable', second);
    const spec = { resourcePolicy: { policySourceRef: { kind: 'ConfigMap', name: 'policies', key: 'deny' } } };
    const envelope = { apiVersion: 'kubernetes.external-secrets.io/v1alpha1', kind: 'PushSecretMetadata', spec };
    const data = [
      { match: { secretKey: 'a', remoteRef: { remoteKey: first } }, metadata: envelope },
      { match: { secretKey: 'b', remoteRef: { remoteKey: second } } },
    ];
    const operator = await env.startProcess([`--namespace=${namespace}`]);
    await env.apply(
      configMap(namespace, 'policies', { deny: JSON.stringify(POLICY) }),
      secret(namespace, 'robot', { id: 'AKIAKILLED', key: 'killed-key' }),
      secret(namespace, 'source', { a: 'k1', b: 'u1' }),
      secretStore(namespace, 'sm', aws('robot')),
      pushSecret(namespace, 'push', 'source', 'sm', {}, { data, ...DELETE }),
    );
    const witness = await AwsWitness.of(env.aws);
    await env.eventually(async () => assert.ok(await witness.secret(first)), PATIENCE_MS);
    await operator.kill();
    assert.deepEqual([await witness.policy(first), await witness.secret(second)], [undefined, undefined]);
    await env.aws.heal();
    const next = await env.startProcess([`--namespace=${namespace}`]);
    await isValid(env, namespace, 'sm');
    await says(namespace, /^True Synced: pushed$/);
    assert.deepEqual(await witness.policy(first), POLICY);
    for (const [key, value] of [
      [first, 'k1'],
      [second, 'u1'],
    ] as const) {
      const { bytes, tags, versions } = (await witness.secret(key))!;
      assert.deepEqual(
        { text: bytes?.toString(), tags, versions },
        { text: value, tags: { 'managed-by': 'external-secrets' }, versions: 1 },
      );
    }
    assert.deepEqual(await syncedIn(namespace), [first, second]);
    await next.kill();
  },
);
