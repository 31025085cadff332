/**
 * What is measured. Each scenario starts from a clean namespace, measures one thing and returns one row.
 */
import { secrets } from '../src/api/resources.ts';
import type { KubeObject } from '../src/kube/types.ts';
import { NAMESPACE, type BenchCluster } from './cluster.ts';
import { clean, each, makeExternalSecrets, makeStore, watchReady } from './objects.ts';
import { startFloorProcess, startOperatorProcess, type AwsProcess, type MeasuredProcess } from './processes.ts';

export interface Row {
  readonly scenario: string;
  readonly seconds: number;
  readonly perSecond?: number;
  readonly cpuSeconds?: number;
  /** Of one core, on average. */
  readonly cores?: number;
  readonly rssMiB?: number;
  readonly peakRssMiB?: number;
  readonly writes?: Readonly<Record<string, number>>;
  readonly backendCalls?: Readonly<Record<string, number>>;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** What the figures come to, e.g. `100.5 read calls a minute (at most 110)`. */
  readonly finding?: string;
}

export interface Bench {
  readonly cluster: BenchCluster;
  readonly aws: AwsProcess;
  readonly say: (line: string) => void;
}

/** Creates everything first, then starts the operator; the clock stops at the last Ready (D55: events go on in the background). */
export async function firstSync({ cluster, aws }: Bench, count: number, keys: number): Promise<Row> {
  await clean(cluster.client);
  await makeStore(cluster.client);
  await makeExternalSecrets(cluster.client, count, keys, '1h');
  await aws.reset();
  const writesBefore = await cluster.writes();
  const ready = await countReady(cluster, count);
  const startedAt = performance.now();
  const operator = startOperatorProcess(cluster, aws.endpoint);
  const seconds = ((await ready.last) - startedAt) / 1000;
  const row = await measured(`first sync, ${count} on ${keys} keys`, seconds, { cluster, aws, operator, writesBefore });
  await operator.stop();
  return { ...row, perSecond: count / seconds };
}

/**
 * What this API server takes from a writer that does nothing but create the Secret and patch the status: measured as {@link firstSync} is,
 * from the start of a cold process until the same observer has seen the last Ready.
 */
export async function bareFloor({ cluster, aws }: Bench, count: number): Promise<Row> {
  await clean(cluster.client);
  await makeExternalSecrets(cluster.client, count, count, '1h');
  await aws.reset();
  const writesBefore = await cluster.writes();
  const ready = await countReady(cluster, count);
  const startedAt = performance.now();
  const operator = startFloorProcess(cluster, count);
  const seconds = ((await ready.last) - startedAt) / 1000;
  const row = await measured(`bare floor, ${count}`, seconds, { cluster, aws, operator, writesBefore });
  await operator.stop();
  return { ...row, perSecond: count / seconds };
}

/** A running operator with everything synced, watched for `seconds`. */
export async function steady(
  bench: Bench,
  count: number,
  keys: number,
  interval: string,
  seconds: number,
): Promise<Row> {
  const { cluster, aws } = bench;
  const operator = await synced(bench, count, keys, interval);
  await pause(30);
  await aws.reset();
  const writesBefore = await cluster.writes();
  const cpuBefore = operator.usage().cpuSeconds;
  await pause(seconds);
  const row = await measured(`steady, ${count} at ${interval}`, seconds, { cluster, aws, operator, writesBefore });
  await operator.stop();
  const cpuSeconds = (row.cpuSeconds ?? 0) - cpuBefore;
  return { ...row, cpuSeconds, cores: cpuSeconds / seconds };
}

/** Everything is synced; a new process starts. Ready when its caches are; then it is watched for a while. */
export async function coldRestart(bench: Bench, count: number): Promise<Row> {
  const { cluster, aws } = bench;
  await (await synced(bench, count, 1000, '1h')).stop();
  await aws.reset();
  const writesBefore = await cluster.writes();
  const operator = startOperatorProcess(cluster, aws.endpoint);
  await pause(15);
  const row = await measured(`cold restart, ${count} present (15 s)`, 15, { cluster, aws, operator, writesBefore });
  await operator.stop();
  return row;
}

/** Secrets that nobody asked about must not cost memory: a restart without and a restart with them. */
export async function unrelatedSecrets(bench: Bench, count: number, kib: number): Promise<readonly Row[]> {
  const { cluster } = bench;
  await (await synced(bench, 500, 500, '1h')).stop();
  const without = await restarted(bench, '500 objects, no unrelated Secrets');
  const blob = Buffer.alloc(kib * 1024, 7).toString('base64');
  const unrelated = (index: number): KubeObject & { readonly data: unknown } => ({
    metadata: { namespace: NAMESPACE, name: `unrelated-${index}` },
    data: { blob },
  });
  await each(count, (index) => cluster.client.create(secrets, unrelated(index)), 8);
  const beside = await restarted(bench, `500 objects, ${count} unrelated Secrets of ${kib} KiB`);
  const more = ((beside.rssMiB ?? 0) / (without.rssMiB ?? 1) - 1) * 100;
  return [
    without,
    { ...beside, finding: `${more.toFixed(1)} % more memory than without them (less than 5 % allowed)` },
  ];
}

const SETTLED_SECONDS = 40;

async function restarted({ cluster, aws }: Bench, scenario: string): Promise<Row> {
  const operator = startOperatorProcess(cluster, aws.endpoint);
  const writesBefore = await cluster.writes();
  await pause(SETTLED_SECONDS);
  const row = await measured(scenario, SETTLED_SECONDS, { cluster, aws, operator, writesBefore });
  await operator.stop();
  return row;
}

/** An operator with everything synced: `count` ExternalSecrets on `keys` keys; `more` adds to the AWS part of the store. */
export async function synced(
  { cluster, aws }: Bench,
  count: number,
  keys: number,
  interval: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<MeasuredProcess> {
  await clean(cluster.client);
  await makeStore(cluster.client, 'bench', more);
  await makeExternalSecrets(cluster.client, count, keys, interval);
  const ready = await countReady(cluster, count);
  const operator = startOperatorProcess(cluster, aws.endpoint);
  await ready.last;
  return operator;
}

/** Watches from now on. `last`: when the last of `count` objects became Ready, on the clock of `performance.now()`. */
export async function countReady(cluster: BenchCluster, count: number): Promise<{ readonly last: Promise<number> }> {
  const stop = new AbortController();
  const done = Promise.withResolvers<number>();
  let ready = 0;
  const onReady = (): void => {
    if (++ready === count) done.resolve(performance.now());
  };
  const { watching } = await watchReady(cluster.client, onReady, stop.signal);
  const last = done.promise.then(async (at) => {
    stop.abort();
    await watching;
    return at;
  });
  return { last };
}

interface Measuring {
  readonly cluster: BenchCluster;
  readonly aws: AwsProcess;
  readonly operator: MeasuredProcess;
  readonly writesBefore: ReadonlyMap<string, number>;
}

export async function measured(
  scenario: string,
  seconds: number,
  { cluster, aws, operator, writesBefore }: Measuring,
): Promise<Row> {
  const usage = operator.usage();
  const after = await cluster.writes();
  const writes = [...after]
    .map(([key, value]) => [key, value - (writesBefore.get(key) ?? 0)] as const)
    .filter(([, value]) => value > 0);
  return { scenario, seconds, ...usage, writes: Object.fromEntries(writes), backendCalls: await aws.calls() };
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
