/**
 * Who may use what: a SecretStore is its namespace's own (J11), a ClusterSecretStore serves the namespaces it admits (J10), and no
 * reference leads out of the namespace of whoever wrote it.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clusterSecretStores, externalSecrets, namespaces, type ApiResource } from '../../src/api/resources.ts';
import {
  aws,
  clusterSecretStore,
  configMap,
  entry,
  externalSecret,
  fake,
  from,
  into,
  refreshEvery,
  secret,
  secretStore,
  serviceAccount,
  templated,
  vaultAs,
} from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { force } from './force-sync.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';
import { dataOf, failsWith, holds, isValid, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();

const CLUSTER = 'ClusterSecretStore';

/** Puts a mark on a ClusterSecretStore's name, which all tests of a file share. */
function unique(name: string): string {
  return `${name}-${Math.random().toString(36).slice(2, 8)}`;
}

/** An ExternalSecret `api` that reads `token`. */
function api(namespace: string, store: string, kind: 'SecretStore' | 'ClusterSecretStore' = CLUSTER) {
  return externalSecret(namespace, 'api', from(store, kind), entry('token', 'token'));
}

async function gone(resource: ApiResource, namespace: string | undefined, name: string): Promise<void> {
  await env.eventually(() => assert.rejects(env.kube.get(resource, { namespace, name })));
}

describe('a ClusterSecretStore', () => {
  test('serves every namespace, each Secret in its own', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    const store = unique('shared');
    await env.apply(clusterSecretStore(store, fake({ token: 't' })), api(blue, store), api(green, store));
    await holds(env, blue, 'api', { token: 't' });
    await holds(env, green, 'api', { token: 't' });
    const lines = (await env.kubectl('get', 'css')).split('\n');
    assert.deepEqual(lines[0]?.split(/\s+/), ['NAME', 'AGE', 'STATUS', 'CAPABILITIES', 'READY']);
    const row = lines.find((line) => line.startsWith(store)) ?? '';
    assert.match(row, /\sValid\s+ReadWrite\s+True\s*$/);
  });

  for (const [by, conditions] of [
    ['its name', (name: string) => [{ namespaces: [name] }]],
    ['its labels', () => [{ namespaceSelector: { matchLabels: { team: 'blue' } } }]],
    ['a regular expression', () => [{ namespaceRegexes: ['^blue-'] }]],
    ['any one of several conditions', (name: string) => [{ namespaces: ['other'] }, { namespaces: [name] }]],
  ] as const) {
    test(`admits a namespace by ${by} and tells the others that its conditions deny them`, async () => {
      const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
      await env.kube.patch(namespaces, { name: blue }, { metadata: { labels: { team: 'blue' } } });
      const store = unique('limited');
      await env.apply(clusterSecretStore(store, fake({ token: 't' }), { conditions: conditions(blue) }));
      await isValid(env, undefined, store);
      await env.apply(api(blue, store), api(green, store));
      await holds(env, blue, 'api', { token: 't' });
      await failsWith(
        env,
        green,
        'api',
        new RegExp(`ClusterSecretStore "${store}"`),
        new RegExp(`"${green}"`),
        /conditions deny/,
      );
      assert.equal(await secretOf(env, green, 'api'), undefined);
    });
  }

  test('admits a namespace as soon as its labels or the conditions allow it', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    const store = unique('later');
    const selector = { namespaceSelector: { matchLabels: { 'uses-vault': 'yes' } } };
    await env.apply(clusterSecretStore(store, fake({ token: 't' }), { conditions: [selector] }));
    await env.apply(api(blue, store), api(green, store));
    await failsWith(env, blue, 'api', /conditions deny/);
    await failsWith(env, green, 'api', /conditions deny/);
    await env.kube.patch(namespaces, { name: blue }, { metadata: { labels: { 'uses-vault': 'yes' } } });
    await holds(env, blue, 'api', { token: 't' }, 5_000);
    const conditions = [selector, { namespaces: [green] }];
    await env.apply(clusterSecretStore(store, fake({ token: 't' }), { conditions }));
    await holds(env, green, 'api', { token: 't' }, 5_000);
  });

  test('that admits a namespace no more gives it no new values, and the Secret stays', async () => {
    const blue = await env.namespace('blue');
    const store = unique('closing');
    await env.apply(clusterSecretStore(store, fake({ token: 'old' })), api(blue, store));
    await holds(env, blue, 'api', { token: 'old' });
    await env.apply(clusterSecretStore(store, fake({ token: 'new' }), { conditions: [{ namespaces: ['other'] }] }));
    await isValid(env, undefined, store);
    await force(env, blue, 'api');
    await failsWith(env, blue, 'api', /conditions deny/);
    assert.deepEqual(await dataOf(env, blue, 'api'), { token: 'old' });
  });

  test('that is deleted, or not ready, is named by each object that needs it; their Secrets stay', async () => {
    const blue = await env.namespace('blue');
    const store = unique('going');
    await env.apply(clusterSecretStore(store, fake({ token: 't' })), api(blue, store));
    await holds(env, blue, 'api', { token: 't' });
    await env.apply(clusterSecretStore(store, aws('robot', { auth: { secretRef: {} } })));
    await storeFailsWith(env, undefined, store, /secretAccessKeySecretRef/);
    await force(env, blue, 'api');
    await failsWith(
      env,
      blue,
      'api',
      new RegExp(`ClusterSecretStore "${store}" is not ready`),
      /InvalidProviderConfig/,
    );
    await env.kube.delete(clusterSecretStores, { name: store });
    await gone(clusterSecretStores, undefined, store);
    await force(env, blue, 'api');
    await failsWith(env, blue, 'api', new RegExp(`ClusterSecretStore "${store}" not found`));
    assert.deepEqual(await dataOf(env, blue, 'api'), { token: 't' });
    await env.apply(clusterSecretStore(store, fake({ token: 't2' })));
    await holds(env, blue, 'api', { token: 't2' }, 5_000);
  });

  test('without namespaces in its references uses the credentials of whoever asks, and says so (Q14)', async () => {
    const [blue, green, grey] = [
      await env.namespace('blue'),
      await env.namespace('green'),
      await env.namespace('grey'),
    ];
    const store = unique('referent');
    await env.aws.putSecret('token', 'of-aws');
    for (const namespace of [blue, green]) {
      const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
      await env.aws.addAccessKey(id, 'key', `robot-${namespace}`);
      await env.apply(secret(namespace, 'robot', { id, key: 'key' }));
    }
    await env.apply(clusterSecretStore(store, aws('robot')));
    await isValid(env, undefined, store);
    assert.match(await readyOf(env, clusterSecretStores, undefined, store), /checked there/);
    await env.aws.fault('GetSecretValue', 'deny', `robot-${green}`);
    await env.apply(api(blue, store), api(green, store), api(grey, store));
    await holds(env, blue, 'api', { token: 'of-aws' });
    await failsWith(env, green, 'api', /AccessDeniedException/, new RegExp(`robot-${green}`));
    await failsWith(env, grey, 'api', /Secret "robot" not found in namespace/, new RegExp(`"${grey}"`));
    await env.aws.heal();
    // Each of the two is mended by what it missed.
    await holds(env, green, 'api', { token: 'of-aws' }, 30_000);
    await env.aws.addAccessKey('AKIAGREY', 'key');
    await env.apply(secret(grey, 'robot', { id: 'AKIAGREY', key: 'key' }));
    await holds(env, grey, 'api', { token: 'of-aws' }, 5_000);
  });

  test('with a Vault account that has no namespace logs in as the account of whoever asks', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    const store = unique('vault-referent');
    await vaultRole(store, blue);
    await env.vault.put('secret', `${store}/token`, { token: 'of-vault' });
    const provider = vaultAs(env.vault.address, store, 'robot');
    await env.apply(serviceAccount(blue, 'robot'), serviceAccount(green, 'robot'), clusterSecretStore(store, provider));
    const reading = (namespace: string) =>
      externalSecret(namespace, 'api', from(store, CLUSTER), entry('token', `${store}/token`, 'token'));
    await env.apply(reading(blue), reading(green));
    await holds(env, blue, 'api', { token: 'of-vault' });
    await failsWith(env, green, 'api', /403 /, new RegExp(`${green}/robot`));
    // It would try again and again, and other tests look at who calls Vault.
    await env.kube.delete(externalSecrets, { namespace: green, name: 'api' });
  });

  test('must say where its certificates are', async () => {
    const store = unique('ca');
    const provider = vaultAs(env.vault.address, 'x', 'robot', {
      auth: { kubernetes: { mountPath: 'kubernetes', role: 'x' } },
      caProvider: { type: 'ConfigMap', name: 'ca', key: 'ca.crt' },
    });
    await env.apply(clusterSecretStore(store, provider));
    await storeFailsWith(env, undefined, store, /caProvider\.namespace is missing/, /ConfigMap "ca"/);
  });
});

describe('a SecretStore', () => {
  test('is not found from another namespace, under whatever spelling, and nothing of it is read', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    await env.apply(secretStore(blue, 'sm', fake({ token: 'blue' })), api(blue, 'sm', 'SecretStore'));
    await holds(env, blue, 'api', { token: 'blue' });
    const plain = api(green, 'sm', 'SecretStore');
    await env.apply(plain);
    await failsWith(env, green, 'api', /SecretStore "sm" not found in namespace/, new RegExp(`"${green}"`));
    const smuggled = { name: 'sm', kind: 'SecretStore', namespace: blue } as const;
    await env.apply({ ...plain, spec: { ...plain.spec, secretStoreRef: smuggled } } as typeof plain);
    const sourced = [{ secretKey: 'token', remoteRef: { key: 'token' }, sourceRef: { storeRef: smuggled } }];
    const other = externalSecret(green, 'sourced');
    await env.apply({ ...other, spec: { data: sourced } } as typeof other);
    await failsWith(env, green, 'sourced', /SecretStore "sm" not found in namespace/, new RegExp(`"${green}"`));
    await assert.rejects(async () =>
      env.apply(externalSecret(green, 'path', from(`${blue}/sm`), entry('token', 'token'))),
    );
    assert.match(await readyOf(env, externalSecrets, green, 'api'), /^False/);
    assert.equal(await secretOf(env, green, 'api'), undefined);
  });

  test('of the same name in two namespaces: credentials, sessions and values stay apart', async () => {
    const role = (namespace: string) => `arn:aws:iam::444455556666:role/${namespace}`;
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    await env.aws.putSecret(`${blue}/shared`, 'for blue only');
    await env.aws.fault('GetSecretValue', 'deny', `assumed-role/${green}`);
    for (const namespace of [blue, green]) {
      await env.aws.trustRole(role(namespace), { subjects: [`system:serviceaccount:${namespace}:robot`] });
      await env.apply(
        serviceAccount(namespace, 'robot', { 'eks.amazonaws.com/role-arn': role(namespace) }),
        secretStore(namespace, 'sm', aws('', { auth: { jwt: { serviceAccountRef: { name: 'robot' } } } })),
      );
      await isValid(env, namespace, 'sm');
    }
    const reading = (namespace: string) =>
      externalSecret(namespace, 'api', from('sm'), entry('token', `${blue}/shared`), refreshEvery('1h'));
    await env.apply(reading(blue));
    await holds(env, blue, 'api', { token: 'for blue only' });
    // At once after: a value that were shared by key would be fresh enough.
    await env.apply(reading(green));
    await failsWith(env, green, 'api', /AccessDeniedException/, new RegExp(`assumed-role/${green}`));
    assert.equal(await secretOf(env, green, 'api'), undefined);
    await env.aws.heal();
  });

  test('looks for a Secret without namespace beside itself, not beside the operator, and says where (Q12)', async () => {
    const namespace = await env.namespace('q12');
    await env.apply(secret(OPERATOR_NAMESPACE, 'awssm-secret', { 'access-key': 'a', 'secret-access-key': 'b' }));
    const secretRef = {
      accessKeyIDSecretRef: { name: 'awssm-secret', key: 'access-key' },
      secretAccessKeySecretRef: { name: 'awssm-secret', key: 'secret-access-key' },
    };
    await env.apply(secretStore(namespace, 'sm', aws('', { auth: { secretRef } })));
    await storeFailsWith(
      env,
      namespace,
      'sm',
      /Secret "awssm-secret" not found in namespace/,
      new RegExp(`"${namespace}"`),
      /create it there, or use a ClusterSecretStore with .*\.namespace/,
    );
  });
});

describe('an ExternalSecret', () => {
  test('reads templates of its own namespace only', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    const store = unique('templates');
    const text = { file: 'token={{ .token }}' };
    await env.apply(
      clusterSecretStore(store, fake({ token: 't' })),
      configMap(blue, 'template', text),
      secret(blue, 'template', text),
    );
    const items = [{ key: 'file' }];
    const kinds = {
      ConfigMap: { configMap: { name: 'template', items } },
      Secret: { secret: { name: 'template', items } },
    };
    for (const [kind, source] of Object.entries(kinds)) {
      const named = (namespace: string) =>
        externalSecret(
          namespace,
          kind.toLowerCase(),
          from(store, CLUSTER),
          entry('token', 'token'),
          templated({ templateFrom: [source] }),
        );
      await env.apply(named(blue), named(green));
      await holds(env, blue, kind.toLowerCase(), { file: 'token=t' });
      await failsWith(env, green, kind.toLowerCase(), new RegExp(`${kind} "template" not found`), new RegExp(green));
    }
  });

  test('writes into its own namespace only', async () => {
    const [blue, green] = [await env.namespace('blue'), await env.namespace('green')];
    const store = unique('writes');
    await env.apply(clusterSecretStore(store, fake({ token: 't' })));
    const wanted = api(green, store);
    const target = { name: 'api', namespace: blue, template: { metadata: { namespace: blue } } };
    await env.apply({ ...wanted, spec: { ...wanted.spec, target } } as typeof wanted);
    await holds(env, green, 'api', { token: 't' });
    assert.equal(await secretOf(env, blue, 'api'), undefined);
    const named = externalSecret(
      green,
      'named',
      from(store, CLUSTER),
      entry('token', 'token'),
      into({ name: `${blue}/api` }),
    );
    await assert.rejects(async () => env.apply(named));
  });

  test('cannot climb out of a store’s path: such keys are refused before Vault is asked (D79)', async () => {
    const namespace = await env.namespace('climb');
    await vaultRole(namespace, namespace, 'path "*" { capabilities = ["read"] }');
    await env.vault.put('secret', `${namespace}/token`, { token: 't' });
    await env.apply(
      serviceAccount(namespace, 'robot'),
      secretStore(namespace, 'vault', vaultAs(env.vault.address, namespace, 'robot')),
      externalSecret(namespace, 'control', from('vault'), entry('token', `${namespace}/token`, 'token')),
    );
    await holds(env, namespace, 'control', { token: 't' });
    await env.vault.resetCalls();
    const keys = ['../../sys/mounts', 'a/../../../sys/mounts', '%2e%2e/sys/mounts', 'a//b', 'a%2f..%2fb', './a'];
    for (const [index, key] of keys.entries())
      await env.apply(externalSecret(namespace, `climb-${index}`, from('vault'), entry('x', key)));
    for (const index of keys.keys())
      await failsWith(env, namespace, `climb-${index}`, /the key ".*" (must not contain|has an empty)/);
    assert.deepEqual(
      [...(await env.vault.calls()).keys()].filter((call) => call.startsWith('GET')),
      [],
    );
  });
});

let kubernetesAuth: Promise<void> | undefined;

/** A role of Vault's kubernetes auth for the account `robot` of the namespace. */
async function vaultRole(role: string, namespace: string, policy?: string): Promise<void> {
  kubernetesAuth ??= env.enableKubernetesAuth();
  await kubernetesAuth;
  const rules = policy ?? `path "secret/data/${role}/*" { capabilities = ["read"] }`;
  await env.vault.api('PUT', `sys/policies/acl/${role}`, { policy: rules });
  await env.vault.api('POST', `auth/kubernetes/role/${role}`, {
    bound_service_account_names: ['robot'],
    bound_service_account_namespaces: [namespace],
    policies: [role],
  });
}
