/**
 * Every set of values is rendered and shown to a real API server, which checks each object as if it were to store it, unknown
 * fields and names included. None gives a right that is not proven (`rights-judge.ts`).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../src/kube/types.ts';
import { chartRights } from '../integration/chart-rights.ts';
import { startCluster, type ChartCluster } from './cluster.ts';
import { FOREIGN_CRDS } from './foreign-crds.ts';
import { CHART, NAMESPACE, objectsIn } from './helm.ts';
import { describe, rightsOf } from './rights.ts';
import { VALUE_SETS } from './value-sets.ts';
import { kubernetesMinor } from '../real-parts/parts.ts';

const PROVEN = chartRights();
/** The group that the set "generic targets" names in `genericTargets.resources`. */
const OF_THE_USER = 'apps';

let cluster: ChartCluster;
before(async () => {
  cluster = await startCluster();
  await cluster.kubectl(['create', 'namespace', NAMESPACE]);
  await cluster.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted']);
  await cluster.kubectl(
    ['apply', '--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: FOREIGN_CRDS }),
  );
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
});
after(() => cluster.stop());

test('there are at least 40 sets', () => assert.ok(Object.keys(VALUE_SETS).length >= 40));

/** Before 1.36 the name of a Service could not begin with a digit. */
const SINCE_1_36: ReadonlySet<string> = new Set(['a release name that is a number']);
const isOlder = kubernetesMinor(process.env) === '1.35';

for (const [name, options] of Object.entries(VALUE_SETS)) {
  const skip = isOlder && SINCE_1_36.has(name) && 'Kubernetes 1.35 refuses the names';
  test(`the API server takes what comes of: ${name}`, { skip }, async () => {
    const text = await cluster.helm[3].text(options);
    assert.deepEqual(byName(await cluster.helm[4].render(options)), byName(objectsIn(text)));
    const dryRun = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'];
    const printed = await cluster.kubectl(dryRun, text);
    assert.match(printed, /serverside-applied \(server dry run\)/);
    assert.deepEqual(unproven(objectsIn(text)), []);
  });
}

/** Rights that no test shows to be needed. Names of accounts and Secrets depend on the release, so what counts is whether there is one. */
function unproven(objects: readonly KubeObject[]): readonly string[] {
  const more = rightsOf(objects).filter(
    (right) =>
      right.group !== OF_THE_USER &&
      !PROVEN.some(
        ({ group, resource, verb, name }) =>
          group === right.group &&
          resource === right.resource &&
          verb === right.verb &&
          (name === undefined || right.name !== undefined),
      ),
  );
  return more.map(describe);
}

for (const major of [3, 4] as const) {
  test(`helm ${major} lint has no complaint`, async () => {
    assert.match(await cluster.helm[major].run('lint', CHART, '--strict'), /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });
}

/** Helm 3 and 4 sort kinds they do not know differently. */
function byName(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  const named = objects.map((it) => [`${it.kind} ${it.metadata.namespace}/${it.metadata.name}`, it] as const);
  return new Map(named.toSorted(([a], [b]) => a.localeCompare(b)));
}
