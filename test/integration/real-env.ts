/**
 * An env on the real parts that `npm run test:e2e` has started. Before the shared servers stand proxies of this process,
 * so a test can count calls, cut connections and take a backend away without harming the other test files.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { namespaces } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/http-client.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import { MotoBackend } from '../real-parts/aws-backend.ts';
import { control } from '../real-parts/control.ts';
import { readDescription } from '../real-parts/description.ts';
import type { RealParts } from '../real-parts/description.ts';
import { compact } from '../real-parts/etcd.ts';
import { kubeconfig } from '../real-parts/kubernetes.ts';
import { TcpProxy } from '../real-parts/tcp-proxy.ts';
import { RealVault } from '../real-parts/vault-backend.ts';
import { installRights, installRightsIn, tokenOf } from './chart-rights.ts';
import { bindClusterRole, removeOurObjects, untilServed } from './cluster.ts';
import type { AwsBackend, Env, KubeFaults } from './env.ts';
import { makeEnv, TEST_LABEL } from './make-env.ts';

export type StoppableAws = AwsBackend & { stop(): Promise<void> };

/** Above this a case belongs behind `requires(env, 'fast-time', …)` (D81). */
const LONGEST_ADVANCE_MS = 20_000;
const PATIENCE_MS = 30_000;

/** @param makeAws starts the AWS beside the real parts; default moto behind its proxy */
export function realEnv(): Promise<Env>;
export function realEnv<Aws extends StoppableAws>(
  makeAws: (parts: RealParts) => Promise<Aws>,
): Promise<Env & { readonly aws: Aws }>;
export async function realEnv(makeAws: (parts: RealParts) => Promise<StoppableAws> = startMoto): Promise<Env> {
  const parts = readDescription();
  const ca = readFileSync(parts.caFile, 'utf8');
  const kube = connect({ server: parts.server, ca, token: () => Promise.resolve(parts.adminToken) });
  await untilServed(kube);
  await cleanUp(kube);
  // In memory only, so a new Vault is the quickest way to an empty one.
  await control(parts.control, '/vault/renew');
  const vault = new RealVault(parts.vault, parts.vaultRootToken);
  const aws = await makeAws(parts);
  const proxy = new TcpProxy(Number(new URL(parts.server).port));
  const [port] = await Promise.all([proxy.start(), vault.start()]);
  const folder = mkdtempSync(join(parts.folder, 'env-'));
  await installRights(kube);
  const token = await tokenOf(kube, 'controller');
  const serverForOperator = `https://127.0.0.1:${port}`;
  return makeEnv({
    kind: 'real',
    clock: systemClock,
    kube,
    aws,
    vault,
    kubeFaults: kubeFaults(parts, proxy, kube),
    features: new Set(['aws-faults', 'vault-faults', 'restart']),
    apiServer: { server: parts.server, ca },
    operator: {
      folder,
      kubeconfig: kubeconfig(serverForOperator, parts.caFile, { token }),
      token,
      aws: aws.endpoint,
    },
    async kubeconfigOf(who, namespace) {
      if (namespace !== undefined) await installRightsIn(kube, namespace);
      const one = who === 'administrator' ? parts.adminToken : await tokenOf(kube, who);
      return kubeconfig(serverForOperator, parts.caFile, { token: one });
    },
    allow: (flags) => installRights(kube, flags),
    patienceMs: PATIENCE_MS,
    grant: (clusterRole, account) => bindClusterRole(kube, clusterRole, account),
    advance,
    kubectl: (args) => kubectl(parts, args),
    async close() {
      await cleanUp(kube);
      await Promise.all([kube.close(), vault.stop(), aws.stop(), proxy.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

async function startMoto(parts: RealParts): Promise<MotoBackend> {
  const aws = new MotoBackend(parts.moto);
  await aws.start();
  return aws;
}

async function advance(ms: number): Promise<void> {
  if (ms > LONGEST_ADVANCE_MS)
    throw new Error(`advance(${ms}) is real waiting here: put the case behind requires(env, 'fast-time', '<why>')`);
  await wait(ms);
}

/** Also removes what an earlier file left that crashed. Namespaces go on terminating by themselves. */
async function cleanUp(kube: KubeClient): Promise<void> {
  await removeOurObjects(kube);
  const { items } = await kube.list(namespaces, { labelSelector: TEST_LABEL });
  for (const { metadata } of items) {
    await kube.delete(namespaces, { name: metadata.name }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
  }
}

function kubeFaults(parts: RealParts, proxy: TcpProxy, kube: KubeClient): KubeFaults {
  const stop = (): Promise<void> => control(parts.control, '/kube-apiserver/stop');
  const start = async (): Promise<void> => {
    await control(parts.control, '/kube-apiserver/start');
    await untilServed(kube);
  };
  return {
    dropWatches: (how) => Promise.resolve(proxy.drop(how)),
    respond: cannot,
    reset: cannot,
    delay: cannot,
    halfLine: cannot,
    silence: cannot,
    heal: () => {},
    async compact() {
      await compact(parts.etcd);
      // Its watch cache still remembers what etcd has forgotten: only a fresh API server answers 410.
      await stop();
      await start();
    },
    stop,
    start,
  };
}

/** What only the sandbox does. */
function cannot(): Promise<never> {
  return Promise.reject(new Error("a real API server does not err on request: requires(env, 'kube-faults', …)"));
}

async function kubectl(parts: RealParts, args: readonly string[]): Promise<string> {
  const home = join(parts.folder, 'kubectl');
  mkdirSync(home, { recursive: true });
  const KUBECONFIG = join(parts.folder, 'admin.kubeconfig');
  const { stdout } = await promisify(execFile)(parts.kubectl, [...args], { env: { HOME: home, KUBECONFIG } });
  return stdout;
}
