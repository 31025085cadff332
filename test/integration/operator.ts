/** Starts the operator in this process, as its image does it: flags and environment in, log lines out. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import type { Operator } from './env.ts';

export const OPERATOR_NAMESPACE = 'external-secrets';
export const OPERATOR_ACCOUNT = 'external-secrets';

/** The machine the operator believes to run on. */
export interface OperatorWorld {
  /** A folder of its own, for files that a Pod would have mounted. */
  readonly folder: string;
  /** What its kubeconfig says. */
  readonly kubeconfig: string;
  /** The token of its own ServiceAccount. */
  readonly token: string;
  /** Base URL of AWS. */
  readonly aws: string;
}

const FLAGS = [
  '--metrics-addr=127.0.0.1:0',
  '--live-addr=127.0.0.1:0',
  // Backends of tests listen on loopback, which tenants may not name otherwise (D73).
  '--allow-targets=127.0.0.0/8',
];

/** What every operator of a test is started with. */
export function operatorFlags(tokenFile: string): readonly string[] {
  return [...FLAGS, `--service-account-token-file=${tokenFile}`];
}

export async function startOperator(
  world: OperatorWorld,
  clock: Clock,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Operator> {
  const { startController } = await import('../../src/main.ts');
  const { parseOptions } = await import('../../src/options.ts');
  const { variables, tokenFile } = pod(world);
  const argv = [...operatorFlags(tokenFile), ...flags];
  const lines: Record<string, unknown>[] = [];
  const options = parseOptions(argv, { ...variables, ...environment });
  if (typeof options === 'string') throw new Error('--help starts no operator');
  const running = await startController(options, {
    clock,
    logDestination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return {
    metricsUrl: running.metricsUrl,
    healthUrl: running.healthUrl,
    logs: () => lines,
    stop: () => running.stop(),
  };
}

/** The environment variables of a Pod in that world, and its own token. */
export function pod(world: OperatorWorld): { variables: Record<string, string>; tokenFile: string } {
  mkdirSync(world.folder, { recursive: true });
  const kubeconfig = join(world.folder, 'kubeconfig');
  writeFileSync(kubeconfig, world.kubeconfig, { mode: 0o600 });
  const tokenFile = join(world.folder, 'token');
  writeFileSync(tokenFile, world.token, { mode: 0o600 });
  const variables = {
    KUBECONFIG: kubeconfig,
    POD_NAMESPACE: OPERATOR_NAMESPACE,
    HOME: world.folder,
    AWS_SECRETSMANAGER_ENDPOINT: world.aws,
    AWS_SSM_ENDPOINT: world.aws,
    AWS_STS_ENDPOINT: world.aws,
  };
  return { variables, tokenFile };
}
