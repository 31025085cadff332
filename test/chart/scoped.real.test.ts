/**
 * `scopedRBAC` and the `process…` switches: the controller with the arguments and the rights that Helm renders for them, and no other
 * right. It works, and asks for nothing that it was not given.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pushSecrets, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import {
  entry,
  externalSecret,
  fake,
  from,
  generatedBy,
  pushSecret,
  secret,
  secretStore,
} from '../builders/objects.ts';
import { applyObject } from '../integration/cluster.ts';
import { useEnv } from '../integration/current-env.ts';
import { startOperator } from '../integration/operator.ts';
import { isSynced, isValid, readyOf } from '../integration/views.ts';
import { readAudit } from '../real-parts/audit.ts';
import { readDescription } from '../real-parts/description.ts';
import { kubeconfig } from '../real-parts/kubernetes.ts';
import { Helm, type Values } from './helm.ts';
import { refusals } from './rights.ts';

const env = await useEnv();
const parts = readDescription();
const ACCOUNT = 'external-secrets';

interface Deployment extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
}

/** Installs account and rights, and starts the controller as its Deployment says. @returns the refused requests, when asked. */
async function install(t: TestContext, namespace: string, values: Values): Promise<() => readonly string[]> {
  const helm = new Helm(parts.helm[3]);
  const account = { namespace, name: ACCOUNT };
  await applyObject(env.kube, { apiVersion: 'v1', kind: serviceAccounts.kind, metadata: account });
  const rights = await helm.render({ values, namespace, release: namespace, only: ['rbac.yaml'] });
  for (const object of rights) await applyObject(env.kube, object);
  const [deployment] = (await helm.render({
    values,
    namespace,
    release: namespace,
    only: ['deployment.yaml'],
  })) as readonly Deployment[];
  const args = deployment!.spec.template.spec.containers[0]!.args.filter(
    (arg) => !/^--(?:metrics-addr|live-addr)=/.test(arg),
  );
  const { token } = await env.kube.createToken(account, { expirationSeconds: 3600 });
  const folder = mkdtempSync(join(parts.folder, 'scoped-'));
  const world = { folder, token, kubeconfig: kubeconfig(parts.server, parts.caFile, { token }), aws: parts.moto };
  const running = await startOperator(world, env.machine.clock, args, { POD_NAMESPACE: namespace });
  t.after(() => running.stop());
  const user = `system:serviceaccount:${namespace}:${ACCOUNT}`;
  return () => {
    const asked = readAudit(parts.auditLog).filter((event) => event.user.username === user);
    assert.ok(asked.length > 10, 'the audit log knows nothing of the account');
    return refusals(asked);
  };
}

const common = { serviceAccount: { name: ACCOUNT }, rbac: { servicebindings: { create: false } } };

async function works(namespace: string): Promise<void> {
  await env.apply(
    {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: 'UUID',
      metadata: { namespace, name: 'id' },
      spec: {},
    } as KubeObject,
    secretStore(namespace, 'store', fake({ user: 'u1' })),
    secret(namespace, 'source', { key: 'k' }),
  );
  await isValid(env, namespace, 'store');
  await env.apply(
    externalSecret(namespace, 'es', from('store'), entry('user', 'user')),
    externalSecret(namespace, 'made', generatedBy('UUID', 'id')),
    pushSecret(namespace, 'push', 'source', 'store', { key: 'remote' }, { deletionPolicy: 'Delete' }),
  );
  await isSynced(env, namespace, 'es');
  await isSynced(env, namespace, 'made');
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, 'push'), /^True Synced/));
  assert.notDeepEqual(await env.events(namespace, 'es'), []);
}

test('with Roles only it serves its namespace, and asks for nothing beyond it', async (t) => {
  const namespace = await env.namespace('scoped');
  const refused = await install(t, namespace, { ...common, scopedRBAC: true, scopedNamespace: namespace });
  await works(namespace);
  assert.deepEqual(refused(), []);
});

test('without cluster kinds it serves all namespaces, and asks for none of their rights', async (t) => {
  const namespace = await env.namespace('plain');
  const off = ['ClusterStore', 'ClusterExternalSecret', 'ClusterPushSecret', 'ClusterGenerator'];
  const switches = Object.fromEntries(off.map((name) => [`process${name}`, false]));
  const refused = await install(t, namespace, { ...common, ...switches });
  await works(await env.namespace('anywhere'));
  assert.deepEqual(refused(), []);
});

test('without pushing it does not ask for PushSecrets', async (t) => {
  const namespace = await env.namespace('pull');
  const refused = await install(t, namespace, { ...common, processPushSecret: false, processClusterPushSecret: false });
  const elsewhere = await env.namespace('anywhere');
  await env.apply(secretStore(elsewhere, 'store', fake({ user: 'u1' })));
  await isValid(env, elsewhere, 'store');
  await env.apply(externalSecret(elsewhere, 'es', from('store'), entry('user', 'user')));
  await isSynced(env, elsewhere, 'es');
  assert.deepEqual(refused(), []);
});
