/**
 * Bad input: the object says in one sentence what is wrong and what helps, no Secret that exists is touched, and no value is seen
 * outside of a Secret.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { externalSecrets } from '../../src/api/resources.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import { configMap, entry, externalSecret, fake, from, secret, secretStore } from '../builders/objects.ts';
import { CASES, type BadInput } from './bad-input.cases.ts';
import { useEnv } from './current-env.ts';
import { failsWith, holds, isValid, readyOf, secretOf } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug']);

describe('an ExternalSecret with', { concurrency: 4 }, () => {
  let namespace = '';
  before(async () => {
    namespace = await env.namespace('bad');
    const [app] = await env.apply(configMap(namespace, 'app', {}));
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'app', uid: app!.metadata.uid, controller: true };
    const taken = secret(namespace, 'taken', { mine: 'x' });
    await env.apply(
      secretStore(namespace, 'valid-store', fake({ good: 'good' })),
      secret(namespace, 'templates', { other: 'x' }),
      { ...taken, metadata: { ...taken.metadata, ownerReferences: [owner] } },
    );
  });

  for (const [index, each] of CASES.entries()) {
    test(each.title, () => check(namespace, `case-${index}`, each));
  }
});

/** First a good ExternalSecret with its Secret, then the bad one in its place. */
async function check(namespace: string, name: string, each: BadInput): Promise<void> {
  const value = canary(name);
  const values = { good: 'good', ...each.values?.(value) };
  await env.apply(
    secretStore(namespace, name, fake(values)),
    externalSecret(namespace, name, from(name), entry('good', 'good')),
  );
  await isValid(env, namespace, name);
  await holds(env, namespace, name, { good: 'good' });
  const { resourceVersion } = (await secretOf(env, namespace, name))!.metadata;
  await env.apply(externalSecret(namespace, name, from(name), ...each.parts({ canary: value, namespace })));
  await failsWith(env, namespace, name, ...each.says);
  assert.equal(
    (await secretOf(env, namespace, name))?.metadata.resourceVersion,
    resourceVersion,
    'the Secret is as it was',
  );
  await showsNothing(namespace, name, value);
}

async function showsNothing(namespace: string, name: string, value: string): Promise<void> {
  const seen = {
    condition: await readyOf(env, externalSecrets, namespace, name),
    events: JSON.stringify(await env.events(namespace, name)),
    log: JSON.stringify(operator.logs()),
  };
  for (const [where, text] of Object.entries(seen)) assert.deepEqual(tracesOf(value, text), [], `no value in ${where}`);
}
