/** Vault's dev server with the Kubernetes auth plugin, and moto, the AWS emulator. Both keep everything in memory. */
import { dirname, join } from 'node:path';
import { ManagedProcess } from './processes.ts';

export const VAULT_ROOT_TOKEN = 'root';

export function vault(
  binary: string,
  plugin: string,
  folder: string,
  port: number,
  bind = '127.0.0.1',
): ManagedProcess {
  return new ManagedProcess({
    name: 'vault',
    command: binary,
    args: [
      'server',
      '-dev',
      `-dev-root-token-id=${VAULT_ROOT_TOKEN}`,
      `-dev-listen-address=${bind}:${port}`,
      `-dev-plugin-dir=${dirname(plugin)}`,
      '-dev-no-store-token',
      '-log-level=warn',
    ],
    log: join(folder, 'vault.log'),
    ready: async () => (await fetch(`http://127.0.0.1:${port}/v1/sys/health`)).ok,
  });
}

export function moto(binary: string, folder: string, port: number, bind = '127.0.0.1'): ManagedProcess {
  return new ManagedProcess({
    name: 'moto',
    command: binary,
    args: ['-H', bind, '-p', String(port)],
    log: join(folder, 'moto.log'),
    ready: async () => (await fetch(`http://127.0.0.1:${port}/moto-api/data.json`)).ok,
  });
}
