/** A control plane of a test file's own: what Helm installs and removes there (CRDs among it) disturbs nobody. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../../src/kube/http-client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { findOrBuild } from '../real-parts/build.ts';
import { startParts } from '../real-parts/start.ts';
import { Helm } from './helm.ts';

export interface ChartCluster {
  readonly kube: KubeClient;
  /** By major version. */
  readonly helm: { readonly 3: Helm; readonly 4: Helm };
  /** As administrator. `input` goes to its standard input. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

const MEGABYTES = 64 * 1024 * 1024;

export async function startCluster(): Promise<ChartCluster> {
  const binaries = await findOrBuild(() => {});
  const parts = await startParts(binaries, () => Promise.resolve());
  const { server, caFile, adminToken, folder } = parts.description;
  const ca = readFileSync(caFile, 'utf8');
  const kube = connect({ server, ca, token: () => Promise.resolve(adminToken) });
  const home = join(folder, 'home');
  mkdirSync(home);
  const settings = { home, kubeconfig: join(folder, 'admin.kubeconfig') };
  return {
    kube,
    helm: { 3: new Helm(binaries.helm3, settings), 4: new Helm(binaries.helm4, settings) },
    async kubectl(args, input) {
      const env = { HOME: home, KUBECONFIG: settings.kubeconfig };
      const running = promisify(execFile)(binaries.kubectl, [...args], { env, maxBuffer: MEGABYTES });
      running.child.stdin?.end(input);
      return (await running).stdout;
    },
    async stop() {
      await kube.close();
      await parts.stop();
    },
  };
}
