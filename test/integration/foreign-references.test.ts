/**
 * No reference of a SecretStore leads out of its namespace (J11, Q07): each field of the AWS and Vault providers, pointed at objects of
 * another namespace that would work, with a control beside it that must work.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { parse } from 'yaml';
import { secretStores } from '../../src/api/resources.ts';
import { selfSigned } from '../../src/telemetry/self-signed.ts';
import { secret, secretStore, serviceAccount } from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { REFERENCE_CASES } from './foreign-references.cases.ts';
import { readyOf, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();

let own = '';
let outside = '';

before(async () => {
  own = await env.namespace('own');
  outside = await env.namespace('outside');
  await env.vault.api('POST', 'sys/auth/approle', { type: 'approle' });
  await env.vault.api('POST', 'sys/auth/userpass', { type: 'userpass' });
  await env.enableKubernetesAuth();
  for (const namespace of [own, outside]) await equip(namespace);
});

test('every reference of the providers stands in the table', () => {
  assert.deepEqual(REFERENCE_CASES.map(({ field }) => field).toSorted(), referencesOf('aws', 'vault').toSorted());
});

test('a reference is refused when it names another namespace, before anything is read there', async () => {
  // Whoever reads there gets an error of its own, so it would not be this refusal that is told.
  const trap = { path: new RegExp(`/namespaces/${outside}/(secrets|configmaps|serviceaccounts)`) };
  if (env.supports('kube-faults')) await env.kubeFaults.respond(trap, { status: 500 }, 10_000);
  await env.vault.resetCalls();
  for (const [index, { selector, provider }] of REFERENCE_CASES.entries()) {
    const foreign = provider({ ...selector, namespace: outside }, { vault: env.vault.address, role: outside });
    await env.apply(secretStore(own, `foreign-${index}`, foreign));
  }
  for (const [index, { field }] of REFERENCE_CASES.entries()) {
    await storeFailsWith(
      env,
      own,
      `foreign-${index}`,
      new RegExp(`${field.replaceAll('.', '\\.')}\\.namespace is "${outside}"`),
      new RegExp(`its own namespace "${own}"`),
      /ClusterSecretStore/,
      /create the (Secret|ServiceAccount) in namespace/,
    );
  }
  env.kubeFaults.heal();
  assert.deepEqual([...(await env.vault.calls()).keys()], []);
  assert.deepEqual(
    env.aws.recorded().filter(({ principal }) => principal.includes(outside)),
    [],
  );
});

for (const [index, { field, selector, provider, own: expected = /^True Valid/ }] of REFERENCE_CASES.entries()) {
  test(`control: ${field} of the own namespace is used`, async () => {
    const world = { vault: env.vault.address, role: own };
    await env.apply(
      secretStore(own, `left-out-${index}`, provider(selector, world)),
      secretStore(own, `written-${index}`, provider({ ...selector, namespace: own }, world)),
    );
    for (const name of [`left-out-${index}`, `written-${index}`])
      await env.eventually(async () => assert.match(await readyOf(env, secretStores, own, name), expected));
  });
}

/** Everything that the table selects from, in one namespace, with credentials that work. */
async function equip(namespace: string): Promise<void> {
  const { vault, aws: cloud } = env;
  const roleArn = `arn:aws:iam::444455556666:role/${namespace}`;
  await cloud.trustRole(roleArn, { subjects: [`system:serviceaccount:${namespace}:robot`] });
  await env.apply(serviceAccount(namespace, 'robot', { 'eks.amazonaws.com/role-arn': roleArn }));
  await vault.api('POST', `auth/kubernetes/role/${namespace}`, {
    bound_service_account_names: ['robot'],
    bound_service_account_namespaces: [namespace],
    policies: ['default'],
  });
  const access = { token_policies: 'default' };
  await vault.api('POST', `auth/approle/role/${namespace}`, access);
  await vault.api('POST', `auth/userpass/users/${namespace}`, { ...access, password: 'pass' });
  const roleId = (await vault.api('GET', `auth/approle/role/${namespace}/role-id`)) as { data: { role_id: string } };
  const secretId = (await vault.api('POST', `auth/approle/role/${namespace}/secret-id`)) as {
    data: { secret_id: string };
  };
  const issued = (await vault.api('POST', 'auth/token/create', { policies: ['default'] })) as {
    auth: { client_token: string };
  };
  const { token } = await env.kube.createToken({ namespace, name: 'robot' }, { expirationSeconds: 3_600 });
  const pair = selfSigned(['vault'], Date.now());
  await cloud.addAccessKey(`AKIA${namespace.toUpperCase().replaceAll('-', '')}`, 'key', `robot-${namespace}`);
  await env.apply(
    secret(namespace, 'keys', {
      'aws-id': `AKIA${namespace.toUpperCase().replaceAll('-', '')}`,
      'aws-key': 'key',
      'aws-session': 'session',
      'vault-token': issued.auth.client_token,
      'role-id': roleId.data.role_id,
      'secret-id': secretId.data.secret_id,
      'account-token': token,
      password: 'pass',
      'tls.crt': pair.cert,
      'tls.key': pair.key,
    }),
  );
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Where these providers refer to an object by name and namespace, as the CRD that people install says it. */
function referencesOf(...providers: readonly string[]): readonly string[] {
  const file = new URL('../../crds/external-secrets.io_secretstores.yaml', import.meta.url);
  const crd = parse(readFileSync(file, 'utf8')) as {
    spec: { versions: readonly { schema: { openAPIV3Schema: Schema } }[] };
  };
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
  const all = spec?.properties?.['provider']?.properties ?? {};
  return providers.flatMap((name) => referencesIn(all[name] ?? {}, name));
}

function referencesIn({ properties = {} }: Schema, path: string): readonly string[] {
  if ('namespace' in properties && 'name' in properties) return [path];
  return Object.entries(properties).flatMap(([name, schema]) => referencesIn(schema, `${path}.${name}`));
}
