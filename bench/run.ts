/**
 * `npm run bench [-- name ...]`: the operator against a real kube-apiserver and etcd, with an AWS of 20 ms latency in a process of its own.
 * Prints a table and writes its rows into `bench/results.json`. Without names: everything, about an hour.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { readCalls } from './calls.ts';
import { roleChain } from './calls-sts.ts';
import { startCluster } from './cluster.ts';
import { createToReady, noisyNeighbour } from './latency.ts';
import { namespacesGo } from './namespaces.ts';
import { startAwsProcess } from './processes.ts';
import { bareFloor, coldRestart, firstSync, steady, unrelatedSecrets, type Bench, type Row } from './scenarios.ts';
import { hostileTemplates, templateCpu } from './templates.ts';
import { vaultCalls } from './vault-calls.ts';

const SCENARIOS: Readonly<Record<string, (bench: Bench) => Promise<Row | readonly Row[]>>> = {
  'floor-2k': (bench) => bareFloor(bench, 2_000),
  'first-2k': (bench) => firstSync(bench, 2_000, 2_000),
  'floor-10k': (bench) => bareFloor(bench, 10_000),
  'first-10k': (bench) => firstSync(bench, 10_000, 1_000),
  'first-1k': (bench) => firstSync(bench, 1_000, 1_000),
  'first-5k': (bench) => firstSync(bench, 5_000, 1_000),
  'first-20k': (bench) => firstSync(bench, 20_000, 1_000),
  'steady-2k': (bench) => steady(bench, 2_000, 2_000, '1m', 120),
  'steady-10k': (bench) => steady(bench, 10_000, 1_000, '5m', 300),
  'latency-10k': (bench) => createToReady(bench, 10_000, 100),
  'restart-10k': (bench) => coldRestart(bench, 10_000),
  'noisy-5k': (bench) => noisyNeighbour(bench, 5_000, 1_000),
  'unrelated-5k': (bench) => unrelatedSecrets(bench, 5_000, 150),
  'calls-sm': (bench) =>
    readCalls(bench, { service: 'SecretsManager', objects: 2_000, keys: 2_000, interval: 60, cycles: 2, atMost: 110 }),
  'calls-ps': (bench) =>
    readCalls(bench, { service: 'ParameterStore', objects: 2_000, keys: 2_000, interval: 60, cycles: 2, atMost: 220 }),
  'calls-10k': (bench) =>
    readCalls(bench, { service: 'SecretsManager', objects: 10_000, keys: 1_000, interval: 120, cycles: 1, atMost: 60 }),
  'vault-500': (bench) =>
    vaultCalls(bench, { objects: 500, keys: 100, stores: 5, interval: 10, seconds: 600, tokenTtl: 300 }),
  'vault-200': (bench) =>
    vaultCalls(bench, { objects: 200, keys: 200, stores: 1, interval: 10, seconds: 67, tokenTtl: 3_600 }),
};

/** Scenarios of this process alone, on a fast clock: they need no cluster. */
const IN_PROCESS: Readonly<Record<string, () => Promise<Row | readonly Row[]>>> = {
  templates: templateCpu,
  hostile: hostileTemplates,
  'sts-keys': () => roleChain('static keys', 200, 9, 4),
  'sts-irsa': () => roleChain('IRSA', 200, 9, 5),
};

/** Scenarios that start more parts than the benches' cluster has. */
const WITH_PARTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  namespaces: () => namespacesGo(100, say),
  'namespaces-20': () => namespacesGo(20, say),
  'namespaces-1': () => namespacesGo(1, say),
};

const all = [...Object.keys(IN_PROCESS), ...Object.keys(WITH_PARTS), ...Object.keys(SCENARIOS)];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${all.join(', ')}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const say = (line: string): void => console.error(`bench: ${line}`);
const rows: Row[] = [];
const note = (name: string, made: Row | readonly Row[]): void => {
  rows.push(...[made].flat());
  say(`${name} is done`);
  for (const each of [made].flat()) console.log(line(each));
};
for (const name of wanted) if (name in IN_PROCESS) note(name, await IN_PROCESS[name]!());
for (const name of wanted) if (name in WITH_PARTS) note(name, await WITH_PARTS[name]!());
const withCluster = wanted.filter((name) => name in SCENARIOS);
if (withCluster.length > 0) await runWithCluster(withCluster);
writeResults();
console.log(`\n${header()}\n${rows.map(line).join('\n')}`);

async function runWithCluster(names: readonly string[]): Promise<void> {
  const cluster = await startCluster(say);
  const aws = await startAwsProcess();
  await aws.fill(2_000);
  try {
    for (const name of names) {
      say(name);
      note(name, await SCENARIOS[name]!({ cluster, aws, say }));
    }
  } finally {
    await aws.stop();
    await cluster.stop();
  }
}

/** Rows of earlier runs stay until their scenario is run again. */
function writeResults(): void {
  const file = 'bench/results.json';
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { rows: Row[] }).rows : [];
  const names = new Set(rows.map(({ scenario }) => scenario));
  const kept = before.filter(({ scenario }) => !names.has(scenario));
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  writeFileSync(file, `${JSON.stringify({ ...machine, rows: [...kept, ...rows] }, null, 2)}\n`);
}

function header(): string {
  return '| scenario | s | per s | CPU s | RSS / peak MiB | API writes | backend calls |\n|---|---|---|---|---|---|---|';
}

function line(row: Row): string {
  const number = (value: number | undefined, digits = 1): string => (value === undefined ? '' : value.toFixed(digits));
  const counts = (of: Readonly<Record<string, number>> = {}): string =>
    Object.entries(of)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
  const latency = row.p50Ms === undefined ? '' : ` (p50 ${number(row.p50Ms, 0)} ms, p99 ${number(row.p99Ms, 0)} ms)`;
  const cores = row.cores === undefined ? '' : ` (${number(row.cores, 2)} cores)`;
  const memory = row.rssMiB === undefined ? '' : `${number(row.rssMiB, 0)} / ${number(row.peakRssMiB, 0)}`;
  const finding = row.finding === undefined ? '' : `: ${row.finding}`;
  return `| ${row.scenario}${latency}${finding} | ${number(row.seconds)} | ${number(row.perSecond, 0)} | ${number(row.cpuSeconds)}${cores} | ${memory} | ${counts(row.writes)} | ${counts(row.backendCalls)} |`;
}
