/**
 * The manifests of the user documents, in their shape (API versions, fields, spellings) with names of our own, applied as YAML. What
 * each field does is tested elsewhere; here they must simply work.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { secret, serviceAccount } from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './operator.ts';
import { dataOf, holds, isSynced, isValid, secretOf, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
await env.startOperator();
const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

before(async () => {
  await env.vault.api('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } });
  await env.eventually(() => env.vault.put('kv', 'ready', { yes: '1' }));
  await env.enableKubernetesAuth();
});

/** `kubectl apply -n <namespace> -f -`: what has no namespace of its own, and is not cluster-scoped, goes there. */
async function apply(namespace: string, yaml: string): Promise<void> {
  for (const document of parseAllDocuments(yaml)) {
    const object = document.toJS() as KubeObject;
    const scoped = object.kind?.startsWith('Cluster') === true ? {} : { namespace };
    await env.apply({ ...object, metadata: { ...scoped, ...object.metadata } });
  }
}

function role(name: string): string {
  return `arn:aws:iam::111122223333:role/${name}`;
}

test('walk-through: a cluster store by a ServiceAccount’s role, whole JSON object each three minutes', async () => {
  const namespace = await env.namespace('walk');
  await env.aws.trustRole(role('walk'), { subjects: [`system:serviceaccount:${OPERATOR_NAMESPACE}:aws-reader`] });
  await env.aws.putSecret('walk-secret', '{"user":"u","pass":"p"}', { region: 'us-east-1' });
  await apply(
    OPERATOR_NAMESPACE,
    `
apiVersion: v1
kind: ServiceAccount
metadata:
  annotations:
    ${ROLE_ANNOTATION}: ${role('walk')}
  name: aws-reader
  namespace: ${OPERATOR_NAMESPACE}
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: walk-secrets
spec:
  provider:
    aws:
      service: SecretsManager
      region: us-east-1
      auth:
        jwt:
          serviceAccountRef:
            name: aws-reader
            namespace: ${OPERATOR_NAMESPACE}
`,
  );
  await apply(
    namespace,
    `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: walk-secret
spec:
  refreshInterval: 3m0s
  secretStoreRef:
    kind: ClusterSecretStore
    name: walk-secrets
  dataFrom:
  - extract:
      key: walk-secret
  target:
    creationPolicy: Owner
    name: walk-secret
`,
  );
  await holds(env, namespace, 'walk-secret', { user: 'u', pass: 'p' });
  const stored = await env.kube.get<ExternalSecret>(externalSecrets, { namespace, name: 'walk-secret' });
  assert.equal(stored.spec?.refreshInterval, '3m0s');
});

test('production guide: AWS and Vault side by side in v1beta1, a rotation, and a forced sync', async () => {
  const namespace = await env.namespace('pay');
  await env.aws.trustRole(role('pay'), { subjects: [`system:serviceaccount:${namespace}:eso-aws`] });
  await env.aws.putSecret('pay/feed', '{"api_key":"k","endpoint":"https://x"}', { region: 'ap-south-1' });
  const policy = ['db', 'api'].map((name) => `path "kv/data/pay/${name}" { capabilities = ["read"] }`).join('\n');
  await env.vault.api('PUT', 'sys/policies/acl/pay-read', { policy });
  await env.vault.api('POST', 'auth/kubernetes/role/eso-pay', {
    bound_service_account_names: 'eso-vault',
    bound_service_account_namespaces: namespace,
    policies: 'pay-read',
    ttl: '15m',
  });
  await env.vault.put('kv', 'pay/db', { username: 'app', password: 'one' });
  await env.apply(
    serviceAccount(namespace, 'eso-aws', { [ROLE_ANNOTATION]: role('pay') }),
    serviceAccount(namespace, 'eso-vault'),
  );
  await apply(
    namespace,
    `
apiVersion: external-secrets.io/v1beta1
kind: SecretStore
metadata:
  name: aws-secretsmanager
  namespace: ${namespace}
spec:
  provider:
    aws:
      service: SecretsManager
      region: ap-south-1
      auth:
        jwt:
          serviceAccountRef:
            name: eso-aws
---
apiVersion: external-secrets.io/v1beta1
kind: SecretStore
metadata:
  name: vault-backend
  namespace: ${namespace}
spec:
  provider:
    vault:
      server: "${env.vault.address}"
      path: "kv"
      version: "v2"
      auth:
        kubernetes:
          mountPath: "kubernetes"
          role: "eso-pay"
          serviceAccountRef:
            name: eso-vault
---
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
metadata:
  name: pay-db
  namespace: ${namespace}
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: vault-backend
    kind: SecretStore
  target:
    name: pay-db-secret
    creationPolicy: Owner
  data:
    - secretKey: DB_USERNAME
      remoteRef:
        key: pay/db
        property: username
    - secretKey: DB_PASSWORD
      remoteRef:
        key: pay/db
        property: password
---
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
metadata:
  name: feed
  namespace: ${namespace}
spec:
  refreshInterval: 15m
  secretStoreRef:
    name: aws-secretsmanager
    kind: SecretStore
  target:
    name: feed-secret
    creationPolicy: Owner
    template:
      type: Opaque
  dataFrom:
    - extract:
        key: pay/feed
`,
  );
  await holds(env, namespace, 'pay-db-secret', { DB_USERNAME: 'app', DB_PASSWORD: 'one' });
  await holds(env, namespace, 'feed-secret', { api_key: 'k', endpoint: 'https://x' });
  const rows = (await env.kubectl('get', 'externalsecret', '-n', namespace, '--no-headers')).trim().split('\n');
  assert.equal(rows.length, 2);
  for (const row of rows) assert.match(row, /SecretSynced\s+True/);
  await env.vault.put('kv', 'pay/db', { username: 'app', password: 'two' });
  const annotations = { 'force-sync': '1700000000' };
  await env.kube.patch(externalSecrets, { namespace, name: 'pay-db' }, { metadata: { annotations } });
  await holds(env, namespace, 'pay-db-secret', { DB_USERNAME: 'app', DB_PASSWORD: 'two' }, 5_000);
});

test('tutorial: a plain and a JSON secret in v1beta1, once the store is corrected as the refusal says', async () => {
  const namespace = await env.namespace('app');
  await env.aws.trustRole(role('app'), { subjects: [`system:serviceaccount:${namespace}:${OPERATOR_ACCOUNT}`] });
  await env.aws.putSecret('app-api-key', 'sk-123', { region: 'eu-west-1' });
  const json = '{"username":"dba","password":"s3cur3P@ss!","host":"db.example.com","port":5432}';
  await env.aws.putSecret('app-database', json, { region: 'eu-west-1' });
  const store = (namespaceLine: string): string => `
apiVersion: external-secrets.io/v1beta1
kind: SecretStore
metadata:
  name: aws-store
  namespace: ${namespace}
spec:
  provider:
    aws:
      service: SecretsManager
      region: eu-west-1
      auth:
        jwt:
          serviceAccountRef:
            name: ${OPERATOR_ACCOUNT}
            ${namespaceLine}
`;
  const wanted = (name: string, data: string): string => `
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  refreshInterval: "1h"
  secretStoreRef:
    name: aws-store
    kind: SecretStore
  target:
    name: ${name}-secret
    creationPolicy: Owner
  data: ${data}
`;
  const of = (key: string, property: string) =>
    `{ secretKey: ${property}, remoteRef: { key: ${key}, property: ${property} } }`;
  await apply(namespace, store(`namespace: ${OPERATOR_NAMESPACE}`));
  await apply(namespace, wanted('api-key', '[{ secretKey: api-key, remoteRef: { key: app-api-key } }]'));
  const four = ['username', 'password', 'host', 'port'].map((property) => of('app-database', property));
  await apply(namespace, wanted('database', `[${four.join(', ')}]`));
  await storeFailsWith(env, namespace, 'aws-store', /create the ServiceAccount in namespace/);
  assert.equal(await secretOf(env, namespace, 'api-key-secret'), undefined);
  await env.apply(serviceAccount(namespace, OPERATOR_ACCOUNT, { [ROLE_ANNOTATION]: role('app') }));
  await apply(namespace, store(''));
  await holds(env, namespace, 'api-key-secret', { 'api-key': 'sk-123' }, 5_000);
  await holds(env, namespace, 'database-secret', {
    username: 'dba',
    password: 's3cur3P@ss!',
    host: 'db.example.com',
    port: '5432',
  });
  const rows = (await env.kubectl('get', 'secrets', '-n', namespace, '--no-headers')).trim().split('\n');
  const types = rows.map((row) => row.split(/\s+/).slice(0, 3).join(' ')).toSorted();
  assert.deepEqual(types, ['api-key-secret Opaque 1', 'database-secret Opaque 4']);
});

test('course: static keys and one role for a store of each service, then the same store by IRSA', async () => {
  const namespace = await env.namespace('course');
  await env.aws.addAccessKey('AKIACOURSE', 'course-key', 'course');
  await env.aws.trustRole(role('course'), {
    principals: ['arn:aws:iam::111122223333:user/course'],
    subjects: [`system:serviceaccount:${namespace}:course`],
  });
  await env.aws.putSecret('dev/db', 'from secrets manager', { region: 'us-east-2' });
  await env.aws.putParameter('/dev/db', 'from parameter store', { type: 'SecureString', region: 'us-east-2' });
  await env.apply(
    secret(namespace, 'aws-credentials', { 'access-key': 'AKIACOURSE', 'secret-access-key': 'course-key' }),
    serviceAccount(namespace, 'course', { [ROLE_ANNOTATION]: role('course') }),
  );
  const store = (name: string, service: string): string => `
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: ${name}
spec:
  provider:
    aws:
      service: ${service}
      role: ${role('course')}
      region: us-east-2
      auth:
        secretRef:
          accessKeyIDSecretRef:
            name: aws-credentials
            key: access-key
          secretAccessKeySecretRef:
            name: aws-credentials
            key: secret-access-key
`;
  const wanted = (name: string, key: string): string => `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: ${name}
spec:
  secretStoreRef: { name: ${name}, kind: SecretStore }
  data: [{ secretKey: value, remoteRef: { key: ${key} } }]
`;
  await apply(namespace, store('secrets-manager', 'SecretsManager'));
  await apply(namespace, store('parameter-store', 'ParameterStore'));
  await apply(namespace, wanted('secrets-manager', 'dev/db'));
  await apply(namespace, wanted('parameter-store', '/dev/db'));
  await holds(env, namespace, 'secrets-manager', { value: 'from secrets manager' });
  await holds(env, namespace, 'parameter-store', { value: 'from parameter store' });
  const irsa = { auth: { jwt: { serviceAccountRef: { name: 'course' } }, secretRef: null }, role: null };
  const target = { namespace, name: 'secrets-manager' };
  await env.kube.patch(secretStores, target, { spec: { provider: { aws: irsa } } });
  await env.eventually(() => {
    const calls = env.aws.recorded().filter(({ action }) => action === 'AssumeRoleWithWebIdentity');
    assert.ok(calls.some(({ input }) => input['RoleArn'] === role('course')));
  });
  await isValid(env, namespace, 'secrets-manager');
  await isSynced(env, namespace, 'secrets-manager');
  assert.deepEqual(await dataOf(env, namespace, 'secrets-manager'), { value: 'from secrets manager' });
});
