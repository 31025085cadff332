/** How long a new object takes until it is Ready: beside many that are refreshed, and beside many that fail. */
import { externalSecrets } from '../src/api/resources.ts';
import type { BenchCluster } from './cluster.ts';
import { benchExternalSecret, clean, each, makeExternalSecrets, makeStore, watchReady } from './objects.ts';
import { startOperatorProcess } from './processes.ts';
import { measured, pause, synced, type Bench, type Row } from './scenarios.ts';

/** New objects while `others` are refreshed each minute: over more than a minute, so that they meet every part of it. */
export async function createToReady(bench: Bench, others: number, samples: number): Promise<Row> {
  const operator = await synced(bench, others, 1000, '1m');
  await pause(30);
  const writesBefore = await bench.cluster.writes();
  const cpuBefore = operator.usage().cpuSeconds;
  await bench.aws.reset();
  const row = await newObjects(bench.cluster, `create → Ready beside ${others}`, 'new', samples, 90 / samples);
  const used = await measured(row.scenario, row.seconds, { ...bench, operator, writesBefore });
  await operator.stop();
  return { ...used, ...row, cpuSeconds: (used.cpuSeconds ?? 0) - cpuBefore };
}

/** The same store and objects with and without `failing` objects of another store, whose keys do not exist. */
export async function noisyNeighbour(
  { cluster, aws }: Bench,
  failing: number,
  samples: number,
): Promise<readonly Row[]> {
  await clean(cluster.client);
  await makeStore(cluster.client);
  await makeExternalSecrets(cluster.client, 500, 500, '1m');
  const operator = startOperatorProcess(cluster, aws.endpoint);
  await pause(30);
  const calm = await newObjects(cluster, `create → Ready without a noisy neighbour`, 'calm', samples);
  await makeStore(cluster.client, 'noisy');
  await each(failing, (index) =>
    cluster.client.create(externalSecrets, benchExternalSecret(`noisy-${index}`, MISSING_KEY + index, '1m', 'noisy')),
  );
  // Their first attempts are over, and they fail again and again with growing pauses.
  await pause(60);
  const noisy = await newObjects(cluster, `create → Ready beside ${failing} that fail`, 'noise', samples);
  await operator.stop();
  const more = ((noisy.p99Ms ?? 0) / (calm.p99Ms ?? 1) - 1) * 100;
  return [calm, { ...noisy, finding: `p99 ${more >= 0 ? '+' : ''}${more.toFixed(0)} % (at most +10 %)` }];
}

/** From here on the backend has no keys. */
const MISSING_KEY = 1_000_000;

/** One after the other, with a pause of `pauseSeconds` between them. */
async function newObjects(
  cluster: BenchCluster,
  scenario: string,
  prefix: string,
  samples: number,
  pauseSeconds = 0,
): Promise<Row> {
  const stop = new AbortController();
  const readyAt = new Map<string, number>();
  const onReady = (name: string): void => void readyAt.set(name, performance.now());
  const { watching } = await watchReady(cluster.client, onReady, stop.signal);
  const took: number[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < samples; index++) {
    const name = `${prefix}-${index}`;
    const createdAt = performance.now();
    await cluster.client.create(externalSecrets, benchExternalSecret(name, index % 1000, '1h'));
    while (!readyAt.has(name)) await pause(0.002);
    took.push(readyAt.get(name)! - createdAt);
    await pause(pauseSeconds);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  stop.abort();
  await watching;
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.ceil(took.length * share) - 1] ?? 0;
  return { scenario, seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}
