/** One namespace only, with Roles instead of ClusterRoles. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apply, clean, get, install, kubectl, list, namespace, pods, REFERENCE, SOON } from './cluster.ts';
import { fakeStore, fromFake, valuesOf } from './objects.ts';

before(async () => {
  await clean();
  await namespace('team-a');
  await install(REFERENCE, {
    ...SOON,
    scopedRBAC: true,
    scopedNamespace: 'team-a',
    'rbac.servicebindings.create': false,
  });
});
after(clean);

test('the controller has no ClusterRole, and its account may read Secrets of its namespace only', async () => {
  const roles = await list('clusterroles', '--selector=app.kubernetes.io/name=external-secrets');
  assert.deepEqual(
    roles.map(({ metadata }) => metadata.name),
    [],
  );
  const may = (where: string) =>
    kubectl([
      'auth',
      'can-i',
      'list',
      'secrets',
      '--as=system:serviceaccount:external-secrets:external-secrets',
      where,
    ]);
  assert.equal((await may('--namespace=team-a')).trim(), 'yes');
  await assert.rejects(may('--namespace=default'), { stdout: 'no\n' });
});

test('what is in the namespace is synced, what is elsewhere is left alone', async () => {
  await apply(fakeStore('default'), fromFake('default', 'elsewhere'));
  await apply(fakeStore('team-a'), fromFake('team-a', 'here'));
  assert.deepEqual(await valuesOf('team-a', 'here'), { password: 'from-the-backend' });
  assert.equal((await get('externalsecret', 'elsewhere', 'default'))?.status, undefined);
  assert.equal(await get('secret', 'elsewhere', 'default'), undefined);
});

test('nothing it does is refused', async () => {
  const [pod] = await pods('external-secrets');
  const statuses = pod?.status?.['containerStatuses'] as readonly { restartCount: number }[];
  assert.equal(statuses[0]?.restartCount, 0);
  const logs = await kubectl(['--namespace=external-secrets', 'logs', 'deploy/external-secrets', '--tail=-1']);
  // For some seconds after a CRD is made the API server's own check of owners does not know the kind.
  const refused = logs
    .split('\n')
    .filter((line) => /forbidden/i.test(line) && !line.includes('cannot find RESTMapping'));
  assert.deepEqual(refused, []);
});
