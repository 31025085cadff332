import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secrets, serviceAccounts, configMaps } from '../api/resources.ts';
import { DeniedError } from '../kube/errors.ts';
import type { StoreIdentity } from '../providers/provider.ts';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { selfSigned } from '../telemetry/self-signed.ts';
import { TenantAccess } from './cluster-access.ts';
import { References } from './references.ts';

const store = (kind: StoreIdentity['kind']): StoreIdentity => ({
  kind,
  namespace: kind === 'SecretStore' ? 'shop' : '',
  name: 'sm',
  uid: 's1',
  generation: 1,
});

function world(
  kind: StoreIdentity['kind'],
  namespace: string,
): { kube: FakeKube; access: TenantAccess; references: References } {
  const kube = new FakeKube();
  for (const where of ['shop', 'blue']) {
    kube.put(secrets, {
      metadata: { namespace: where, name: 'aws' },
      data: { id: Buffer.from(`id of ${where}`).toString('base64') },
    } as never);
  }
  kube.put(serviceAccounts, { metadata: { namespace: 'shop', name: 'robot', annotations: { a: 'b' } } });
  const references = new References();
  const options = { client: kube, references, operatorToken: async () => 'own-token\n' };
  return { kube, references, access: new TenantAccess(options, store(kind), namespace, new AbortController().signal) };
}

test('a namespaced store reads its own namespace and nothing else', async () => {
  const { access } = world('SecretStore', 'shop');
  assert.equal((await access.secretKey('auth', { name: 'aws', key: 'id' })).revealText(), 'id of shop');
  assert.equal(
    (await access.secretKey('auth', { name: 'aws', key: 'id', namespace: 'shop' })).revealText(),
    'id of shop',
  );
  await assert.rejects(
    access.secretKey('auth.secretRef', { name: 'aws', key: 'id', namespace: 'blue' }),
    /auth\.secretRef\.namespace is "blue".*own namespace "shop".*use a ClusterSecretStore/,
  );
});

test('a cluster store reads the namespace it names, else that of the consumer, else nothing', async () => {
  const consumer = world('ClusterSecretStore', 'blue').access;
  assert.equal(
    (await consumer.secretKey('auth', { name: 'aws', key: 'id', namespace: 'shop' })).revealText(),
    'id of shop',
  );
  assert.equal((await consumer.secretKey('auth', { name: 'aws', key: 'id' })).revealText(), 'id of blue');
  const alone = world('ClusterSecretStore', '').access;
  await assert.rejects(alone.secretKey('auth', { name: 'aws', key: 'id' }), /auth\.namespace is not set/);
});

test('what is missing is named: object, namespace searched, key, remedy', async () => {
  const { access } = world('SecretStore', 'shop');
  await assert.rejects(
    access.secretKey('auth', { name: 'nope', key: 'id' }),
    /Secret "nope" not found in namespace "shop"; create it there/,
  );
  await assert.rejects(
    access.secretKey('auth', { name: 'aws', key: 'secret' }),
    /Secret shop\/aws has no key "secret"/,
  );
  await assert.rejects(access.secretKey('auth', { name: 'aws' }), /auth\.key is missing/);
  await assert.rejects(
    access.serviceAccount('auth.jwt.serviceAccountRef', { name: 'ghost' }),
    /ServiceAccount "ghost" not found in namespace "shop"/,
  );
});

test('everything read becomes part of the identity and is watched, also what was not found', async () => {
  const { access, references } = world('SecretStore', 'shop');
  await access.secretKey('auth', { name: 'aws', key: 'id' });
  await assert.rejects(access.secretKey('auth', { name: 'later', key: 'id' }));
  assert.deepEqual(
    access.resolved().map(({ kind, name }) => `${kind}/${name}`),
    ['Secret/aws'],
  );
  assert.equal(references.has({ kind: 'Secret', namespace: 'shop', name: 'later' }), true);
});

test('the operator’s own token is for cluster stores only', async () => {
  assert.equal(
    (await world('ClusterSecretStore', 'blue').access.operatorToken('auth.kubernetes')).revealText(),
    'own-token',
  );
  await assert.rejects(
    world('SecretStore', 'shop').access.operatorToken('auth.kubernetes'),
    /cannot use the operator's own token/,
  );
});

test('a refused TokenRequest names the account and the right that is missing', async () => {
  const { access, kube } = world('SecretStore', 'shop');
  kube.createToken = async () => {
    throw new DeniedError('forbidden', { status: 403 });
  };
  await assert.rejects(
    access.serviceAccountToken('auth.jwt.serviceAccountRef', { name: 'robot' }, { audiences: [] }),
    /may not create tokens for ServiceAccount shop\/robot/,
  );
});

test('certificates come from caBundle, else from caProvider, which a cluster store must place', async () => {
  const { access, kube } = world('SecretStore', 'shop');
  const { cert: pem } = selfSigned(['vault'], Date.now());
  const data = { 'ca.crt': pem, mistyped: 'PEM' };
  kube.put(configMaps, { metadata: { namespace: 'shop', name: 'ca' }, data } as never);
  const from = (key: string) =>
    access.certificateAuthority('vault', { caProvider: { type: 'ConfigMap', name: 'ca', key } });
  assert.equal(await from('ca.crt'), pem);
  await assert.rejects(
    from('mistyped'),
    /vault\.caProvider: key "mistyped" of ConfigMap shop\/ca is no PEM certificate/,
  );
  assert.equal(await access.certificateAuthority('vault', {}), undefined);
  await assert.rejects(
    access.certificateAuthority('vault', { caBundle: 'bm90IGEgY2VydA==' }),
    /vault\.caBundle is neither a PEM certificate/,
  );
  await assert.rejects(
    world('ClusterSecretStore', 'blue').access.certificateAuthority('vault', {
      caProvider: { type: 'Secret', name: 'ca', key: 'x' },
    }),
    /caProvider\.namespace is missing/,
  );
});
