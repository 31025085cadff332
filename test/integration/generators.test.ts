/** Values that are made rather than fetched: every generator of this build, and what becomes of what they leave behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusterGenerators,
  ecrAuthorizationTokens,
  externalSecrets,
  fakes,
  generatorStates,
  grafanas,
  namespaces,
  passwords,
  secrets,
  sshKeys,
  stsSessionTokens,
  uuids,
  vaultDynamicSecrets,
  webhooks,
} from '../../src/api/resources.ts';
import type { GeneratorState } from '../../src/api/generators/generator-state.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';
import { serve } from '../builders/http-server.ts';
import {
  configMap,
  externalSecret,
  generatedBy,
  generator,
  into,
  labelled,
  refreshEvery,
  secret,
  source,
  templated,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { dataOf, failsWith, holds, isSynced, readyOf } from './views.ts';

const env = await useEnv();
const ecr = { AWS_ECR_ENDPOINT: env.aws.endpoint, AWS_ECR_PUBLIC_ENDPOINT: env.aws.endpoint };
let operator = await env.startOperator(['--generator-gc-grace-period=5s'], ecr);

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

test('a password, a UUID, a pair of SSH keys and given values arrive in one Secret', async () => {
  const namespace = await env.namespace('gen');
  await env.apply(
    generator(passwords, namespace, 'pw', { length: 30, digits: 5, symbols: 5, secretKeys: ['admin', 'user'] }),
    generator(uuids, namespace, 'id', {}),
    generator(sshKeys, namespace, 'ssh', { keyType: 'ed25519', comment: 'deploy@shop' }),
    generator(fakes, namespace, 'given', { data: { region: 'eu', 'odd key': 'x' } }),
    externalSecret(
      namespace,
      'all',
      generatedBy('Password', 'pw'),
      generatedBy('UUID', 'id'),
      generatedBy('SSHKey', 'ssh'),
      source({
        sourceRef: { generatorRef: { kind: 'Fake', name: 'given' } },
        rewrite: [{ regexp: { source: '^odd key$', target: 'even_key' } }],
      }),
      refreshEvery('1h'),
    ),
  );
  const values = await made(namespace, 'all');
  assert.deepEqual(Object.keys(values).sort(), [
    'admin',
    'even_key',
    'privateKey',
    'publicKey',
    'region',
    'user',
    'uuid',
  ]);
  assert.equal(values['admin']?.length, 30);
  assert.equal(values['admin']?.replaceAll(/\D/g, '').length, 5);
  assert.notEqual(values['admin'], values['user']);
  assert.match(values['uuid'] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(values['publicKey'] ?? '', /^ssh-ed25519 \S+ deploy@shop\n$/);
  assert.match(values['privateKey'] ?? '', /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
  assert.equal(values['region'], 'eu');
});

test('keys of a generator are not converted: one that no Secret can have is refused by name', async () => {
  const namespace = await env.namespace('gen-keys');
  await env.apply(
    generator(fakes, namespace, 'given', { data: { 'odd key': 'x' } }),
    externalSecret(namespace, 'odd', generatedBy('Fake', 'given')),
  );
  await failsWith(env, namespace, 'odd', /dataFrom\[0\] \(Fake "given"\).*odd key/);
});

test('a generated value stays over a restart of the operator, and comes anew when its Secret was edited or it is forced', async () => {
  const namespace = await env.namespace('gen-stay');
  await env.apply(
    generator(passwords, namespace, 'pw', {}),
    externalSecret(namespace, 'db', generatedBy('Password', 'pw'), refreshEvery('1h')),
    externalSecret(namespace, 'once', generatedBy('Password', 'pw'), refreshEvery('0')),
  );
  const first = await made(namespace, 'db');
  const once = await made(namespace, 'once');
  await operator.stop();
  operator = await env.startOperator(['--generator-gc-grace-period=5s'], ecr);
  await env.apply(externalSecret(namespace, 'later', generatedBy('Password', 'pw')));
  await isSynced(env, namespace, 'later');
  assert.deepEqual(await dataOf(env, namespace, 'db'), first);
  assert.deepEqual(await dataOf(env, namespace, 'once'), once);

  await force(namespace, 'db');
  await env.eventually(async () => assert.notDeepEqual(await dataOf(env, namespace, 'db'), first));
  await force(namespace, 'once');
  await env.kube.patch(secrets, { namespace, name: 'db' }, { data: { password: btoa('guessed') } });
  await env.eventually(async () => {
    const now = await dataOf(env, namespace, 'db');
    assert.notEqual(now?.['password'], 'guessed');
    assert.equal(now?.['password']?.length, 24);
  });
  assert.deepEqual(await dataOf(env, namespace, 'once'), once);
});

test(
  'the interval is kept to the second: nothing is made again early',
  requires(env, 'fast-time', 'an hour passes'),
  async () => {
    const namespace = await env.namespace('gen-interval');
    await env.apply(
      generator(uuids, namespace, 'id', {}),
      externalSecret(namespace, 'id', generatedBy('UUID', 'id'), refreshEvery('1h')),
    );
    const first = await made(namespace, 'id');
    for (let step = 0; step < 5; step++) await env.advance(11 * 60_000);
    await env.apply(externalSecret(namespace, 'later', generatedBy('UUID', 'id')));
    await isSynced(env, namespace, 'later');
    assert.deepEqual(await dataOf(env, namespace, 'id'), first);
    await env.advance(6 * 60_000);
    await env.eventually(async () => assert.notDeepEqual(await dataOf(env, namespace, 'id'), first));
  },
);

test('a generated value stays when the ConfigMap of its template changes: it is rendered anew at the next refresh', async () => {
  const namespace = await env.namespace('gen-template');
  const template = {
    templateFrom: [{ configMap: { name: 'form', items: [{ key: 'url', templateAs: 'KeysAndValues' as const }] } }],
  };
  await env.apply(
    generator(passwords, namespace, 'pw', { symbols: 0 }),
    configMap(namespace, 'form', { url: 'one: "{{ .password }}"' }),
    externalSecret(namespace, 'db', generatedBy('Password', 'pw'), templated(template), refreshEvery('1h')),
  );
  const { one = '' } = await made(namespace, 'db');
  assert.match(one, /^[A-Za-z0-9]{24}$/);
  await env.apply(configMap(namespace, 'form', { url: 'two: "{{ .password }}"' }));
  await env.apply(externalSecret(namespace, 'later', generatedBy('Password', 'pw')));
  await isSynced(env, namespace, 'later');
  assert.deepEqual(await dataOf(env, namespace, 'db'), { one });
  await force(namespace, 'db');
  await env.eventually(async () => {
    const { two = '' } = (await dataOf(env, namespace, 'db')) ?? {};
    assert.match(two, /^[A-Za-z0-9]{24}$/);
    assert.notEqual(two, one);
  });
});

test('a ClusterGenerator works as if it stood in the consumer’s namespace; one that contradicts itself is told', async () => {
  const namespace = await env.namespace('gen-cluster');
  const shared = { kind: 'Password', generator: { passwordSpec: { length: 12, allowRepeat: true } } };
  await env.apply(
    {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: clusterGenerators.kind,
      metadata: { name: `pw-${namespace}` },
      spec: shared,
    } as KubeObject,
    {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: clusterGenerators.kind,
      metadata: { name: `bad-${namespace}` },
      spec: { ...shared, kind: 'UUID' },
    } as KubeObject,
    {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: clusterGenerators.kind,
      metadata: { name: `mfa-${namespace}` },
      spec: { kind: 'MFA', generator: { mfaSpec: { secret: { name: 'x', key: 'y' } } } },
    } as KubeObject,
    externalSecret(namespace, 'pw', generatedBy('ClusterGenerator', `pw-${namespace}`)),
    externalSecret(namespace, 'bad', generatedBy('ClusterGenerator', `bad-${namespace}`)),
    externalSecret(namespace, 'mfa', generatedBy('ClusterGenerator', `mfa-${namespace}`)),
  );
  assert.equal((await made(namespace, 'pw'))['password']?.length, 12);
  await failsWith(
    env,
    namespace,
    'bad',
    /spec\.kind is UUID, so spec\.generator must hold uuidSpec .*it holds passwordSpec/,
  );
  await failsWith(env, namespace, 'mfa', /generator MFA is not available in this build/);
});

test('a generator that is not built, not there, of another group or of another class is told or left alone', async () => {
  const namespace = await env.namespace('gen-refs');
  await env.apply(
    generator(grafanas, namespace, 'g', {
      url: 'https://grafana.example',
      auth: { token: { name: 'x', key: 'y' } },
      serviceAccount: { name: 'a', role: 'Viewer' },
    }),
    generator(fakes, namespace, 'theirs', { controller: 'other', data: { a: '1' } }),
    externalSecret(namespace, 'unbuilt', generatedBy('Grafana', 'g')),
    externalSecret(
      namespace,
      'group',
      source({ sourceRef: { generatorRef: { apiVersion: 'example.com/v1', kind: 'Password', name: 'x' } } }),
    ),
    externalSecret(namespace, 'foreign', generatedBy('Fake', 'theirs')),
    externalSecret(namespace, 'early', generatedBy('Fake', 'late')),
    generator(fakes, namespace, 'late', { data: { a: '1' } }),
  );
  await failsWith(env, namespace, 'unbuilt', /generator Grafana is not available in this build/);
  await failsWith(env, namespace, 'group', /generatorRef\.apiVersion is "example\.com\/v1"/);
  await holds(env, namespace, 'early', { a: '1' });
  assert.equal(await readyOf(env, externalSecrets, namespace, 'foreign'), 'none');
  assert.equal(await dataOf(env, namespace, 'foreign'), undefined);
});

test('a generator’s references stay in the namespace of its consumer', async () => {
  const namespace = await env.namespace('gen-ns');
  await env.apply(
    generator(stsSessionTokens, namespace, 'sts', {
      region: 'eu-central-1',
      auth: {
        secretRef: {
          accessKeyIDSecretRef: { name: 'k', key: 'id', namespace: 'kube-system' },
          secretAccessKeySecretRef: { name: 'k', key: 'key', namespace: 'kube-system' },
        },
      },
    }),
    externalSecret(namespace, 'sts', generatedBy('STSSessionToken', 'sts')),
  );
  await failsWith(
    env,
    namespace,
    'sts',
    /namespace is "kube-system", but STSSessionToken "sts" uses only .*leave .*namespace out/,
  );
});

test('AWS gives a login for a registry and temporary keys', async () => {
  const namespace = await env.namespace('gen-aws');
  await env.aws.addAccessKey('AKIAGENERATORS', 'key');
  const auth = {
    secretRef: {
      accessKeyIDSecretRef: { name: 'robot', key: 'id' },
      secretAccessKeySecretRef: { name: 'robot', key: 'key' },
    },
  };
  await env.apply(
    secret(namespace, 'robot', { id: 'AKIAGENERATORS', key: 'key' }),
    generator(ecrAuthorizationTokens, namespace, 'ecr', { region: 'eu-central-1', auth }),
    generator(stsSessionTokens, namespace, 'sts', {
      region: 'eu-central-1',
      auth,
      requestParameters: { sessionDuration: 3600 },
    }),
    externalSecret(namespace, 'ecr', generatedBy('ECRAuthorizationToken', 'ecr')),
    externalSecret(namespace, 'sts', generatedBy('STSSessionToken', 'sts')),
  );
  const login = await made(namespace, 'ecr');
  assert.deepEqual(Object.keys(login).sort(), ['expires_at', 'password', 'proxy_endpoint', 'username']);
  assert.equal(login['username'], 'AWS');
  assert.match(login['expires_at'] ?? '', /^\d{10}$/);
  assert.match(login['proxy_endpoint'] ?? '', /^https:\/\/\d{12}\.dkr\.ecr\.eu-central-1\.amazonaws\.com$/);
  const keys = await made(namespace, 'sts');
  assert.deepEqual(Object.keys(keys).sort(), ['access_key_id', 'expiration', 'secret_access_key', 'session_token']);
  assert.match(keys['expiration'] ?? '', /^\d{10}$/);
  const calls = await env.aws.calls();
  assert.ok((calls.get('GetSessionToken') ?? 0) > 0, 'the STS endpoint of the environment is honoured');
});

test(
  'AWS: a login for ECR Public',
  { skip: env.kind === 'real' ? 'the AWS emulator does not know ECR Public' : false },
  async () => {
    const namespace = await env.namespace('gen-ecr-public');
    await env.aws.addAccessKey('AKIAPUBLIC', 'key');
    await env.apply(
      secret(namespace, 'robot', { id: 'AKIAPUBLIC', key: 'key' }),
      generator(ecrAuthorizationTokens, namespace, 'ecr', {
        region: 'us-east-1',
        scope: 'public',
        auth: {
          secretRef: {
            accessKeyIDSecretRef: { name: 'robot', key: 'id' },
            secretAccessKeySecretRef: { name: 'robot', key: 'key' },
          },
        },
      }),
      externalSecret(namespace, 'ecr', generatedBy('ECRAuthorizationToken', 'ecr')),
    );
    assert.deepEqual(Object.keys(await made(namespace, 'ecr')).sort(), ['expires_at', 'password', 'username']);
  },
);

test('a web server’s answer becomes keys; templates use labelled Secrets, and numbers keep their digits', async () => {
  const namespace = await env.namespace('gen-webhook');
  await using server = await serve((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"result":{"user":"shop","id":12345678901234567890}}');
  });
  await env.apply(
    labelled({ 'external-secrets.io/type': 'webhook' }, secret(namespace, 'account', { token: 't0ken' })),
    generator(webhooks, namespace, 'hook', {
      url: `${server.url}/make`,
      method: 'POST',
      headers: { authorization: 'Bearer {{ .account.token }}' },
      body: '{"for":"shop"}',
      result: { jsonPath: '$.result' },
      secrets: [{ name: 'account', secretRef: { name: 'account' } }],
    }),
    externalSecret(namespace, 'hook', generatedBy('Webhook', 'hook')),
  );
  assert.deepEqual(await made(namespace, 'hook'), { user: 'shop', id: '12345678901234567890' });
  const [asked] = server.received;
  assert.equal(asked?.method, 'POST');
  assert.equal(asked.headers['authorization'], 'Bearer t0ken');
  assert.equal(asked.body, '{"for":"shop"}');
});

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
  operator = await env.startOperator(['--generator-gc-grace-period=5s'], ecr);
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
  operator = await env.startOperator(['--generator-gc-grace-period=5s'], ecr);
  await hoursPass(2);
});

test('a namespace goes although nobody can take away what a generator made in it', async () => {
  const namespace = await env.namespace('gen-gone');
  await tokenMaker(namespace, MAKE);
  await env.apply(externalSecret(namespace, 'token', generatedBy('VaultDynamicSecret', 'token')));
  await made(namespace, 'token');
  await operator.stop();
  operator = await env.startOperator(['--generator-gc-grace-period=5s'], ecr);
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
