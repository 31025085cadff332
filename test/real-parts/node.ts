/** kube-scheduler and kubelet: with containerd they make the control plane a cluster of one node on which Pods really run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerdSocket } from './containerd.ts';
import { NODE_ADDRESS } from './node-namespaces.ts';
import { ManagedProcess } from './processes.ts';

export const NODE_NAME = 'node';
const KUBELET_PORT = 10250;
const HEALTH_PORT = 10248;

export interface NodeSettings {
  readonly folder: string;
  /** Path of the kubeconfig that both use. */
  readonly kubeconfig: string;
  /** Whether the API server knows the node as ready. */
  readonly isReady: () => Promise<boolean>;
}

export function kubelet(binary: string, { folder, kubeconfig, isReady }: NodeSettings): ManagedProcess {
  const root = join(folder, 'kubelet');
  mkdirSync(root, { recursive: true });
  const config = join(folder, 'kubelet.json');
  writeFileSync(config, JSON.stringify(kubeletConfiguration(folder)));
  return new ManagedProcess({
    name: 'kubelet',
    command: binary,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--config=${config}`,
      `--root-dir=${root}`,
      `--cert-dir=${join(root, 'pki')}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${NODE_ADDRESS}`,
    ],
    log: join(folder, 'kubelet.log'),
    ready: isReady,
  });
}

/** Anybody may ask this kubelet for anything: only what is on its private network can. */
function kubeletConfiguration(folder: string): object {
  const socket = `unix://${containerdSocket(folder)}`;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    port: KUBELET_PORT,
    healthzPort: HEALTH_PORT,
    containerRuntimeEndpoint: socket,
    imageServiceEndpoint: socket,
    // No DNS: whatever a test names by address.
    resolvConf: '',
    // What machines that are containers themselves do not offer: cgroups of version 2, control over them, no swap.
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    evictionHard: {},
    localStorageCapacityIsolation: false,
    // A token or a Secret that changes is in the Pod within seconds.
    syncFrequency: '10s',
    configMapAndSecretChangeDetectionStrategy: 'Watch',
  };
}

export function scheduler(binary: string, { folder, kubeconfig }: NodeSettings): ManagedProcess {
  return new ManagedProcess({
    name: 'kube-scheduler',
    command: binary,
    args: [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'],
    log: join(folder, 'kube-scheduler.log'),
    ready: () => Promise.resolve(true),
  });
}
