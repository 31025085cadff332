/** containerd with runc and the CNI plugins of the machine, on folders of its own; and how images come into it. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ManagedProcess } from './processes.ts';

/** Name under which the program that holds a Pod's namespaces open is known to containerd. */
export const PAUSE_IMAGE = 'localhost/pause:1';

/** Addresses of Pods; the first is the node's, on the bridge. */
const POD_SUBNET = '10.2.0.0/24';
const CNI_PLUGINS = '/usr/lib/cni';
/** The namespace in which the kubelet looks. */
const KUBERNETES_IMAGES = 'k8s.io';

/** The socket a kubelet talks to, in `folder`. */
export function containerdSocket(folder: string): string {
  return join(folder, 'containerd.sock');
}

export function containerd(folder: string): ManagedProcess {
  const networks = join(folder, 'cni');
  mkdirSync(networks, { recursive: true });
  writeFileSync(join(networks, '10-pods.conflist'), JSON.stringify(podNetwork(join(folder, 'cni-addresses'))));
  const config = join(folder, 'containerd.toml');
  writeFileSync(config, settings(folder, networks));
  const socket = containerdSocket(folder);
  return new ManagedProcess({
    name: 'containerd',
    command: 'containerd',
    args: [`--config=${config}`, `--address=${socket}`],
    log: join(folder, 'containerd.log'),
    ready: async () => {
      await ctr(folder, ['version']);
      return true;
    },
  });
}

/** Loads an archive as `buildah push … docker-archive:` writes it. The image keeps the name that is in there. */
export async function importImage(folder: string, archive: string): Promise<void> {
  await ctr(folder, ['--namespace', KUBERNETES_IMAGES, 'images', 'import', '--no-unpack', archive]);
}

async function ctr(folder: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('ctr', ['--address', containerdSocket(folder), ...args]);
}

/**
 * Machines that are containers themselves lack the right to lower an OOM score, and AppArmor: hence the two settings.
 * `max_concurrent_downloads` is without meaning here, no registry is ever asked.
 */
function settings(folder: string, networks: string): string {
  return `version = 2
root = "${join(folder, 'containerd-root')}"
state = "${join(folder, 'containerd-state')}"
[grpc]
  address = "${containerdSocket(folder)}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${networks}"
`;
}

function podNetwork(addresses: string): object {
  const ipam = {
    type: 'host-local',
    dataDir: addresses,
    ranges: [[{ subnet: POD_SUBNET }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'pods0', isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  return { cniVersion: '0.4.0', name: 'pods', plugins: [bridge, { type: 'loopback' }] };
}
