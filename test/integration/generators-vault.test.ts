/** Dynamic credentials of Vault: made, kept alive, replaced with an overlap, taken away; and what remembers them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GeneratorState } from '../../src/api/generators/generator-state.ts';
import { externalSecrets, generatorStates, namespaces, vaultDynamicSecrets } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';
import { externalSecret, generatedBy, generator, into, refreshEvery, secret } from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { dataOf, failsWith, isSynced } from './views.ts';

const env = await useEnv();
const flags = ['--generator-gc-grace-period=5s'];
let operator = await env.startOperator(flags);

/** The Secret's values once it is there. */
async function made(namespace: string, name: string): Promise<Record<string, string>> {
  await isSynced(env, namespace, name);
  return (await dataOf(env, namespace, name)) ?? {};
}

async function force(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
}

async function statesIn(namespace: string): Promise<readonly Stored<GeneratorState>[]> {
  return (await env.kube.list<GeneratorState>(generatorStates, { namespace })).items;
}

/** An AppRole of Vault with this policy, and a generator that makes tokens with it. */
async function tokenMaker(namespace: string, policy: string): Promise<void> {
  const { vault } = env;
  await vault.api('POST', `sys/auth/${namespace}`, { type: 'approle' });
  await vault.api('PUT', `sys/policies/acl/${namespace}`, { policy });
  await vault.api('POST', `auth/${namespace}/role/maker`, { token_policies: namespace, token_ttl: '1h' });
  const role = (await vault.api('GET', `auth/${namespace}/role/maker/role-id`)) as { data: { role_id: string } };
  const id = (await vault.api('POST', `auth/${namespace}/role/maker/secret-id`)) as { data: { secret_id: string } };
  const appRole = { path: namespace, roleId: role.data.role_id, secretRef: { name: 'maker', key: 'id' } };
  await env.apply(
    secret(namespace, 'maker', { id: id.data.secret_id }),
    generator(vaultDynamicSecrets, namespace, 'token', {
      provider: { server: vault.address, auth: { appRole } },
      path: 'auth/token/create',
      method: 'POST',
      parameters: { policies: ['default'], ttl: '1h', display_name: 'shop' },
      resultType: 'Auth',
    }),
  );
}

const MAKE = 'path "auth/token/create" { capabilities = ["update"] }';
const CLEAN_UP = `
path "auth/token/renew-accessor" { capabilities = ["update"] }
path "auth/token/revoke-accessor" { capabilities = ["update"] }`;

async function isAlive(accessor: string | undefined): Promise<boolean> {
  try {
    await env.vault.api('POST', 'auth/token/lookup-accessor', { accessor });
    return true;
  } catch {
    return false;
  }
}

test('a token that Vault made outlives restarts, is replaced with an overlap and taken away in the end', async () => {
  const namespace = await env.namespace('gen-vault');
  await tokenMaker(namespace, MAKE + CLEAN_UP);
  await env.apply(externalSecret(namespace, 'token', generatedBy('VaultDynamicSecret', 'token'), refreshEvery('1h')));
  const first = await made(namespace, 'token');
  assert.ok(await isAlive(first['accessor']));
  const [state] = await statesIn(namespace);
  assert.deepEqual(state?.metadata.finalizers, ['generatorstate.externalsecrets.io/finalizer']);
  assert.match(state.metadata.name, /^gen-externalsecret-token-/);
  assert.ok(!JSON.stringify(state).includes(first['client_token'] ?? ''), 'no value is in the GeneratorState');

  const replaced = async (before: Record<string, string>): Promise<Record<string, string>> => {
    await force(namespace, 'token');
    return env.eventually(async () => {
      const now = (await dataOf(env, namespace, 'token')) ?? {};
      assert.notEqual(now['accessor'], before['accessor']);
      return now;
    });
  };
  const second = await replaced(first);
  await env.advance(6000);
  assert.ok(await isAlive(first['accessor']), 'the one before stays for one more refresh');
  const third = await replaced(second);
  await env.eventually(async () => {
    const flagged = (await statesIn(namespace)).filter((each) => each.spec?.garbageCollectionDeadline !== undefined);
    assert.equal(flagged.length, 1);
  });
  await env.advance(6000);
  await env.eventually(async () => assert.equal((await statesIn(namespace)).length, 2));
  assert.ok(!(await isAlive(first['accessor'])));
  assert.ok(await isAlive(second['accessor']));

  await operator.stop();
  assert.ok(await isAlive(third['accessor']), 'nothing is revoked at shutdown');
  operator = await env.startOperator(flags);
  await env.kube.delete(externalSecrets, { namespace, name: 'token' });
  await env.eventually(async () => assert.equal((await statesIn(namespace)).length, 0), 30_000);
  assert.ok(!(await isAlive(third['accessor'])), 'taken away by its accessor');
});

test('a token that Vault made is kept alive beyond its TTL', requires(env, 'fast-time', 'hours pass'), async () => {
  const namespace = await env.namespace('gen-renew');
  await tokenMaker(namespace, MAKE + CLEAN_UP);
  await env.apply(externalSecret(namespace, 'token', generatedBy('VaultDynamicSecret', 'token'), refreshEvery('24h')));
  const { accessor } = await made(namespace, 'token');
  const hoursPass = async (hours: number): Promise<void> => {
    for (let step = 0; step < hours * 4; step++) {
      await env.advance(15 * 60_000);
      await env.eventually(async () => assert.ok(await isAlive(accessor)));
    }
  };
  await hoursPass(2);
  await operator.stop();
  operator = await env.startOperator(flags);
  await hoursPass(2);
});

test('a namespace goes although nobody can take away what a generator made in it', async () => {
  const namespace = await env.namespace('gen-gone');
  await tokenMaker(namespace, MAKE);
  await env.apply(externalSecret(namespace, 'token', generatedBy('VaultDynamicSecret', 'token')));
  await made(namespace, 'token');
  await operator.stop();
  operator = await env.startOperator(flags);
  await env.kube.delete(namespaces, { name: namespace });
  await env.eventually(async () => {
    await assert.rejects(env.kube.get(namespaces, { name: namespace }), NotFoundError);
  }, 60_000);
});

test('a call that leaves nothing at Vault keeps neither a token nor a GeneratorState', async () => {
  const namespace = await env.namespace('gen-read');
  await tokenMaker(namespace, 'path "secret/data/gen-read" { capabilities = ["read"] }');
  await env.vault.put('secret', 'gen-read', { user: 'shop' });
  const token = await env.kube.get<KubeObject & { spec: object }>(vaultDynamicSecrets, { namespace, name: 'token' });
  await env.vault.resetCalls();
  await env.apply(
    generator(vaultDynamicSecrets, namespace, 'read', {
      ...token.spec,
      path: 'secret/data/gen-read',
      method: 'GET',
      resultType: 'Data',
    }),
    externalSecret(namespace, 'read', generatedBy('VaultDynamicSecret', 'read'), into({ name: 'read' })),
  );
  assert.equal((await made(namespace, 'read'))['data'], '{"user":"shop"}');
  assert.equal((await statesIn(namespace)).length, 0);
  assert.equal((await env.vault.calls()).get('PUT auth/token/revoke-self'), 1);
});

test('what Vault refuses is told with the path and the right it takes', async () => {
  const namespace = await env.namespace('gen-denied');
  await tokenMaker(namespace, 'path "secret/*" { capabilities = ["read"] }');
  await env.apply(externalSecret(namespace, 'token', generatedBy('VaultDynamicSecret', 'token')));
  await failsWith(env, namespace, 'token', /POST auth\/token\/create: 403 .*needs "update" on auth\/token\/create/);
});

test('a GeneratorState that cannot be cleaned up does not hold up its deletion', async () => {
  const namespace = await env.namespace('gen-left');
  const left = {
    apiVersion: 'generators.external-secrets.io/v1alpha1',
    kind: generatorStates.kind,
    metadata: { namespace, name: 'left', finalizers: ['generatorstate.externalsecrets.io/finalizer'] },
    spec: {
      resource: {
        apiVersion: 'generators.external-secrets.io/v1alpha1',
        kind: 'Grafana',
        metadata: { name: 'g' },
        spec: {},
      },
      state: { serviceAccount: { login: 'sa-1' } },
      garbageCollectionDeadline: '2020-01-01T00:00:00Z',
    },
  };
  await env.apply(left);
  await env.eventually(async () => {
    const told = await env.events(namespace, 'left');
    assert.ok(told.some(({ message }) => /deadline has passed .*kept for an operator that can/.test(message)));
  });
  assert.equal((await statesIn(namespace)).length, 1, 'kept, so that the operator that made it can go on');
  await env.kube.delete(generatorStates, { namespace, name: 'left' });
  await env.eventually(async () => assert.equal((await statesIn(namespace)).length, 0));
});
