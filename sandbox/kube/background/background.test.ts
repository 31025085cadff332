import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import type { Json } from '../json.ts';
import { listAt, textAt } from '../json.ts';
import { widgetDefinition } from '../parity/widget.ts';
import type { SandboxKube } from '../server.ts';
import { startKube } from '../server.ts';
import { MERGE, call, until } from '../test-client.ts';

const CORE = '/api/v1/namespaces/default';

async function sandbox(t: TestContext): Promise<SandboxKube> {
  const kube = await startKube({ clock: new ManualClock(), crds: [widgetDefinition] });
  t.after(() => kube.stop());
  return kube;
}

async function configMap(
  kube: SandboxKube,
  name: string,
): Promise<{ apiVersion: string; kind: string; name: string; uid: string }> {
  const { body } = await call(kube, 'POST', `${CORE}/configmaps`, { metadata: { name } });
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: textAt(body, 'metadata', 'uid') ?? '' };
}

async function owned(kube: SandboxKube, name: string, ...owners: Json[]): Promise<void> {
  await call(kube, 'POST', `${CORE}/secrets`, { metadata: { name, ownerReferences: owners } });
}

const status = async (kube: SandboxKube, path: string): Promise<number> => (await call(kube, 'GET', path)).status;

test('a dependent goes with its last owner, and drops the reference to a dead one before', async (t) => {
  const kube = await sandbox(t);
  const [a, b] = [await configMap(kube, 'a'), await configMap(kube, 'b')];
  await owned(kube, 's', a, b);
  await call(kube, 'DELETE', `${CORE}/configmaps/a`);
  await until(
    async () => listAt((await call(kube, 'GET', `${CORE}/secrets/s`)).body, 'metadata', 'ownerReferences').length === 1,
  );
  await call(kube, 'DELETE', `${CORE}/configmaps/b`);
  await until(async () => (await status(kube, `${CORE}/secrets/s`)) === 404);
});

test('a dependent of an owner that never was is collected', async (t) => {
  const kube = await sandbox(t);
  await owned(kube, 's', { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'never' });
  await until(async () => (await status(kube, `${CORE}/secrets/s`)) === 404);
});

test('orphaned dependents stay and lose the reference', async (t) => {
  const kube = await sandbox(t);
  await owned(kube, 's', await configMap(kube, 'a'));
  await call(kube, 'DELETE', `${CORE}/configmaps/a?propagationPolicy=Orphan`);
  await until(async () => (await status(kube, `${CORE}/configmaps/a`)) === 404);
  const { body } = await call(kube, 'GET', `${CORE}/secrets/s`);
  assert.deepEqual(listAt(body, 'metadata', 'ownerReferences'), []);
});

test('foreground deletion waits for blocking dependents', async (t) => {
  const kube = await sandbox(t);
  const owner = await configMap(kube, 'a');
  await owned(kube, 's', { ...owner, blockOwnerDeletion: true });
  await call(kube, 'PATCH', `${CORE}/secrets/s`, { metadata: { finalizers: ['example.com/f'] } }, MERGE);
  await call(kube, 'DELETE', `${CORE}/configmaps/a`, { propagationPolicy: 'Foreground' });
  await until(
    async () =>
      textAt((await call(kube, 'GET', `${CORE}/secrets/s`)).body, 'metadata', 'deletionTimestamp') !== undefined,
  );
  assert.equal(await status(kube, `${CORE}/configmaps/a`), 200);
  await call(kube, 'PATCH', `${CORE}/secrets/s`, { metadata: { finalizers: null } }, MERGE);
  await until(async () => (await status(kube, `${CORE}/configmaps/a`)) === 404);
});

test('a namespace empties before it goes, and waits for finalizers', async (t) => {
  const kube = await sandbox(t);
  await call(kube, 'POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
  await until(async () => (await status(kube, '/api/v1/namespaces/team/serviceaccounts/default')) === 200);
  const spec = { apiVersion: 'parity.example.com/v1', kind: 'Widget', spec: { size: 1 } };
  const widgets = '/apis/parity.example.com/v1/namespaces/team/widgets';
  await call(kube, 'POST', widgets, { ...spec, metadata: { name: 'held', finalizers: ['example.com/f'] } });
  await call(kube, 'POST', '/api/v1/namespaces/team/secrets', { metadata: { name: 's' } });
  await call(kube, 'DELETE', '/api/v1/namespaces/team');
  await until(async () => (await status(kube, '/api/v1/namespaces/team/secrets/s')) === 404);
  const { body } = await call(kube, 'GET', '/api/v1/namespaces/team');
  assert.equal(textAt(body, 'status', 'phase'), 'Terminating');
  await call(kube, 'PATCH', `${widgets}/held`, { metadata: { finalizers: null } }, MERGE);
  await until(async () => (await status(kube, '/api/v1/namespaces/team')) === 404);
});

test('deleting a definition deletes its objects, then the kind is unknown', async (t) => {
  const kube = await sandbox(t);
  const widgets = '/apis/parity.example.com/v1/namespaces/default/widgets';
  await call(kube, 'POST', widgets, {
    apiVersion: 'parity.example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec: { size: 1 },
  });
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.parity.example.com';
  const { body } = await call(kube, 'GET', definitions);
  assert.equal(listAt(body, 'status', 'conditions').length, 2);
  await call(kube, 'DELETE', definitions);
  await until(async () => (await status(kube, definitions)) === 404);
  assert.equal((await fetch(kube.url + widgets)).status, 404);
});
