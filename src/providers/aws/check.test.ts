import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stable } from './errors.ts';
import { aws, awsSpec } from './spec.ts';

const base = { service: 'SecretsManager', region: 'eu-central-1' };
const own = { kind: 'SecretStore', namespace: 'shop' } as const;
const cluster = { kind: 'ClusterSecretStore', namespace: '' } as const;
const keys = (namespace?: string) => ({
  secretRef: {
    accessKeyIDSecretRef: { name: 'a', key: 'id', namespace },
    secretAccessKeySecretRef: { name: 'a', key: 'key', namespace },
  },
});
const check = (more: object, store: typeof own | typeof cluster = own) =>
  aws.check(awsSpec.parse({ ...base, ...more }), store).errors;
const depends = (more: object) => aws.dependsOnNamespace(awsSpec.parse({ ...base, ...more }));

test('a region that makes no host name is refused, every other text is not', () => {
  for (const region of ['eu-central-1', 'moon-1', '', 'x/y']) assert.deepEqual(check({ region }), []);
  assert.match(check({ region: 'eu central' })[0]!, /region/);
});

test('a recovery window is 7 to 30 days and excludes deleting at once', () => {
  for (const days of [0, 7, 30]) assert.deepEqual(check({ secretsManager: { recoveryWindowInDays: days } }), []);
  assert.equal(check({ secretsManager: { recoveryWindowInDays: 6 } }).length, 1);
  assert.equal(check({ secretsManager: { recoveryWindowInDays: 31 } }).length, 1);
  assert.equal(check({ secretsManager: { recoveryWindowInDays: 7, forceDeleteWithoutRecovery: true } }).length, 1);
});

test('a SecretStore may name its own namespace only, a ClusterSecretStore any', () => {
  assert.deepEqual(check({ auth: keys('shop') }), []);
  assert.equal(check({ auth: keys('other') }).length, 2);
  assert.deepEqual(check({ auth: keys('other') }, cluster), []);
  assert.match(
    check({ auth: { jwt: { serviceAccountRef: { name: 'a', namespace: 'x' } } } })[0]!,
    /auth\.jwt\.serviceAccountRef/,
  );
});

test('credentials without a namespace, or tags that carry one, make an identity per namespace', () => {
  assert.equal(depends({ auth: keys() }), true);
  assert.equal(depends({ auth: keys('ops') }), false);
  assert.equal(depends({}), false);
  assert.equal(depends({ auth: { ...keys(), jwt: { serviceAccountRef: { name: 'a', namespace: 'ops' } } } }), false);
  assert.equal(depends({ role: 'arn:aws:iam::111122223333:role/r', sessionTagsPolicy: 'Simple' }), true);
  assert.equal(depends({ sessionTagsPolicy: 'Simple' }), false);
});

test('the schema refuses a service in the wrong case and reserved tags', () => {
  assert.match(awsSpec.safeParse({ ...base, service: 'parameterstore' }).error!.message, /ParameterStore/);
  assert.equal(awsSpec.safeParse({ ...base, customSessionTags: { esoNamespace: 'x' } }).success, false);
});

test('what differs from try to try is taken out of messages', () => {
  const id = '5f0c1b2a-1111-2222-3333-444455556666';
  assert.equal(stable(`Denied. Request ID: ${id}`), 'Denied');
  assert.equal(stable(`Denied, RequestID: ${id}`), 'Denied');
  assert.equal(
    stable('Signature expired: 20300101T000000Z is now earlier'),
    'Signature expired: <time> is now earlier',
  );
  assert.equal(stable('No. Encoded authorization failure message: AbC-123'), 'No.');
});
