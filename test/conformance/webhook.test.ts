import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startHttp, type SandboxHttp } from '../../sandbox/http/server.ts';
import { configMaps, secrets } from '../../src/api/resources.ts';
import { InvalidProviderConfigError, PropertyNotFoundError } from '../../src/providers/errors.ts';
import type { StoreKind } from '../../src/providers/provider.ts';
import { checkWebhook } from '../../src/providers/webhook/check.ts';
import { webhook, webhookSpec } from '../../src/providers/webhook/spec.ts';
import { selfSigned } from '../../src/telemetry/self-signed.ts';
import { FakeKube } from '../builders/fake-kube.ts';
import { providerConformance } from './provider.ts';
import { openAs } from './tenant.ts';
import { webhookBackend, webhookFaults } from './webhook.ts';

providerConformance(
  'the webhook provider',
  { largest: 1_048_576, binary: true, empty: true, versions: true, missingProperty: PropertyNotFoundError },
  webhookBackend,
  webhookFaults,
);

describe('references of a webhook store and namespaces', () => {
  let http: SandboxHttp;
  const kube = new FakeKube();
  before(async () => {
    http = await startHttp();
    http.put('/db', 'value');
    const { cert } = selfSigned(['localhost'], Date.now());
    for (const namespace of ['shop', 'blue']) {
      const labels = { 'external-secrets.io/type': 'webhook' };
      const data = { token: Buffer.from(namespace).toString('base64'), cert: Buffer.from(cert).toString('base64') };
      kube.put(secrets, { metadata: { namespace, name: 'mine', labels }, data } as never);
      kube.put(configMaps, { metadata: { namespace, name: 'mine' }, data: { cert } } as never);
    }
  });
  after(() => http.stop());

  type Spec = Readonly<Record<string, unknown>>;
  const fields: readonly (readonly [field: string, spec: (namespace: string | undefined) => Spec])[] = [
    [
      'secrets[0].secretRef',
      (namespace) => ({
        headers: { 'x-from': '{{ .auth.token }}' },
        secrets: [{ name: 'auth', secretRef: { name: 'mine', namespace } }],
      }),
    ],
    ['caProvider', (namespace) => ({ caProvider: { type: 'Secret', name: 'mine', key: 'cert', namespace } })],
    ['caProvider', (namespace) => ({ caProvider: { type: 'ConfigMap', name: 'mine', key: 'cert', namespace } })],
  ];
  const whole = (spec: Spec): Spec => ({ url: `${http.url}/{{ .remoteRef.key }}`, ...spec });
  const open = (kind: StoreKind, spec: Spec) => openAs({ kube, kind, namespace: 'shop' }, webhook, spec);
  async function canRead(kind: StoreKind, spec: Spec): Promise<boolean> {
    const client = await open(kind, spec);
    const [outcome] = await client.read([{ key: 'db' }], new AbortController().signal);
    await client.close();
    return outcome?.ok === true;
  }

  for (const [field, build] of fields) {
    test(`${field} of a SecretStore stays in its namespace`, async () => {
      const foreign = whole(build('blue'));
      const { errors } = checkWebhook(webhookSpec.parse(foreign), { kind: 'SecretStore', namespace: 'shop' });
      assert.ok(errors[0]?.startsWith(field), errors.join('; '));
      await assert.rejects(open('SecretStore', foreign), InvalidProviderConfigError);
      assert.equal(await canRead('SecretStore', whole(build(undefined))), true);
      assert.equal(await canRead('SecretStore', whole(build('shop'))), true);
    });
    test(`${field} of a ClusterSecretStore must say where it is, and is looked for there`, async () => {
      const silent = whole(build(undefined));
      const { warnings } = checkWebhook(webhookSpec.parse(silent), { kind: 'ClusterSecretStore', namespace: '' });
      assert.ok(warnings[0]?.startsWith(field), warnings.join('; '));
      await assert.rejects(open('ClusterSecretStore', silent), /namespace/);
      assert.equal(await canRead('ClusterSecretStore', whole(build('blue'))), true);
    });
  }

  test('the Secret that is used is the one of the named namespace', async () => {
    http.resetRequests();
    await canRead('ClusterSecretStore', whole(fields[0]![1]('blue')));
    await canRead('SecretStore', whole(fields[0]![1](undefined)));
    assert.deepEqual(
      http.requests().map(({ headers }) => headers['x-from']),
      ['blue', 'shop'],
    );
  });
});
