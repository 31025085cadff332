/** Install, upgrade and uninstall on a real control plane, with both Helms. There is no node: Pods stay Pending, so nobody waits. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secrets, validatingWebhookConfigurations } from '../../src/api/resources.ts';
import { makeAuthority } from '../../src/certificates/authority.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';
import { startCluster, type ChartCluster } from './cluster.ts';
import { CHART, nested, NAMESPACE, RELEASE, type Helm, type Values } from './helm.ts';

let cluster: ChartCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.stop());

async function install(helm: Helm, values: Values = {}): Promise<string> {
  return helm.withValues(nested(values), (file) =>
    helm.run('install', RELEASE, CHART, `--namespace=${NAMESPACE}`, '--create-namespace', `--values=${file}`),
  );
}

async function upgrade(helm: Helm, values: Values = {}): Promise<string> {
  return helm.withValues(nested(values), (file) =>
    helm.run('upgrade', RELEASE, CHART, `--namespace=${NAMESPACE}`, '--reset-values', `--values=${file}`),
  );
}

async function uninstall(helm: Helm): Promise<void> {
  await helm.run('uninstall', RELEASE, `--namespace=${NAMESPACE}`);
}

async function get(kind: string, name: string): Promise<Stored> {
  return JSON.parse(await cluster.kubectl(['get', kind, name, `--namespace=${NAMESPACE}`, '--output=json'])) as Stored;
}

async function names(...args: readonly string[]): Promise<readonly string[]> {
  const printed = await cluster.kubectl(['get', ...args, `--namespace=${NAMESPACE}`, '--output=name']);
  return printed.split('\n').filter((line) => line !== '');
}

/** Generation by name of everything that has one: what an upgrade without change must leave as it is. */
async function generations(): Promise<Readonly<Record<string, number | undefined>>> {
  const kinds = ['deployments', 'customresourcedefinitions', 'validatingwebhookconfigurations', 'services'];
  const { items } = JSON.parse(
    await cluster.kubectl(['get', kinds.join(','), `--namespace=${NAMESPACE}`, '--output=json']),
  ) as { items: readonly (KubeObject & { metadata: { generation?: number } })[] };
  return Object.fromEntries(items.map((it) => [`${it.kind}/${it.metadata.name}`, it.metadata.generation]));
}

/** As the cert-controller does it. */
async function fillCertificates(): Promise<void> {
  const fieldManager = 'external-secrets-cert-controller';
  const secret = { namespace: NAMESPACE, name: 'external-secrets-webhook' };
  await cluster.kube.patch(secrets, secret, { data: { 'ca.crt': btoa('bundle') } }, { type: 'merge', fieldManager });
  for (const name of ['secretstore-validate', 'externalsecret-validate']) {
    const { metadata, ...rest } = await cluster.kube.get<Configuration>(validatingWebhookConfigurations, { name });
    const webhooks = rest.webhooks.map((hook) => ({
      ...hook,
      clientConfig: { ...hook.clientConfig, caBundle: CA_BUNDLE },
    }));
    const { managedFields: _, ...meta } = metadata;
    await cluster.kube.update(validatingWebhookConfigurations, { ...rest, metadata: meta, webhooks }, { fieldManager });
  }
}

type Configuration = KubeObject & { readonly webhooks: readonly { readonly clientConfig: Record<string, unknown> }[] };

/** The API server takes nothing else for a bundle than certificates. */
const CA_BUNDLE = Buffer.from((await makeAuthority(Date.now())).cert).toString('base64');

for (const major of [3, 4] as const) {
  describe(`Helm ${major}`, () => {
    const helm = (): Helm => cluster.helm[major];

    test('installs everything by its name, and says what comes next', async () => {
      const notes = await install(helm(), { 'serviceMonitor.enabled': true, 'webhook.port': 9443 });
      assert.match(notes, /^WARNING: ServiceMonitor objects were left out/m);
      assert.match(notes, /SecretStore or a ClusterSecretStore/);
      assert.equal((await names('crd')).filter((name) => name.endsWith('external-secrets.io')).length, 25);
      assert.deepEqual(
        await names(
          'deployments,serviceaccounts,services,secrets,roles',
          '--selector=app.kubernetes.io/instance=external-secrets',
        ),
        [
          'deployment.apps/external-secrets',
          'deployment.apps/external-secrets-cert-controller',
          'deployment.apps/external-secrets-webhook',
          'serviceaccount/external-secrets',
          'serviceaccount/external-secrets-cert-controller',
          'serviceaccount/external-secrets-webhook',
          'service/external-secrets-webhook',
          'secret/external-secrets-webhook',
          'secret/external-secrets-webhook-ca',
          'role.rbac.authorization.k8s.io/external-secrets-cert-controller',
          'role.rbac.authorization.k8s.io/external-secrets-leaderelection',
          'role.rbac.authorization.k8s.io/external-secrets-webhook',
        ],
      );
    });

    test('its record stays below the limit of a Secret', async () => {
      const record = (await get('secret', `sh.helm.release.v1.${RELEASE}.v1`)) as Stored & {
        data: { release: string };
      };
      const bytes = Buffer.from(record.data.release, 'base64').length;
      assert.ok(bytes < 700_000, `${bytes} bytes`);
    });

    test('an upgrade without change changes nothing, neither certificates nor what people annotated', async () => {
      await upgrade(helm());
      await fillCertificates();
      const note = 'eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/eso';
      await cluster.kubectl(['annotate', 'serviceaccount', RELEASE, `--namespace=${NAMESPACE}`, note]);
      const before = await generations();
      await upgrade(helm());
      await upgrade(helm());
      assert.deepEqual(await generations(), before);
      const secret = (await get('secret', 'external-secrets-webhook')) as Stored & { data?: Record<string, string> };
      assert.deepEqual(secret.data, { 'ca.crt': btoa('bundle') });
      const configuration = (await get(
        'validatingwebhookconfiguration',
        'secretstore-validate',
      )) as Stored<Configuration>;
      assert.deepEqual(
        configuration.webhooks.map(({ clientConfig }) => clientConfig['caBundle']),
        [CA_BUNDLE, CA_BUNDLE],
      );
      const account = await get('serviceaccount', RELEASE);
      assert.equal(account.metadata.annotations?.['eks.amazonaws.com/role-arn'], note.split('=')[1]);
    });

    test('the strategy follows the replicas, over what the API server had filled in', async () => {
      const strategy = async (): Promise<unknown> =>
        ((await get('deployment', RELEASE)) as Stored & { spec: { strategy: unknown } }).spec.strategy;
      assert.deepEqual(await strategy(), { type: 'Recreate' });
      await upgrade(helm(), { replicaCount: 2 });
      assert.deepEqual(await strategy(), {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
      });
      await upgrade(helm());
      // Server-side apply cannot remove what it did not set: see the chart's controllerStrategy.
      const between = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
      assert.deepEqual(await strategy(), major === 3 ? { type: 'Recreate' } : between);
      await upgrade(helm());
      assert.deepEqual(await strategy(), { type: 'Recreate' });
    });

    test('a kind that is switched off goes, and comes back', async () => {
      const off = { 'crds.createClusterPushSecret': false, processClusterPushSecret: false };
      await upgrade(helm(), off);
      assert.ok(!(await names('crd')).some((name) => name.includes('clusterpushsecrets')));
      await upgrade(helm());
      assert.ok((await names('crd')).some((name) => name.includes('clusterpushsecrets')));
      await helm().run('rollback', RELEASE, `--namespace=${NAMESPACE}`);
    });

    test('uninstall removes everything, CRDs included', async () => {
      await uninstall(helm());
      await gone();
    });

    test('CRDs that are to be kept stay, and the next install takes them over', async () => {
      const kept = { 'crds.annotations': { 'helm.sh/resource-policy': 'keep' } };
      await install(helm(), kept);
      await uninstall(helm());
      assert.equal((await names('crd')).length, 25);
      await install(helm());
      await uninstall(helm());
      await gone();
    });
  });
}

/** Nothing of the release is left in the cluster. CRDs take a moment to go. */
async function gone(): Promise<void> {
  await cluster.kubectl(['wait', '--for=delete', 'crd', '--all', '--timeout=30s']);
  const kinds = ['deployments', 'services', 'serviceaccounts', 'secrets', 'roles', 'rolebindings'];
  const wide = ['clusterroles', 'clusterrolebindings', 'validatingwebhookconfigurations'];
  assert.deepEqual(
    await names([...kinds, ...wide].join(','), '--selector=app.kubernetes.io/instance=external-secrets'),
    [],
  );
}

test('a release of Helm 3 is taken over by Helm 4', async () => {
  await install(cluster.helm[3]);
  await fillCertificates();
  await upgrade(cluster.helm[4]);
  const secret = (await get('secret', 'external-secrets-webhook')) as Stored & { data?: Record<string, string> };
  assert.deepEqual(secret.data, { 'ca.crt': btoa('bundle') });
  await uninstall(cluster.helm[4]);
  await gone();
});
