/** The reference install, word for word, and what a person looks at right after it (J01, J02). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apply, clean, get, install, kubectl, list, NAMESPACE, namespace, pods, upgrade } from './cluster.ts';
import type { Read } from './cluster.ts';
import { scrape } from './forward.ts';
import { fakeStore, fromFake, valuesOf } from './objects.ts';

const COMPONENTS = ['external-secrets', 'external-secrets-webhook', 'external-secrets-cert-controller'] as const;
const bad = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: 'bad', namespace: 'default' },
};

let notes = '';
before(async () => {
  await clean();
  await namespace(NAMESPACE, { 'pod-security.kubernetes.io/enforce': 'restricted' });
  notes = await install();
});
after(clean);

interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: object;
}

function containersOf(pod: Read): readonly ContainerStatus[] {
  return (pod.status?.['containerStatuses'] ?? []) as readonly ContainerStatus[];
}

test('an invalid object is refused in our words at the first attempt, a valid one is taken', async () => {
  const refused = apply({ ...bad, spec: { secretStoreRef: { name: 'store' } } });
  await assert.rejects(refused, /denied the request: spec\.data and spec\.dataFrom are both empty/);
  await apply(fakeStore('default'), fromFake('default', 'first'));
  assert.deepEqual(await valuesOf('default', 'first'), { password: 'from-the-backend' });
});

test('three Pods run, one container each, ready, never restarted', async () => {
  assert.equal((await list('pods', `--namespace=${NAMESPACE}`)).length, 3);
  for (const component of COMPONENTS) {
    const [pod, ...more] = await pods(component);
    assert.ok(pod !== undefined && more.length === 0);
    assert.ok(pod.metadata.name?.startsWith(`${component}-`));
    const [container] = containersOf(pod);
    assert.deepEqual([pod.status?.['phase'], container?.ready, container?.restartCount], ['Running', true, 0]);
  }
});

test('the notes say that ServiceMonitors were left out, and the CRDs are listed', async () => {
  assert.match(notes, /^WARNING: ServiceMonitor/m);
  const names = (await list('crd')).map(({ metadata }) => metadata.name);
  for (const plural of ['externalsecrets', 'secretstores', 'clustersecretstores', 'pushsecrets'])
    assert.ok(names.includes(`${plural}.external-secrets.io`));
});

test('the Service offers 443 and leads to 9443 of the Pod', async () => {
  const service = await get('service', 'external-secrets-webhook');
  const [port] = (service?.spec?.['ports'] ?? []) as readonly { port: number; targetPort: string }[];
  assert.deepEqual([port?.port, port?.targetPort], [443, 'webhook']);
  const slices = await list('endpointslices', `--namespace=${NAMESPACE}`);
  assert.deepEqual((slices[0] as unknown as { ports: readonly { port: number }[] }).ports[0]?.port, 9443);
});

test('kubectl logs by the published selector shows JSON lines of the controller only', async () => {
  const logs = await kubectl(['--namespace', NAMESPACE, 'logs', '--selector=app.kubernetes.io/name=external-secrets']);
  const lines = logs.trim().split('\n');
  assert.ok(lines.every((line) => typeof (JSON.parse(line) as { msg: unknown }).msg === 'string'));
});

test('metrics of all three Pods parse, and the sync is counted', async () => {
  const samples = await scrape('deploy/external-secrets');
  const synced = samples.get('externalsecret_sync_calls_total{name="first",namespace="default"}');
  assert.ok(synced !== undefined && synced >= 1);
  for (const component of COMPONENTS) assert.ok((await scrape(`deploy/${component}`)).size > 10);
});

test('the process is user 1000, writes nowhere, and there is no shell', async () => {
  const exec = (...command: readonly string[]) =>
    kubectl(['--namespace', NAMESPACE, 'exec', 'deploy/external-secrets', '--', ...command]);
  const probe = `const codes = ['/x', '/app/x', '/bin/x'].map((file) => {
    try { require('fs').writeFileSync(file, ''); return 'written'; } catch (error) { return error.code; }
  }); console.log(JSON.stringify([process.getuid(), ...codes]));`;
  assert.deepEqual(JSON.parse(await exec('/usr/bin/node', '-e', probe)), [1000, 'EROFS', 'EROFS', 'EROFS']);
  await assert.rejects(exec('/bin/sh', '-c', 'true'), /no such file or directory/);
});

test('an upgrade with other values rolls what changed, and applying goes on', async () => {
  const webhook = (await pods('external-secrets-webhook')).map(({ metadata }) => metadata.uid);
  await upgrade({ concurrent: 3, 'livenessProbe.enabled': true, 'readinessProbe.enabled': true });
  assert.deepEqual(
    (await pods('external-secrets-webhook')).map(({ metadata }) => metadata.uid),
    webhook,
  );
  await apply(fromFake('default', 'second'));
  assert.deepEqual(await valuesOf('default', 'second'), { password: 'from-the-backend' });
  const [controller] = await pods('external-secrets');
  const containers = (controller?.spec?.['containers'] ?? []) as readonly { args: readonly string[] }[];
  assert.ok(containers[0]?.args.includes('--concurrent=3'));
});

test('kubectl rollout restart brings new Pods, and nothing that is not due is written', async () => {
  const version = async () => (await get('secret', 'first', 'default'))?.metadata.resourceVersion;
  const before = await version();
  const deployments = COMPONENTS.map((component) => `deployment/${component}`);
  await kubectl(['--namespace', NAMESPACE, 'rollout', 'restart', ...deployments]);
  for (const each of deployments) await kubectl(['--namespace', NAMESPACE, 'rollout', 'status', each, '--timeout=90s']);
  await apply(fromFake('default', 'third'));
  assert.deepEqual(await valuesOf('default', 'third'), { password: 'from-the-backend' });
  assert.equal(await version(), before);
});
