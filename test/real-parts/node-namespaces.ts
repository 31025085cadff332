/**
 * The world of the node: network, process and mount namespaces of its own (`scripts/cluster.ts` makes them). The network has no way out:
 * what listens there is reachable for Pods and tests, and for nothing else. When the first process ends, the kernel ends all others and
 * takes away links, addresses and mounts, however that came about.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The node's own address, on its loopback interface: Vault and the AWS emulator listen here too. */
export const NODE_ADDRESS = '10.1.0.1';
/** The first of the API server's Service range: what Pods know as KUBERNETES_SERVICE_HOST. */
const API_SERVICE_ADDRESS = '10.0.0.1';
/** The kubernetes Service's port; the API server listens on it itself, so nothing has to be forwarded. */
export const API_SERVICE_PORT = 443;

/** Where kubelet, containerd and CNI plugins write whatever they are told. */
const PRIVATE_FOLDERS = ['/run', '/var/lib', '/var/log'];

/** @throws when the namespaces are the machine's own: nothing is ever changed there */
export async function prepareNamespaces(): Promise<void> {
  const links = JSON.parse(await run('ip', '-json', 'link', 'show')) as readonly {
    ifname: string;
    operstate: string;
  }[];
  if (links.some(({ ifname, operstate }) => ifname !== 'lo' && operstate === 'UP'))
    throw new Error('a node wants namespaces of its own: start it by "npm run test:cluster"');
  for (const folder of PRIVATE_FOLDERS) await run('mount', '-t', 'tmpfs', 'tmpfs', folder);
  await run('ip', 'link', 'set', 'lo', 'up');
  for (const address of [NODE_ADDRESS, API_SERVICE_ADDRESS])
    await run('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
}

async function run(command: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, [...args])).stdout;
}
