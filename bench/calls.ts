/**
 * How many calls reading costs: grown by distinct keys divided by the size of a batch, not by objects, entries and refreshes. Measured
 * against a real API server over whole refresh cycles, after everything is synced and in step.
 */
import { measured, pause, synced, type Bench, type Row } from './scenarios.ts';

const READS = ['BatchGetSecretValue', 'GetSecretValue', 'GetParameters', 'GetParameter'] as const;

export interface Reading {
  readonly service: 'SecretsManager' | 'ParameterStore';
  readonly objects: number;
  readonly keys: number;
  /** Seconds; also the length of one cycle. */
  readonly interval: number;
  /** How many cycles are watched. */
  readonly cycles: number;
  /** The most read calls that one cycle may cost. */
  readonly atMost: number;
}

export async function readCalls(bench: Bench, reading: Reading): Promise<Row> {
  const { cluster, aws } = bench;
  const { service, objects, keys, interval, cycles, atMost } = reading;
  // Names of parameters begin with a slash; everything else is the same.
  const more = service === 'ParameterStore' ? { service, prefix: '/' } : {};
  const operator = await synced(bench, objects, keys, `${interval}s`, more);
  // The first wave joins what was synced one by one.
  await pause(interval);
  await aws.reset();
  const writesBefore = await cluster.writes();
  await pause(interval * cycles);
  const scenario = `read calls, ${service}, ${objects} on ${keys} keys at ${interval}s`;
  const row = await measured(scenario, interval * cycles, { cluster, aws, operator, writesBefore });
  await operator.stop();
  const perCycle = READS.reduce((sum, action) => sum + (row.backendCalls?.[action] ?? 0), 0) / cycles;
  return { ...row, finding: `${perCycle.toFixed(1)} read calls per cycle of ${interval} s, at most ${atMost}` };
}
