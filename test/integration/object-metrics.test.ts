/** The metrics that alerts are made of follow each object through failure, recovery, restart and deletion (J22). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSecretStores, externalSecrets, secretStores } from '../../src/api/resources.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { aws, clusterSecretStore, entry, externalSecret, fake, from, secretStore } from '../builders/objects.ts';
import { awsShop, dbOf } from './aws-shop.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { failsWith, holds, isSynced, isValid, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
const first = await env.startOperator();

/** The value of one series; undefined: there is none. */
async function series(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
  const { samples } = parseExposition(await env.metrics());
  return samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}

/** `True` or `False`: which of the two series of the Ready condition is 1, while the other is 0. */
async function readySeries(metric: string, labels: Readonly<Record<string, string>>): Promise<string | undefined> {
  const of = (status: string) => series(`${metric}_status_condition`, { ...labels, condition: 'Ready', status });
  const [yes, no] = [await of('True'), await of('False')];
  if (yes === 1 && no === 0) return 'True';
  return yes === 0 && no === 1 ? 'False' : undefined;
}

test('an ExternalSecret is counted from its first pass, errors from 0 (Q30), and its condition series swap', async () => {
  const namespace = await awsShop(env, 'swap');
  const labels = { namespace, name: 'db' };
  // Together with its store, which is not validated yet when the ExternalSecret is looked at: no error either.
  await env.kube.delete(secretStores, { namespace, name: 'sm' });
  await env.apply(secretStore(namespace, 'sm', aws('robot')), dbOf(namespace, 'user'));
  await isSynced(env, namespace, 'db');
  await env.eventually(async () => {
    assert.ok(((await series('externalsecret_sync_calls_total', labels)) ?? 0) >= 1);
    assert.equal(await series('externalsecret_sync_calls_error', labels), 0);
    assert.equal(await readySeries('externalsecret', labels), 'True');
  });
  await env.aws.deleteSecret(`${namespace}/db`);
  await env.kube.patch(externalSecrets, labels, { metadata: { annotations: { 'force-sync': '1' } } });
  await failsWith(env, namespace, 'db', /does not exist/);
  await env.eventually(async () => {
    assert.ok(((await series('externalsecret_sync_calls_error', labels)) ?? 0) >= 1);
    assert.equal(await readySeries('externalsecret', labels), 'False');
  });
  await env.aws.putSecret(`${namespace}/db`, '{"user":"u2"}');
  await holds(env, namespace, 'db', { user: 'u2' }, 30_000);
  await env.eventually(async () => assert.equal(await readySeries('externalsecret', labels), 'True'));
});

test('stores of both kinds have their condition, calls to AWS are counted by how they ended', async () => {
  const namespace = await awsShop(env, 'stores');
  await env.apply(
    dbOf(namespace, 'user'),
    secretStore(namespace, 'broken', aws('nobody')),
    clusterSecretStore(`good-${namespace}`, fake({ token: 't' })),
  );
  await isSynced(env, namespace, 'db');
  await isValid(env, undefined, `good-${namespace}`);
  await storeFailsWith(env, namespace, 'broken', /not found/);
  await env.eventually(async () => {
    assert.equal(await readySeries('secretstore', { namespace, name: 'sm' }), 'True');
    assert.equal(await readySeries('secretstore', { namespace, name: 'broken' }), 'False');
    assert.equal(await readySeries('clustersecretstore', { name: `good-${namespace}` }), 'True');
  });
  const calls = { provider: 'AWS/SecretsManager', call: 'GetSecretValue' };
  assert.ok(((await series('externalsecret_provider_api_calls_count', { ...calls, status: 'success' })) ?? 0) >= 1);
  assert.notEqual(await series('externalsecret_provider_api_calls_count', { ...calls, status: 'error' }), undefined);
});

test('nothing is left of objects that are deleted', async () => {
  const namespace = await awsShop(env, 'deleted');
  const cluster = `gone-${namespace}`;
  await env.apply(dbOf(namespace, 'user'), clusterSecretStore(cluster, fake({ token: 't' })));
  await isSynced(env, namespace, 'db');
  await isValid(env, undefined, cluster);
  await env.kube.delete(externalSecrets, { namespace, name: 'db' });
  await env.kube.delete(secretStores, { namespace, name: 'sm' });
  await env.kube.delete(clusterSecretStores, { name: cluster });
  await env.eventually(async () => {
    const { samples } = parseExposition(await env.metrics());
    const left = samples.filter(({ labels }) => labels['namespace'] === namespace || labels['name'] === cluster);
    assert.deepEqual(left, []);
  });
});

test('after a restart every condition series is there again, and AWS was not read', async () => {
  const namespace = await awsShop(env, 'restart');
  await env.apply(
    dbOf(namespace, 'user'),
    externalSecret(namespace, 'lost', from('sm'), entry('x', `${namespace}/lost`)),
  );
  await isSynced(env, namespace, 'db');
  await failsWith(env, namespace, 'lost', /does not exist/);
  await first.stop();
  await env.aws.resetCalls();
  await env.startOperator();
  await env.eventually(async () => {
    assert.equal(await readySeries('externalsecret', { namespace, name: 'db' }), 'True');
    assert.equal(await series('externalsecret_sync_calls_error', { namespace, name: 'db' }), 0);
    assert.equal(await readySeries('externalsecret', { namespace, name: 'lost' }), 'False');
    assert.equal(await readySeries('secretstore', { namespace, name: 'sm' }), 'True');
  });
  // What failed is tried again; what is not due is not read.
  const read = env.aws.recorded().filter(({ input }) => JSON.stringify(input).includes(`${namespace}/db`));
  assert.deepEqual(read, []);
});
