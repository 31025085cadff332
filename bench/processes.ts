/** The processes that are measured, and what the operating system says about them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { BUNDLE } from '../scripts/bundle.ts';
import { NODE_FLAGS, RUNTIME_ENVIRONMENT } from '../scripts/runtime.ts';
import type { BenchCluster } from './cluster.ts';

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
}

const TICKS_PER_SECOND = 100;

/** CPU and memory of a process by `/proc`. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssMiB: kib('VmRSS') / 1024,
    peakRssMiB: kib('VmHWM') / 1024,
  };
}

export interface AwsProcess {
  readonly endpoint: string;
  /** Makes keys 0 to `count` - 1. */
  fill(count: number): Promise<void>;
  calls(): Promise<Readonly<Record<string, number>>>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startAwsProcess(): Promise<AwsProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'aws-process.ts'), '--serve'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
  const ask = async (question: object): Promise<{ calls: Record<string, number> }> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return next();
  };
  const { endpoint } = await next<{ endpoint: string }>();
  return {
    endpoint,
    fill: async (count) => void (await ask({ fill: count })),
    calls: async () => (await ask({})).calls,
    reset: async () => void (await ask({ reset: true })),
    stop: () => end(child),
  };
}

/** A process whose CPU and memory count. */
export interface MeasuredProcess {
  usage(): Usage;
  stop(): Promise<void>;
}

/** Starts the bundle of `npm run build` (or the sources) against the cluster. */
export function startOperatorProcess(
  cluster: BenchCluster,
  awsEndpoint: string,
  flags: readonly string[] = [],
): MeasuredProcess {
  const program = [
    'dist/external-secrets.mjs',
    '--metrics-addr=127.0.0.1:0',
    '--live-addr=127.0.0.1:0',
    '--allow-targets=127.0.0.0/8',
    ...flags,
  ];
  return startMeasured(cluster, program, {
    POD_NAMESPACE: 'default',
    AWS_SECRETSMANAGER_ENDPOINT: awsEndpoint,
    AWS_SSM_ENDPOINT: awsEndpoint,
    AWS_STS_ENDPOINT: awsEndpoint,
  });
}

/** Starts `floor-process.ts`, bundled as the operator is. */
export function startFloorProcess(cluster: BenchCluster, count: number): MeasuredProcess {
  const outfile = join(cluster.folder, 'floor-process.mjs');
  buildSync({ ...BUNDLE, entryPoints: [join(import.meta.dirname, 'floor-process.ts')], outfile });
  return startMeasured(cluster, [outfile, String(count)], {});
}

function startMeasured(
  cluster: BenchCluster,
  program: readonly string[],
  env: Readonly<Record<string, string>>,
): MeasuredProcess {
  const log = openSync(join(cluster.folder, 'operator.log'), 'a');
  const child = spawn(process.execPath, [...NODE_FLAGS, ...program], {
    stdio: ['ignore', 'ignore', log],
    env: { ...RUNTIME_ENVIRONMENT, KUBECONFIG: cluster.kubeconfig, ...env },
  });
  closeSync(log);
  endWithUs(child);
  return { usage: () => usageOf(child.pid ?? 0), stop: () => end(child) };
}

/** A bench that fails or is stopped leaves nothing behind. */
function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
