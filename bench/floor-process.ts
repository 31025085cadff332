/**
 * The bare floor: a program that does nothing but create a Secret and patch a status, for each of the objects it is told, as fast as this
 * API server takes it. A process of its own that starts cold, as the operator does: `floor-process.mjs COUNT`, with `KUBECONFIG` set.
 */
import { externalSecrets, secrets } from '../src/api/resources.ts';
import { systemClock } from '../src/clock.ts';
import { loadKubeConfig } from '../src/kube/config.ts';
import { connect } from '../src/kube/http-client.ts';
import type { KubeObject } from '../src/kube/types.ts';

const NAMESPACE = 'bench';
const IN_FLIGHT = 64;
const count = Number(process.argv[2]);
const kubeconfig = process.env['KUBECONFIG'];
if (kubeconfig === undefined) throw new Error('KUBECONFIG is not set');

const data = { username: 'dXNlcg==', password: 'cGFzc3dvcmQ=', host: 'aG9zdA==' };
const status = {
  refreshTime: '2030-01-01T00:00:00Z',
  syncedResourceVersion: `1-${'0'.repeat(56)}`,
  binding: { name: 'x' },
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'SecretSynced',
      message: 'secret synced',
      lastTransitionTime: '2030-01-01T00:00:00Z',
    },
  ],
};

const client = connect(await loadKubeConfig({ kubeconfig, clock: systemClock }));
let next = 0;
await Promise.all(Array.from({ length: IN_FLIGHT }, write));
// What was measured is read from /proc: the bench ends the process.
setInterval(() => undefined, 60_000);

async function write(): Promise<void> {
  while (next < count) {
    const name = `es-${next++}`;
    await client.create(secrets, { metadata: { namespace: NAMESPACE, name }, data } as KubeObject);
    const options = { type: 'merge', subresource: 'status' } as const;
    await client.patch(externalSecrets, { namespace: NAMESPACE, name }, { status }, options);
  }
}
