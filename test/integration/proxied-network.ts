/**
 * A network in which an operator of its own process knows no way out but an HTTP proxy: AWS, Vault and the API server of the env have names
 * there that no name server knows, and certificates for them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { issueServer, makeAuthority } from '../../src/certificates/authority.ts';
import { connectProxy, type ConnectProxy } from '../builders/connect-proxy.ts';
import { tlsFront, type TlsFront } from '../builders/tls-front.ts';
import type { Env } from './env.ts';

export const AWS_HOST = 'secretsmanager.aws.invalid';
export const VAULT_HOST = 'vault.invalid';
/** A name that the certificate of a real API server has. */
export const API_HOST = 'kubernetes.default';
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Disposing of it stops its operators first. */
export interface ProxiedNetwork extends AsyncDisposable {
  readonly proxy: ConnectProxy;
  /** What proves the certificates of AWS and Vault: a file, and what a store's `caBundle` says. */
  readonly authority: { readonly file: string; readonly bundle: string };
  /** Ports of this machine behind the names. */
  readonly ports: { readonly api: number; readonly aws: number; readonly vault: number };
  /** A kubeconfig for the controller that has the API server at `https://<address>`, known by {@link API_HOST}. */
  kubeconfigAt(address: string): string;
  /** Starts an operator for one namespace; resolves when it has said something, or has ended. Its environment: what is given, and nothing of this process's own. */
  start(namespace: string, environment: Readonly<Record<string, string>>): Promise<ProxiedOperator>;
}

export interface ProxiedOperator {
  /** What it wrote to both of its outputs so far. */
  readonly output: readonly string[];
  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null>;
}

/** @param admits see {@link connectProxy} */
export async function proxiedNetwork(
  env: Env,
  admits?: (authorization: string | undefined) => boolean,
): Promise<ProxiedNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'proxied-'));
  const now = Date.now();
  const authority = await makeAuthority(now);
  const fronts: TlsFront[] = [];
  const operators: ProxiedOperator[] = [];
  const front = async (host: string, url: string): Promise<number> => {
    const made = await tlsFront(await issueServer(authority, host, now), Number(new URL(url).port));
    fronts.push(made);
    return made.port;
  };
  const api = await apiServer(env, (url) => front(API_HOST, url), authority.cert);
  const aws = await front(AWS_HOST, env.aws.endpoint);
  const vault = await front(VAULT_HOST, env.vault.address);
  const ports = { [API_HOST]: api.port, [AWS_HOST]: aws, [VAULT_HOST]: vault };
  const routes = new Map(Object.entries(ports).map(([host, port]) => [`${host}:443`, `127.0.0.1:${port}`]));
  const proxy = await connectProxy((target) => routes.get(target) ?? '127.0.0.1:1', admits);
  const file = join(folder, 'authority.crt');
  writeFileSync(file, authority.cert);
  return {
    proxy,
    authority: { file, bundle: btoa(authority.cert) },
    ports: { api: api.port, aws, vault },
    kubeconfigAt(address) {
      const path = join(folder, `kubeconfig-${address.replaceAll(':', '-')}`);
      writeFileSync(path, JSON.stringify(api.kubeconfigAt(address)), { mode: 0o600 });
      return path;
    },
    async start(namespace, environment) {
      const started = await startProcess(namespace, { HOME: folder, ...environment });
      operators.push(started);
      return started;
    },
    async [Symbol.asyncDispose]() {
      for (const one of operators) await one.stop();
      for (const one of [proxy, ...fronts]) await one[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly name: string; readonly cluster: Readonly<Record<string, string>> }];
}

/** The real one has TLS of its own; that of the sandbox gets some here. */
async function apiServer(env: Env, front: (url: string) => Promise<number>, authority: string) {
  const known = parse(readFileSync(env.machine.environment['KUBECONFIG'] ?? '', 'utf8')) as Kubeconfig;
  const [{ name, cluster }] = known.clusters;
  const server = cluster['server'] ?? '';
  const isSecure = server.startsWith('https:');
  return {
    port: isSecure ? Number(new URL(server).port) : await front(server),
    kubeconfigAt(address: string): Kubeconfig {
      const ca = isSecure ? {} : { 'certificate-authority-data': btoa(authority) };
      const changed = { ...cluster, ...ca, server: `https://${address}`, 'tls-server-name': API_HOST };
      return { ...known, clusters: [{ name, cluster: changed }] };
    },
  };
}

async function startProcess(
  namespace: string,
  environment: Readonly<Record<string, string>>,
): Promise<ProxiedOperator> {
  const flags = ['--metrics-addr=127.0.0.1:0', '--live-addr=127.0.0.1:0', `--namespace=${namespace}`];
  const child = spawn(process.execPath, [MAIN, ...flags], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  const said = Promise.withResolvers<void>();
  const hear = (line: string): void => {
    output.push(line);
    said.resolve();
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
  child.once('exit', () => said.resolve());
  // It loads all its modules before it says anything, which takes as long as the machine is busy.
  await said.promise;
  return {
    output,
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}
