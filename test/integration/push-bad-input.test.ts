/**
 * Bad PushSecrets: the object says in one sentence what is wrong and what helps, what was pushed before stays where it is although the
 * deletionPolicy is Delete, and no value is seen anywhere.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { pushSecrets } from '../../src/api/resources.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  aws,
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  pushSecret,
  secret,
  secretStore,
  vault,
} from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { BAD_PUSHES, type BadPush } from './push-bad-input.cases.ts';
import { holds, isValid, pushFailsWith, readyOf } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug']);

describe('a PushSecret with', { concurrency: 4 }, () => {
  let namespace = '';
  const value = canary('push');
  before(async () => {
    namespace = await env.namespace('bad-push');
    const elsewhere = await env.namespace('bad-push-else');
    await env.aws.addAccessKey('AKIABADPUSH', 'static-secret-key');
    await env.apply(
      secret(namespace, 'source', { kept: value, plain: value, a_U002f_b: value, a_U002F_b: value }),
      secret(namespace, 'aws', { id: 'AKIABADPUSH', key: 'static-secret-key' }),
      secret(namespace, 'vault', { token: env.vault.rootToken }),
      secret(namespace, 'stranger', { token: canary('token') }),
      secret(namespace, 'gitlab', { token: 'x' }),
      secretStore(namespace, 'store', fake({ fixed: 'x' })),
      secretStore(namespace, 'sm', aws('aws')),
      secretStore(namespace, 'broken', aws('no-account')),
      secretStore(namespace, 'vault', vault(env.vault.address, 'vault')),
      secretStore(namespace, 'stranger', vault(env.vault.address, 'stranger')),
      secretStore(namespace, 'gitlab', {
        gitlab: {
          url: 'http://127.0.0.1:9',
          projectID: '1',
          auth: { SecretRef: { accessToken: { name: 'gitlab', key: 'token' } } },
        },
      }),
      secretStore(namespace, 'azure', { azurekv: { vaultUrl: 'https://x' } }),
      secretStore(elsewhere, 'elsewhere', fake({})),
      clusterSecretStore(`cluster-${namespace}`, fake({})),
      clusterSecretStore(`closed-${namespace}`, fake({}), { conditions: [{ namespaces: ['others'] }] }),
    );
    for (const name of ['store', 'sm', 'vault']) await isValid(env, namespace, name);
  });

  for (const [index, each] of BAD_PUSHES.entries())
    test(each.title, () => check(namespace, `case-${index}`, value, each));
});

/** First a good PushSecret, then the bad one in its place. */
async function check(namespace: string, name: string, value: string, each: BadPush): Promise<void> {
  const data = [{ match: { secretKey: 'kept', remoteRef: { remoteKey: name } } }];
  const made = (more: object): ReturnType<typeof pushSecret> =>
    pushSecret(namespace, name, 'source', 'store', {}, { data, deletionPolicy: 'Delete', ...more });
  await env.apply(made({}));
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), /^True Synced/));
  await env.apply(made(each.spec({ data, namespace, name })));
  await pushFailsWith(env, namespace, name, ...each.says);
  await env.apply(externalSecret(namespace, name, from('store'), entry('kept', name)));
  await holds(env, namespace, name, { kept: value });
  const seen = {
    condition: await readyOf(env, pushSecrets, namespace, name),
    events: JSON.stringify(await env.events(namespace, name)),
    log: JSON.stringify(operator.logs()),
  };
  for (const [where, text] of Object.entries(seen)) assert.deepEqual(tracesOf(value, text), [], `no value in ${where}`);
}
