/**
 * Starts the real parts on loopback, on free ports, in a temporary folder, and stops them by process id. Order: etcd
 * before kube-apiserver before kube-controller-manager; Vault and moto beside them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moto, vault, VAULT_ROOT_TOKEN } from './backends.ts';
import type { Binaries } from './build.ts';
import { startControl } from './control.ts';
import type { RealParts } from './description.ts';
import { etcd, etcdUrl } from './etcd.ts';
import { apiServer, apiServerFiles, controllerManager, kubeconfig, statusOf } from './kubernetes.ts';
import { freePorts } from './processes.ts';
import type { ManagedProcess } from './processes.ts';

export interface RunningParts {
  readonly description: RealParts;
  /** The file that holds the description. */
  readonly file: string;
  /** Folder with the log of every part; removed by `stop`, unless `keepLogs`. */
  readonly folder: string;
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

/** Where the parts listen and what the API server is told besides; default: loopback, a free port, nothing. */
export interface PartsOptions {
  readonly bind?: string;
  readonly apiPort?: number;
  readonly apiServerArgs?: readonly string[];
}

/**
 * @param prepare called with the path of the administrator's kubeconfig once the API server is up, before the controllers
 * start: the garbage collector looks for new kinds only every 30 s, so CRDs are better there before it.
 */
export async function startParts(
  binaries: Binaries,
  prepare: (kubeconfig: string) => Promise<void>,
  options: PartsOptions = {},
): Promise<RunningParts> {
  const folder = mkdtempSync(join(tmpdir(), 'real-parts-'));
  const started: ManagedProcess[] = [];
  const start = async (part: ManagedProcess): Promise<void> => {
    started.push(part);
    await part.start();
  };
  const stopAll = async (): Promise<void> => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    const { description, close } = await startAll(binaries, folder, start, prepare, options);
    const file = join(folder, 'parts.json');
    writeFileSync(file, JSON.stringify(description), { mode: 0o600 });
    return {
      description,
      file,
      folder,
      async stop({ keepLogs } = {}) {
        await close();
        await stopAll();
        if (keepLogs !== true) rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function startAll(
  binaries: Binaries,
  folder: string,
  start: (part: ManagedProcess) => Promise<void>,
  prepare: (kubeconfig: string) => Promise<void>,
  { bind, apiPort, apiServerArgs = [] }: PartsOptions,
): Promise<{ description: RealParts; close: () => Promise<void> }> {
  const [client, peer, free, vaultPort, motoPort] = (await freePorts(5)) as [number, number, number, number, number];
  const port = apiPort ?? free;
  const server = `https://127.0.0.1:${port}`;
  const adminToken = randomBytes(24).toString('hex');
  const files = apiServerFiles(folder, adminToken);
  const settings = { port, etcd: etcdUrl(client), adminToken, args: apiServerArgs, ...(bind && { bind }) };
  const api = apiServer(binaries['kube-apiserver'], files, settings);
  const backend = vault(binaries.vault, binaries['vault-auth-kubernetes'], folder, vaultPort, bind);

  const cluster = async (): Promise<void> => {
    await start(etcd(binaries.etcd, folder, { client, peer }));
    await start(api);
    const admin = join(folder, 'admin.kubeconfig');
    writeFileSync(admin, kubeconfig(server, files.ca, { token: adminToken }), { mode: 0o600 });
    await prepare(admin);
    const account = `${server}/api/v1/namespaces/default/serviceaccounts/default`;
    const ready = async (): Promise<boolean> => (await statusOf(account, files.ca, adminToken)) === 200;
    await start(controllerManager(binaries['kube-controller-manager'], folder, { kubeconfig: admin, files, ready }));
  };
  await Promise.all([cluster(), start(backend), start(moto(binaries.moto, folder, motoPort, bind))]);

  const control = await startControl({
    '/kube-apiserver/stop': () => api.stop('SIGKILL'),
    '/kube-apiserver/start': () => api.start(),
    '/vault/renew': async () => {
      await backend.stop('SIGKILL');
      await backend.start();
    },
  });
  const description: RealParts = {
    server,
    caFile: files.ca,
    adminToken,
    etcd: etcdUrl(client),
    vault: `http://127.0.0.1:${vaultPort}`,
    vaultRootToken: VAULT_ROOT_TOKEN,
    moto: `http://127.0.0.1:${motoPort}`,
    control: control.url,
    kubectl: binaries.kubectl,
    helm: { 3: binaries.helm3, 4: binaries.helm4 },
    auditLog: files.audit.log,
    folder,
  };
  return { description, close: () => control.close() };
}
