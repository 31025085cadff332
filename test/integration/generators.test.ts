/** Values that are made rather than fetched. Dynamic credentials of Vault have a file of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusterGenerators,
  ecrAuthorizationTokens,
  externalSecrets,
  fakes,
  grafanas,
  passwords,
  secrets,
  sshKeys,
  stsSessionTokens,
  uuids,
  webhooks,
} from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { serve } from '../builders/http-server.ts';
import {
  configMap,
  externalSecret,
  generatedBy,
  generator,
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
let operator = await env.startOperator([], ecr);

/** The Secret's values once it is there. */
async function made(namespace: string, name: string): Promise<Record<string, string>> {
  await isSynced(env, namespace, name);
  return (await dataOf(env, namespace, name)) ?? {};
}

async function force(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
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
  operator = await env.startOperator([], ecr);
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
