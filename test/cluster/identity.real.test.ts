/** Who the operator is when it runs in a Pod: towards AWS (J05), towards Vault (J09), towards the API server. And how it goes (J26). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clusterSecretStore } from '../builders/objects.ts';
import { MotoBackend } from '../real-parts/aws-backend.ts';
import { seenByPods } from '../real-parts/start-node.ts';
import {
  apply,
  clean,
  eventually,
  get,
  install,
  kubectl,
  list,
  NAMESPACE,
  parts,
  pods,
  REFERENCE,
  SOON,
  uninstall,
  upgrade,
} from './cluster.ts';
import { fakeStore, fieldsOf, fromFake, valuesOf } from './objects.ts';
import { prepareVault, putShop, VAULT } from './vault.ts';

const ROLE = 'arn:aws:iam::123456789012:role/shop-reader';
const account = { name: 'external-secrets', namespace: NAMESPACE };
const endpoints = ['SECRETSMANAGER', 'SSM', 'STS'].map((service) => ({
  name: `AWS_${service}_ENDPOINT`,
  value: seenByPods(parts.moto),
}));
const aws = new MotoBackend(parts.moto);

before(async () => {
  await clean();
  await aws.start();
  await install(REFERENCE, { ...SOON, extraEnv: endpoints });
});
after(async () => {
  await aws.stop();
  await clean();
});

const uidOf = async () => (await pods('external-secrets')).map(({ metadata }) => metadata.uid);

test('a role annotated after the install is used without a restart', async () => {
  const pod = await uidOf();
  await aws.putSecret('shop/db', '{"user":"u1","password":"p1"}');
  const auth = { jwt: { serviceAccountRef: account } };
  await apply(clusterSecretStore('aws', { aws: { service: 'SecretsManager', region: 'eu-central-1', auth } }));
  await kubectl([
    'annotate',
    'serviceaccount',
    account.name,
    `--namespace=${NAMESPACE}`,
    `eks.amazonaws.com/role-arn=${ROLE}`,
  ]);
  await apply(fieldsOf('default', 'aws', 'aws', 'shop/db'));
  assert.deepEqual(await valuesOf('default', 'aws'), { user: 'u1', password: 'p1' });
  assert.deepEqual(await uidOf(), pod);
});

test('Vault takes the token that the kubelet gave the Pod', async () => {
  await prepareVault();
  await eventually(() => putShop({ user: 'u2', password: 'p2' }));
  const auth = { kubernetes: { mountPath: 'kubernetes', role: 'operator' } };
  await apply(clusterSecretStore('vault', { vault: { server: VAULT, path: 'apps', version: 'v2', auth } }));
  await apply(fieldsOf('default', 'vault', 'vault', 'apps/data/shop/db'));
  assert.deepEqual(await valuesOf('default', 'vault'), { user: 'u2', password: 'p2' });
});

test('an upgrade leaves the annotation alone, and describe shows what the guides show', async () => {
  await boundToken('first');
  await upgrade({ 'serviceAccount.automount': false, ...tokenVolume });
  const shown = await kubectl(['describe', 'serviceaccount', account.name, `--namespace=${NAMESPACE}`]);
  for (const text of [
    ROLE,
    'app.kubernetes.io/version=v',
    'helm.sh/chart=external-secrets-',
    'meta.helm.sh/release-name',
  ])
    assert.ok(shown.includes(text), `${text} in\n${shown}`);
});

// The kubelet replaces tokens long before they end; here the old one ends at once, and a minute is what a token may be remembered.
test('a token that is replaced on disk is in use a minute later', async () => {
  await apply(fakeStore('default'), fromFake('default', 'by-first'));
  await valuesOf('default', 'by-first');

  const token = await boundToken('second');
  const read = `console.log(require('fs').readFileSync('${TOKENS}/token', 'utf8'))`;
  const seen = () =>
    kubectl([`--namespace=${NAMESPACE}`, 'exec', 'deploy/external-secrets', '--', '/usr/bin/node', '-e', read]);
  await eventually(async () => assert.equal((await seen()).trim(), token), 120_000);
  await kubectl(['delete', 'secret', 'first', `--namespace=${NAMESPACE}`]);
  await apply(fromFake('default', 'by-second'));
  await valuesOf('default', 'by-second', 90_000);
});

const TOKENS = '/var/run/secrets/kubernetes.io/serviceaccount';
const tokenVolume = {
  extraVolumes: [{ name: 'token', secret: { secretName: 'token' } }],
  extraVolumeMounts: [{ name: 'token', mountPath: TOKENS, readOnly: true }],
};

/** Puts a token into the Secret `token` that is good for as long as the Secret `name` exists. */
async function boundToken(name: string): Promise<string> {
  await kubectl(['create', 'secret', 'generic', name, `--namespace=${NAMESPACE}`]);
  const bound = ['--bound-object-kind=Secret', `--bound-object-name=${name}`];
  const token = (await kubectl(['create', 'token', account.name, `--namespace=${NAMESPACE}`, ...bound])).trim();
  const ca = await kubectl(['get', 'configmap', 'kube-root-ca.crt', '--output=jsonpath={.data.ca\\.crt}']);
  const metadata = { name: 'token', namespace: NAMESPACE };
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { token, 'ca.crt': ca, namespace: NAMESPACE },
  });
  return token;
}

test('deleting an ExternalSecret takes its Secret within 10 s, stores go at once', async () => {
  await kubectl(['delete', 'externalsecret', '--all', '--namespace=default', '--timeout=10s']);
  const gone = async () => assert.equal(await get('secret', 'vault', 'default'), undefined);
  await eventually(gone, 10_000);
  await kubectl(['delete', 'secretstore', '--all', '--namespace=default', '--timeout=5s']);
  await kubectl(['delete', 'clustersecretstore', '--all', '--timeout=5s']);
});

test('helm uninstall removes all objects of the chart, the CRDs among them', async () => {
  await uninstall();
  await kubectl(['wait', '--for=delete', 'crd', '--all', '--timeout=30s']);
  await assert.rejects(kubectl(['delete', 'crd', 'externalsecrets.external-secrets.io']), /NotFound/);
  const kinds = 'deployments,services,serviceaccounts,secrets,roles,rolebindings,clusterroles,clusterrolebindings';
  const ours = await list(kinds, '--all-namespaces', '--selector=app.kubernetes.io/instance=external-secrets');
  assert.deepEqual(
    ours.map(({ metadata }) => metadata.name),
    [],
  );
  await eventually(async () => assert.deepEqual(await list('pods', `--namespace=${NAMESPACE}`), []));
});
