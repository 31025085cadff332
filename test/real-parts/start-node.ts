/** The real parts with a node: Pods run. Order: control plane and backends, containerd and its images, kubelet and scheduler. */
import { join } from 'node:path';
import type { Binaries, NodeBinaries } from './build.ts';
import { containerd, importImage } from './containerd.ts';
import { statusOf } from './kubernetes.ts';
import { API_SERVICE_PORT, NODE_ADDRESS, prepareNamespaces } from './node-namespaces.ts';
import { kubelet, NODE_NAME, scheduler } from './node.ts';
import type { ManagedProcess } from './processes.ts';
import { startParts } from './start.ts';
import type { RunningParts } from './start.ts';

export interface NodeInput {
  readonly binaries: Binaries;
  readonly node: NodeBinaries;
  /** Archives of the images that Pods use, the pause image among them. */
  readonly images: readonly string[];
}

const EVERYWHERE = '0.0.0.0';

/** Must run in namespaces of its own, as root. @throws when one of the programs does not start. */
export async function startNode({ binaries, node, images }: NodeInput): Promise<RunningParts> {
  await prepareNamespaces();
  const parts = await startParts(binaries, () => Promise.resolve(), {
    bind: EVERYWHERE,
    apiPort: API_SERVICE_PORT,
    // Webhooks are called at the addresses of their Pods: nobody here makes Service addresses work.
    apiServerArgs: ['--enable-aggregator-routing=true', '--kubelet-preferred-address-types=InternalIP'],
  });
  const started: ManagedProcess[] = [];
  const start = async (part: ManagedProcess): Promise<void> => {
    started.push(part);
    await part.start();
  };
  const stop: RunningParts['stop'] = async (options) => {
    for (const part of started.toReversed()) await part.stop();
    await parts.stop(options);
  };
  try {
    const { folder } = parts;
    await start(containerd(folder));
    for (const image of images) await importImage(folder, image);
    const settings = { folder, kubeconfig: join(folder, 'admin.kubeconfig'), isReady: () => isNodeReady(parts) };
    await Promise.all([start(scheduler(node['kube-scheduler'], settings)), start(kubelet(node.kubelet, settings))]);
    return { ...parts, stop };
  } catch (error) {
    await stop({ keepLogs: true });
    throw error;
  }
}

/** The address under which Pods reach what listens on the node, e.g. Vault. */
export function seenByPods(url: string): string {
  return url.replace('127.0.0.1', NODE_ADDRESS);
}

/** The kubelet has said so: its Lease exists from its first heartbeat on. */
async function isNodeReady({ description }: RunningParts): Promise<boolean> {
  const { server, caFile, adminToken } = description;
  const lease = `${server}/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${NODE_NAME}`;
  return (await statusOf(lease, caFile, adminToken)) === 200;
}
